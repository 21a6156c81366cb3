import type { Range } from './clause.js'
import type { Indexed } from './types/quantity.js'

/** What one resource puts into the search index; `layout.ts` knows where it goes. */
export interface Entry {
  /** hashes of tokens and uris */
  tok: Set<bigint>
  /** target key xor the parameter's salt */
  ref: Set<bigint>
  /** hashes of words */
  txt: Set<bigint>
  /** texts whose words are in `txt` already; for the making of the entry only */
  texts: Set<string>
  /** key of its patient; 0: none; 1: several */
  patient: bigint
  /** main date; undefined: none */
  date?: Range
  strings: { param: bigint; value: string; exact: string }[]
  quantities: ({ param: bigint } & Indexed)[]
  dates: { param: bigint; range: Range }[]
}

/** `0` of `Entry.patient`: no patient; `1`: several, and only `ref` knows which. */
export const NO_PATIENT = 0n
export const SEVERAL_PATIENTS = 1n
