/** https://hl7.org/fhir/R4/search.html#prefix */
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'

/** Half-open range of instants `[lo, hi)`, milliseconds since 1970 in UTC: `2013-03` is `[2013-03-01, 2013-04-01)`. */
export type Range = readonly [lo: number, hi: number]

export interface Comparison<T> {
  prefix: Prefix
  value: T
}

/** A searched number and half the width of what its written precision stands for: `5.40` is `[5.395, 5.405)`. */
export interface Decimal {
  value: string
  half: string
}

export interface QuantityTest {
  comparison: Comparison<Decimal>
  /** hash of system and code */
  unit?: bigint
  /** hash of the code or unit alone */
  unitCode?: bigint
}

/**
 * One condition of a search, free of tables and columns: the search types make them, `layout.ts` turns them to SQL.
 * Lists are alternatives unless said otherwise.
 */
export type Clause =
  | { kind: 'token'; hashes: bigint[] }
  /** of each word at least one of its hashes must be there */
  | { kind: 'words'; words: bigint[][] }
  /** salts: the parameters that hold the reference; `patient`: keys are Patients and the column `patient` serves */
  | { kind: 'reference'; salts: bigint[]; keys: bigint[]; patient: boolean }
  | { kind: 'string'; params: bigint[]; match: 'prefix' | 'exact' | 'contains'; values: string[] }
  /** params: null stands for the type's main date */
  | { kind: 'date'; params: (bigint | null)[]; comparisons: Comparison<Range>[] }
  | { kind: 'quantity'; params: bigint[]; tests: QuantityTest[] }
  | { kind: 'updated'; comparisons: Comparison<Range>[] }
  | { kind: 'key'; keys: bigint[] }
  | { kind: 'chain'; salts: bigint[]; patient: boolean; type: string; clauses: Clause[] }
  /** resources that some resource of `type`, which satisfies `clauses`, refers to */
  | { kind: 'has'; salts: bigint[]; patient: boolean; type: string; clauses: Clause[] }
  /** has a value in one of these value tables or columns */
  | { kind: 'present'; table: 'string' | 'quantity' | 'date'; params: (bigint | null)[] }
  /** belongs to a patient */
  | { kind: 'ofPatient' }
  | { kind: 'not'; clause: Clause }
  | { kind: 'any'; clauses: Clause[] }
  | { kind: 'all'; clauses: Clause[] }
