import type { Circle } from './types/position.js'

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
  /** the unit's code, when it is one of UCUM: the same in other units is meant, too */
  ucum?: string
}

/** Which concepts a token is to be one of. */
export type ConceptTest =
  /** `http://…`, `http://…|version` or `ValueSet/id` */
  { kind: 'in'; valueSet: string } | { kind: 'above' | 'below'; system: string; code: string }

/** How the tokens of a parameter are hashed. */
export interface TokenSpelling {
  prefixes: string[]
  /** with totals kept, without, or either: see hash.ts */
  parities: boolean[]
  /** the element implies the system: codes stand there without */
  implied: boolean
}

/** Which texts of a resource: all, its narrative, or those at these jsonpaths. */
export type ProseScope = { kind: 'everything' } | { kind: 'narrative' } | { kind: 'paths'; paths: string[] }

/** Words as PostgreSQL's text search has them (`diab:*` is a beginning), and where: what a match is scored by. */
export interface Wanted {
  scope: ProseScope
  words: string[]
}

/** `equal` is without regard to case and accents, unlike `exact`. */
export type StringMatch = 'prefix' | 'suffix' | 'contains' | 'equal' | 'exact'

/**
 * One condition of a search, free of tables and columns: the search types make them, `layout.ts` turns them to SQL.
 * Lists are alternatives unless said otherwise.
 */
export type Clause =
  | { kind: 'token'; hashes: bigint[] }
  /** of each word at least one of its hashes must be there */
  | { kind: 'words'; words: bigint[][]; wanted?: Wanted[] }
  /** salts: the parameters that hold the reference; `patient`: keys are Patients and the column `patient` serves */
  | { kind: 'reference'; salts: bigint[]; keys: bigint[]; patient: boolean }
  | { kind: 'string'; params: bigint[]; match: StringMatch; values: string[] }
  /** params: null stands for the type's main date */
  | { kind: 'date'; params: (bigint | null)[]; comparisons: Comparison<Range>[] }
  | { kind: 'quantity'; params: bigint[]; tests: QuantityTest[] }
  | { kind: 'updated'; comparisons: Comparison<Range>[] }
  | { kind: 'key'; keys: bigint[] }
  | { kind: 'chain'; salts: bigint[]; patient: boolean; type: string; clauses: Clause[] }
  /** resources that some resource of `type`, which satisfies `clauses`, refers to */
  | { kind: 'has'; salts: bigint[]; patient: boolean; type: string; clauses: Clause[] }
  /** some token is one of these concepts; the terminology says which those are */
  | { kind: 'concepts'; tests: ConceptTest[]; tokens: TokenSpelling }
  /** refers to one of the keys, or to a resource of `type` that is a part of one, or that one is a part of */
  | { kind: 'hierarchy'; direction: 'above' | 'below'; type: string; parts: bigint[]; keys: bigint[]; salts: bigint[] }
  /** the text, in lower case, one blank for all that is no letter or digit, is somewhere in these */
  | { kind: 'prose'; scope: ProseScope; text: string; wanted?: Wanted[] }
  /** two numbers of one element, stored under one of these pairs of parameters */
  | { kind: 'numbers'; params: (readonly [bigint, bigint])[]; tests: readonly [QuantityTest, QuantityTest] }
  /** stands in the List with this id */
  | { kind: 'list'; id: string }
  /** stands in the patient's current List of one of these codes, and `narrow`; `otherwise` where there is no such List */
  | { kind: 'currentList'; name: string; codes: bigint[]; narrow: Clause[]; otherwise: Clause }
  /** lies in one of the circles */
  | { kind: 'near'; latitude: bigint; longitude: bigint; circles: Circle[] }
  /** names a profile that is this one or lies under its path */
  | { kind: 'profileBelow'; prefix: string; paths: string[] }
  /** has a value in one of these value tables or columns */
  | { kind: 'present'; table: 'string' | 'quantity' | 'date'; params: (bigint | null)[] }
  /** belongs to a patient */
  | { kind: 'ofPatient' }
  | { kind: 'not'; clause: Clause }
  | { kind: 'any'; clauses: Clause[] }
  | { kind: 'all'; clauses: Clause[] }
