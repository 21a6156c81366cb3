import { Invalid, type Issue } from '../base/errors.js'
import type { CodeSet } from './code-set.js'
import type { Library } from './library.js'

/** Where the definitions that somebody stored are read from. */
export interface StoredDefinitions {
  /** JSON texts of all with this canonical url, without a version */
  withUrl(type: 'CodeSystem' | 'ValueSet', url: string): Promise<readonly string[]>
  withId(type: 'ValueSet', id: string): Promise<string | undefined>
}

/** What a search asks of terminology. */
export interface Terminology {
  /**
   * @param valueSet  `http://…`, `http://…|version` or `ValueSet/id`
   * @param written  what a transaction that is under way sees of definitions
   * @throws UnknownDefinition  it, or a code system or value set that it needs, is not known
   */
  codesOf(tenant: number, valueSet: string, written?: StoredDefinitions): Promise<CodeSet>
  /**
   * A concept and all that it subsumes (`below`), or that subsume it (`above`).
   * @throws UnknownDefinition  the code system, or the code in it, is not known
   */
  hierarchy(
    tenant: number,
    direction: Direction,
    system: string,
    code: string,
    written?: StoredDefinitions,
  ): Promise<CodeSet>
}

/** Is the code one of the value set, or without a value set: is it one of its code system? */
export interface MembershipQuestion {
  /** `http://…` or `http://…|version` */
  readonly valueSet?: string
  /** Absent for an element of type code, whose system is the value set's to tell. */
  readonly system?: string
  /** Of the system, as the Coding says. */
  readonly version?: string
  readonly code: string
  /** Is checked when there is one. */
  readonly display?: string
}

/** The answer. Where it cannot be told, `because` says what was missing. */
export type MembershipAnswer =
  | { readonly isIn: true; readonly inactive?: true; readonly displays?: RightDisplays }
  | {
      readonly isIn: false
      /** `not-in`: the code exists, and is not of the value set. `abstract`: it is there only to group others. */
      readonly because: 'not-in' | 'unknown-code' | 'abstract'
      readonly inactive?: true
      readonly displays?: RightDisplays
    }
  | {
      readonly isIn?: undefined
      readonly because: 'unknown-system' | 'unknown-version' | 'unknown-value-set' | 'too-costly'
      /** Canonical of what is not known here, or has no content. */
      readonly missing?: string
    }

/** What the display should have been, the best first; present only when another was given. */
export type RightDisplays = readonly string[]

/** What validation asks of terminology. */
export interface MembershipSource {
  /** Two answers under the same revision (and library revision) are the same: they are kept. Changes with loaded content. */
  readonly revision: string
  /** One answer for each question, in their order; never throws for what is merely unknown. */
  membership(questions: readonly MembershipQuestion[], library: Library): Promise<readonly MembershipAnswer[]>
}

export type Direction = 'above' | 'below'

/** A search names a definition that is not there: what it would find cannot be told, which is not the same as nothing. */
export class UnknownDefinition extends Invalid {
  static override code: Issue['code'] = 'not-found'
}
