import { Invalid, type Issue } from '../base/errors.js'
import type { CodeSet } from './code-set.js'

/** Where the definitions that somebody stored are read from. */
export interface StoredDefinitions {
  /** JSON texts of all with this canonical url, without a version */
  withUrl(type: 'CodeSystem' | 'ValueSet', url: string): Promise<readonly string[]>
  withId(type: 'ValueSet', id: string): Promise<string | undefined>
}

/** What a search asks of terminology; all else about it is for the terminology operations. */
export interface Terminology {
  /**
   * @param valueSet  `http://…`, `http://…|version` or `ValueSet/id`
   * @throws UnknownDefinition  it, or a code system or value set that it needs, is not known
   */
  codesOf(valueSet: string, stored: StoredDefinitions): Promise<CodeSet>
  /**
   * A concept and all that it subsumes (`below`), or that subsume it (`above`).
   * @throws UnknownDefinition  the code system, or the code in it, is not known
   */
  hierarchy(direction: Direction, system: string, code: string, stored: StoredDefinitions): Promise<CodeSet>
}

export type Direction = 'above' | 'below'

/** A search names a definition that is not there: what it would find cannot be told, which is not the same as nothing. */
export class UnknownDefinition extends Invalid {
  static override code: Issue['code'] = 'not-found'
}
