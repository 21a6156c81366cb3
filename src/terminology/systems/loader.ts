import type { CodeSystem } from '@medplum/fhirtypes'
import type { Release } from '../release/release.js'
import type { Draft } from '../stored/draft.js'
import type { Kind } from '../stored/kind.js'
import type { Beside, Report } from '../stored/put.js'

/** What the one who loads may say beside the files. */
export interface Wishes {
  /** Of the release, where its files do not tell, or tell otherwise. */
  readonly version?: string
}

/** One code system of a release, read. */
export interface Reading {
  readonly header: CodeSystem & { url: string; version: string }
  readonly draft: Draft
  /** What else is worth keeping: counts of relations and the like. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly beside?: Beside
}

/** How the releases of one code system are read; `systems/<name>/loader.ts` has it. */
export interface Loader {
  /** As it is called on the command line: `icd10cm` */
  readonly name: string
  readonly title: string
  /** Which files it takes, for a person. */
  readonly takes: string
  readonly kinds: readonly Kind[]
  /**
   * @param report  told what is being read
   * @throws Unprocessable  a file is not what it should be: which line, and what was expected (422)
   */
  read(release: Release, wishes: Wishes, report: Report): AsyncGenerator<Reading>
}
