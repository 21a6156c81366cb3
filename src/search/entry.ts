import type { Range } from './clause.js'
import type { Indexed } from './types/quantity.js'

/** A resource of this server that another one refers to. */
export interface Link {
  key: bigint
  /** of a reference to one version; 0: to whatever is current */
  version: number
  /** as it stands there: `Patient/1` */
  reference: string
}

/** What one resource puts into the search index; `layout.ts` knows where it goes. */
export interface Entry {
  /** hashes of tokens and uris */
  tok: Set<bigint>
  /** target key xor the parameter's salt */
  ref: Set<bigint>
  /** targets that some parameter of R4 finds the resource by; for the making of the entry only */
  found: Set<bigint>
  /** what it refers to on this server, by whichever element */
  links: Link[]
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
  /** as `meta.profile` has them; for the vocabulary */
  profiles?: string[]
  dates: { param: bigint; range: Range }[]
  contained?: readonly Contained[]
}

/** A resource within another, and what it is found by. */
export interface Contained {
  type: string
  /** as in a reference, without the `#` */
  id: string
  text: string
  entry: Entry
}

/** `0` of `Entry.patient`: no patient; `1`: several, and only `ref` knows which. */
export const NO_PATIENT = 0n
export const SEVERAL_PATIENTS = 1n
