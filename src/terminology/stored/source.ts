import type { Database } from '../../db/database.js'
import { sql } from '../../db/sql.js'
import type { CodeSystemSource } from '../provider.js'
import type { Kind } from './kind.js'
import type { Loaded } from './loaded.js'
import { StoredCodeSystem } from './stored.js'

/** How long what another process has loaded or removed may go unnoticed, in milliseconds. */
export const FRESH = 250

/** The code systems that loaders filled: those of all tenants together, and those of one. */
export class StoredCodeSystems {
  private systems: ReadonlyMap<number, StoredCodeSystem> = new Map()
  private revision = ''
  private refreshed = -Infinity
  private refreshing?: Promise<void>

  constructor(
    private readonly database: Database,
    private readonly kinds: readonly Kind[],
  ) {}

  forTenant(tenant: number): CodeSystemSource {
    const ours = async () => (await this.current()).filter(({ loaded }) => [0, tenant].includes(loaded.tenant))
    const first = async <T>(ask: (kind: Kind, systems: readonly StoredCodeSystem[]) => Promise<T> | undefined) => {
      const all = await ours()
      for (const kind of this.kinds) {
        const found = await ask(
          kind,
          all.filter((one) => one.kind === kind),
        )
        if (found) return found
      }
      return undefined
    }
    const revision = () => this.currentRevision()
    return {
      withUrl: async (url) =>
        (await ours()).filter((one) => one.url === url).map((one) => one.kind.provider?.(one) ?? one),
      list: ours,
      implicitValueSet: (url) => first((kind, systems) => kind.implicitValueSet?.(url, systems)),
      implicitMap: (url) => first((kind, systems) => kind.implicitMap?.(url, systems)),
      get revision() {
        return revision()
      },
      refresh: () => this.upToDate(),
    }
  }

  /** A tenant's own before those of all, and the latest load first. */
  private async current(): Promise<readonly StoredCodeSystem[]> {
    await this.upToDate()
    return [...this.systems.values()]
  }

  private async upToDate(): Promise<void> {
    if (performance.now() - this.refreshed > FRESH) await this.refresh()
  }

  private currentRevision(): string {
    // Who asks for no more than this keeps what it has: it must get to know of what is new.
    if (performance.now() - this.refreshed > FRESH) this.refresh().catch(() => undefined)
    return this.revision
  }

  private refresh(): Promise<void> {
    this.refreshing ??= this.read().finally(() => {
      this.refreshing = undefined
    })
    return this.refreshing
  }

  private async read(): Promise<void> {
    // What is committed from now on may not be in the answer, however late that comes.
    const started = performance.now()
    const rows = await this.database.quick<{ id: number }>(sql`
      select id from code_system where status = 'whole' and tenant >= 0 order by tenant desc, id desc`)
    const ids = rows.map(({ id }) => id)
    const unknown = ids.filter((id) => !this.systems.has(id))
    const loaded = unknown.length
      ? await this.database.query<Loaded>(sql`
          select id, tenant, kind, url, version, header, details, concepts from code_system
          where tenant >= 0 and id = any(${unknown})`)
      : []
    const systems = new Map<number, StoredCodeSystem>()
    for (const id of ids) {
      const system = this.systems.get(id) ?? this.open(loaded.find((one) => one.id === id))
      if (system) systems.set(id, system)
    }
    this.systems = systems
    this.revision = ids.join(',')
    this.refreshed = started
  }

  /** @returns undefined  a later release loaded it, by a loader that we do not have */
  private open(loaded: Loaded | undefined): StoredCodeSystem | undefined {
    const kind = loaded && this.kinds.find(({ name }) => name === loaded.kind)
    return kind && new StoredCodeSystem(this.database, loaded, kind)
  }
}
