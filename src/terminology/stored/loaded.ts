import type { CodeSystem } from '@medplum/fhirtypes'
import type { Session } from '../../db/database.js'
import type { CodeSystemProvider, Selection } from '../provider.js'
import type { Ordinals } from './ordinals.js'
import type { Rows } from './rows.js'

/** A row of `code_system`. */
export interface Loaded {
  readonly id: number
  readonly tenant: number
  readonly kind: string
  readonly url: string
  readonly version: string
  readonly header: CodeSystem
  readonly details: Readonly<Record<string, unknown>>
  readonly concepts: number
}

/** A code system whose concepts are in tables, as its filters and selections see it. */
export interface TabledCodeSystem extends CodeSystemProvider {
  readonly version: string
  readonly database: Session
  readonly loaded: Loaded
  readonly rows: Rows
  readonly size: number
  /** The numbers of those that exist, by the code as it was asked for. */
  numbers(codes: readonly string[]): Promise<ReadonlyMap<string, number>>
  select(ordinals: Ordinals): Selection
  /** A code as it is compared. */
  keyOf(code: string): string
}
