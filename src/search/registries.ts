import { REGISTRY_MOVED, type Session, type Transaction } from '../db/database.js'
import { sql } from '../db/sql.js'
import { type Declared, TenantParameters } from './tenant-parameters.js'

/** From this attempt on a write keeps the registry as it is until it is done. */
const LAST_ATTEMPTS = 3

/**
 * The search parameters of every tenant, as this process knows them.
 *
 * Several processes change and use them. Writes need no look-up: each takes the registry's epoch along, and the
 * database refuses those of another epoch (`TenantParameters.fence`). Searches ask `current` where they turn on what a
 * tenant has defined. docs/decisions/0010-custom-search-parameters.md
 */
export class Registries {
  private readonly known = new Map<number, TenantParameters>()

  constructor(private readonly db: Session) {}

  /** As this process knows them; no question to the database but for a tenant's first time. */
  async of(tenant: number): Promise<TenantParameters> {
    return this.known.get(tenant) ?? this.load(tenant)
  }

  /**
   * For a write in this transaction. While a package brings one parameter after the other, a large write may be refused
   * again and again: in the end it makes those who would change the registry wait until it is done.
   */
  async forWrite(transaction: Transaction, tenant: number): Promise<TenantParameters> {
    if (transaction.attempt < LAST_ATTEMPTS) return this.of(tenant)
    const [row] = await transaction.query<{ revision: number }>(
      sql`select g.revision from search_registry g where g.tenant = ${tenant} for share`,
    )
    const known = this.known.get(tenant)
    if (known && known.revision === (row?.revision ?? 0)) return known
    const loaded = await loadParameters(transaction, tenant)
    this.known.set(tenant, loaded)
    return loaded
  }

  /** As they are now. */
  async current(tenant: number): Promise<TenantParameters> {
    const known = this.known.get(tenant)
    if (!known) return this.load(tenant)
    const [row] = await this.db.quick<{ revision: number }>(
      sql`select g.revision from search_registry g where g.tenant = ${tenant}`,
    )
    return (row?.revision ?? 0) === known.revision ? known : this.load(tenant)
  }

  /** Does what the fence may refuse: then what this process knows is forgotten, and the transaction tried again. */
  async fenced(tenant: number, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (cause) {
      if ((cause as { code?: string }).code === REGISTRY_MOVED) this.forget(tenant)
      throw cause
    }
  }

  /** They have changed, or are about to. */
  forget(tenant: number) {
    this.known.delete(tenant)
  }

  private async load(tenant: number): Promise<TenantParameters> {
    const loaded = await loadParameters(this.db, tenant)
    const known = this.known.get(tenant)
    // Of two that load at once the later answer may be the older one.
    if (known && known.revision > loaded.revision) return known
    this.known.set(tenant, loaded)
    return loaded
  }
}

/** In one statement, so that epoch and definitions belong together. */
export async function loadParameters(session: Session, tenant: number): Promise<TenantParameters> {
  const [row] = await session.quick<{ epoch: number; revision: number; declared: Declared[] }>(sql`
    select g.epoch, g.revision, (
      select coalesce(json_agg(json_build_object('id', p.id, 'definition', p.definition, 'epoch', p.epoch, 'indexed', p.indexed) order by p.id), '[]')
      from search_parameter p where p.tenant = g.tenant) as declared
    from search_registry g where g.tenant = ${tenant}`)
  return new TenantParameters(tenant, row?.epoch ?? 0, row?.revision ?? 0, row?.declared ?? [])
}
