import type { CodeSystem } from '@medplum/fhirtypes'
import type { CopyRows } from '../../db/copy.js'
import type { Hierarchy } from './hierarchy.js'

/** What a code system is, beside its concepts. */
export interface Identity {
  /** 0: for all tenants */
  tenant: number
  /** Its loader: `icd10cm` */
  kind: string
  /** With url and version; its concepts are none. */
  header: CodeSystem & { url: string; version: string }
  /** What else the loader has to say. */
  details: Record<string, unknown>
}

export type Report = (line: string) => void

/** Further tables of one kind of system, written under its number before it can be seen. */
export interface Beside {
  /** Tables that are parted by code system, like `concept`. */
  tables: readonly string[]
  write(put: Put, numbers: Hierarchy): Promise<void>
}

/**
 * Writes rows of one of the tables, in batches.
 * @param columns  without `system`
 * @param add  the values of these columns
 */
export type Put = <T>(
  table: string,
  columns: readonly string[],
  items: Iterable<T>,
  add: (row: CopyRows, item: T) => void,
) => Promise<void>
