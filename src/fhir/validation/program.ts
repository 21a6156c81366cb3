/** What one element of a profile says of each value. */
export type ValueCheck = (value: unknown, twin: unknown, type: string) => void

/** A property in which values of an element are found. */
export interface Source {
  /** `valueQuantity` */
  readonly key: string
  /** `_valueQuantity` */
  readonly twinKey: string
  /** As FHIRPath calls it: `value.ofType(Quantity)` */
  readonly name: string
  /** Of its values; `Resource` when each says itself what it is. */
  readonly type: string
}

/** An element of a profile, or a slice of one. */
export interface ProfileElement {
  /** `Observation.component:systolic.code` */
  readonly id: string
  /** `component`; without `[x]` */
  readonly name: string
  readonly sliceName?: string
  readonly min: number
  /** `Infinity` for `*` */
  readonly max: number
  /** Whether the cardinality says more than R4. */
  readonly isCounted: boolean
  readonly types: readonly ProfileType[]
  /** Exactly what the value must be, or what must be in it. */
  readonly exact?: { readonly value: unknown; readonly isPattern: boolean }
  readonly requiredValueSet?: string
  readonly sources: readonly Source[]
  readonly checks: ValueCheck[]
  /** All that the definition names, for discriminators. */
  readonly children: ProfileElement[]
  /** Of the children those that have something to check. */
  active: readonly ProfileElement[]
  /** Where its children are, when they are defined elsewhere. */
  content?: ProfileElement
  slicing?: Slicing
}

export interface ProfileType {
  readonly code: string
  readonly profiles: readonly string[]
  readonly targetProfiles: readonly string[]
  /** Where what is referred to must be. */
  readonly aggregation?: readonly ('contained' | 'referenced' | 'bundled')[]
}

/** What tells slices apart; https://hl7.org/fhir/R4/profiling.html#discriminator */
export interface Discriminator {
  readonly type: 'value' | 'exists' | 'pattern' | 'type' | 'profile'
  readonly steps: readonly Step[]
}

/** One step of the FHIRPath that a discriminator may have. */
export type Step =
  | { readonly kind: 'child'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'resolve' }
  | { readonly kind: 'ofType'; readonly type: string }

export interface Slicing {
  readonly rules: 'open' | 'closed' | 'openAtEnd'
  readonly isOrdered: boolean
  readonly discriminators: readonly Discriminator[]
  readonly slices: ProfileElement[]
}

/** A profile, compiled. */
export interface Program {
  readonly canonical: string
  /** Of what it is a profile: `Observation`, `Extension` */
  readonly type: string
  readonly root: ProfileElement
  /** Other profiles that what meets it must meet. */
  readonly imposed: readonly string[]
}
