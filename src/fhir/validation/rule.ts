import type { Issue } from '../../base/errors.js'
import type { Limits } from '../fhirpath/limits.js'
import type { Canonicals, CanonicalType } from '../library.js'
import type { MembershipAnswer, MembershipQuestion } from '../terminology.js'

export type Json = Record<string, unknown>

/** A kind of issue: what stays the same wherever it is found. */
export interface Message {
  /** Stable; where HL7's validator has a name for it, that name: `Validation_VAL_Profile_Minimum` */
  readonly id: string
  readonly code: Issue['code']
  /** One sentence: `There are fewer than the profile demands` */
  readonly text: string
}

/** A resource that a reference leads to without leaving what is validated, and where it stands. */
export interface Found {
  readonly resource: Json
  /** FHIRPath: `Bundle.entry[2].resource` */
  readonly path: string
  /** Its `fullUrl`, when it is of a Bundle. */
  readonly fullUrl?: string
}

/**
 * Where the walk is: what a rule may ask and say. One object for the whole walk, so a rule must not keep it.
 * What answers with undefined is not at hand: it is noted, fetched when the walk has ended, and the walk is repeated; the
 * rule says nothing of it this time.
 */
export interface Place {
  /** The resource that the node is of, or is: a contained one is its own. */
  readonly resource: Json
  /** The resource around that one when it is contained, else the same: FHIRPath's `%rootResource` */
  readonly rootResource: Json
  /** What was given to be validated: a Bundle around the resource, or the resource. */
  readonly outermost: Json
  /** Of a primitive: the `_name` object beside it. */
  readonly twin: unknown
  /** What the caller chose. */
  readonly settings: Settings
  /** What the expressions of one walk may use up together. */
  readonly limits: Limits

  /** FHIRPath of the node, with indexes */
  path(): string
  /**
   * @param diagnostics  what is wrong, what was found, what is right; never what a person wrote
   * @param more.below  where, from the node: `.entry[2].fullUrl`; the node itself unless given
   */
  report(message: Message, diagnostics: () => string, more?: { severity?: Issue['severity']; below?: string }): void

  member(question: MembershipQuestion): MembershipAnswer | undefined
  /** @returns null when nobody knows it */
  definition<T extends CanonicalType>(type: T, canonical: string): Canonicals[T] | null | undefined
  /** Whether a node of this type meets a profile; null when nobody knows the profile. */
  conforms(node: unknown, type: string, profile: string): boolean | null | undefined
  /** What `Reference.reference` leads to among contained resources and entries of the Bundle around; null elsewhere. */
  resolve(reference: string): Found | null
}

/** A check that takes part in the walk; it never waits and never throws. */
export type Rule = (node: unknown, at: Place) => void

/** Rules beside those of FHIR, by the name of the type whose objects they see: `Claim`, `Claim.item`, `Money`. */
export type RuleBook = ReadonlyMap<string, readonly Rule[]>

export interface Settings {
  /** Issues that are listed; of more there is a note. */
  readonly mostIssues: number
  /** A code outside a preferred binding: said, or passed over. */
  readonly preferred: 'information' | 'off'
  /** Constraints that say what is good. */
  readonly bestPractice: 'error' | 'warning' | 'information' | 'off'
  /** What is a vital sign by its code and does not keep to the profile that R4 has for it, without having declared that. */
  readonly vitalSigns: 'error' | 'warning'
  /** A display that is none of its code. */
  readonly displays: 'error' | 'warning'
  /** A reference to a resource of this server that is not there, by the type that it names. */
  readonly missingReference: (type: string) => 'error' | 'warning' | 'off'
}

export const usual: Settings = {
  mostIssues: 100,
  preferred: 'off',
  bestPractice: 'warning',
  vitalSigns: 'warning',
  displays: 'warning',
  missingReference: () => 'off',
}
