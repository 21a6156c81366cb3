import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import type { CodeSystemProvider } from '../provider.js'
import type { CodeSystems } from '../providers.js'
import type { VersionRule } from '../versions.js'
import type { Parts } from './parts.js'

/** How the definitions of value sets are read: what is known, and which of it a request means. */
export interface Reading {
  readonly systems: CodeSystems
  /** Of code systems. */
  readonly versions?: readonly VersionRule[]
  /** Of value sets. */
  readonly valueSetVersions?: readonly VersionRule[]
  /** That the request asks for, beside those that a value set does. */
  readonly supplements?: readonly CodeSystem[]
  /**
   * Whether a code stands for itself in every version of its system. Otherwise versions are kept apart where a value set
   * includes several of one system.
   */
  readonly versionsMatch?: boolean
  /** Where no version is asked for, the one that is in effect on this day. */
  readonly date?: string
  /** Canonicals of code systems that are left out. */
  readonly without?: readonly string[]
  /** What stands for a code system instead of itself. */
  readonly adapt?: (provider: CodeSystemProvider) => CodeSystemProvider
}

/** A value set as what it has of each code system; nothing of it is fetched yet. */
export interface Composition {
  readonly valueSet: ValueSet
  readonly parts: Parts
  /** Inactive concepts are none of it (`compose.inactive`). */
  readonly activeOnly: boolean
  /** What it was made of, itself not among it; canonicals with versions, in the order they were come upon. */
  readonly used: Used
  /** It has several versions of a system, and codes of them were taken as the same though nobody asked for that. */
  readonly versionsMatched: boolean
}

export interface Used {
  readonly codeSystems: ReadonlySet<CodeSystem>
  readonly valueSets: ReadonlySet<ValueSet>
  readonly supplements: ReadonlySet<string>
  /** Of the request, that decided which versions these are, or that they agree with. */
  readonly rules: ReadonlySet<VersionRule>
  readonly valueSetRules: ReadonlySet<VersionRule>
}
