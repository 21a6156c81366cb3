import type { CodeSystem } from '@medplum/fhirtypes'
import type { Session } from '../../db/database.js'
import type { Concept } from '../provider.js'
import { filterOf } from './filters.js'
import type { Kind } from './kind.js'
import type { Loaded, TabledCodeSystem } from './loaded.js'
import { Ordinals } from './ordinals.js'
import { Rows } from './rows.js'
import { StoredSelection } from './selection.js'
import { shown } from './shown.js'

/** A code system whose concepts a loader put into tables. */
export class StoredCodeSystem implements TabledCodeSystem {
  readonly url: string
  readonly version: string
  readonly content: CodeSystem['content']
  readonly caseSensitive: boolean
  readonly header: CodeSystem
  readonly rows: Rows
  readonly size: number

  constructor(
    readonly database: Session,
    readonly loaded: Loaded,
    readonly kind: Kind,
  ) {
    this.url = loaded.url
    this.version = loaded.version
    this.header = loaded.header
    this.content = loaded.header.content
    this.caseSensitive = loaded.header.caseSensitive ?? true
    this.size = loaded.concepts
    this.rows = new Rows(database, loaded.id)
  }

  get edition(): string | undefined {
    return this.kind.edition?.(this.version)
  }

  fault(code: string): string | undefined {
    return this.kind.fault?.(code)
  }

  async locate(codes: readonly string[]): Promise<ReadonlyMap<string, Concept>> {
    const found = await this.rows.withKeys(codes.map((code) => this.keyOf(code)))
    return spelled(codes, (code) => found.get(this.keyOf(code)))
  }

  async numbers(codes: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = await this.rows.ordinals(codes.map((code) => this.keyOf(code)))
    return spelled(codes, (code) => found.get(this.keyOf(code)))
  }

  all(): StoredSelection {
    return this.select(Ordinals.range(0, this.size))
  }

  of(codes: readonly string[]): StoredSelection {
    return new StoredSelection(this, async () => {
      const listed = [...new Set((await this.numbers(codes)).values())]
      return { ordinals: Ordinals.of(listed), listed }
    })
  }

  async filter(property: string, op: string, value: string): Promise<StoredSelection | undefined> {
    const found = (await this.kind.filter?.(this, property, op, value)) ?? (await filterOf(this, property, op, value))
    return found && this.select(found)
  }

  async subsumes(a: string, b: string): Promise<'equivalent' | 'subsumes' | 'subsumed-by' | 'not-subsumed'> {
    const [keyA, keyB] = [this.keyOf(a), this.keyOf(b)]
    const found = await this.rows.withKeys([keyA, keyB])
    const [rowA, rowB] = [found.get(keyA), found.get(keyB)]
    if (!rowA || !rowB) return 'not-subsumed'
    if (rowA.ordinal === rowB.ordinal) return 'equivalent'
    if (rowA.below.has(rowB.ordinal)) return 'subsumes'
    return rowB.below.has(rowA.ordinal) ? 'subsumed-by' : 'not-subsumed'
  }

  shown(concept: Concept, names: readonly string[]): Promise<Concept> {
    return shown(this, concept, names)
  }

  select(ordinals: Ordinals): StoredSelection {
    return new StoredSelection(this, async () => ({ ordinals }))
  }

  keyOf(code: string): string {
    return this.kind.keyOf?.(code) ?? (this.caseSensitive ? code : code.toLowerCase())
  }
}

function spelled<T>(codes: readonly string[], find: (code: string) => T | undefined): Map<string, T> {
  const found = new Map<string, T>()
  for (const code of codes) {
    const value = find(code)
    if (value !== undefined) found.set(code, value)
  }
  return found
}
