import { Conflict } from '../base/errors.js'
import type { Transaction } from '../db/database.js'
import { sql } from '../db/sql.js'
import { definitionOf, indexesAlike, type SearchParameterResource } from '../search/declaration.js'
import { standard } from '../search/parameters.js'
import { loadParameters } from '../search/registries.js'
import type { Declared, TenantParameters } from '../search/tenant-parameters.js'

/**
 * A tenant's search parameters while a transaction writes SearchParameters: nobody else changes them until it ends.
 * What is declared and what is stored of it commit together.
 */
export class Draft {
  private declared: readonly Declared[]

  private constructor(readonly before: TenantParameters) {
    this.declared = before.declared
  }

  /** Waits for others that change the same tenant's. Before any row is locked, so that nobody waits in a circle. */
  static async open(transaction: Transaction, tenant: number): Promise<Draft> {
    await transaction.query(
      sql`insert into search_registry (tenant, epoch, revision) values (${tenant}, 0, 0) on conflict do nothing`,
    )
    await transaction.query(sql`select from search_registry g where g.tenant = ${tenant} for update`)
    return new Draft(await loadParameters(transaction, tenant))
  }

  /**
   * @throws Unprocessable  it cannot be indexed (422)
   * @throws Conflict  another parameter has its code or url, or is composed of it as it was (409)
   */
  put(id: string, resource: SearchParameterResource) {
    const others = this.declared.filter((one) => one.id !== id)
    const definition = definitionOf(resource, standard.with(others.map((one) => one.definition)))
    const was = this.declared.find((one) => one.id === id)
    if (was && (definition?.url !== was.definition.url || definition.type !== was.definition.type)) this.mustBeFree(was)
    if (!definition) this.declared = others
    // What is in the index already stays usable, whatever else the resource says now.
    else if (was && indexesAlike(was.definition, definition)) this.declared = [...others, { ...was, definition }]
    else this.declared = [...others, { id, definition, epoch: this.before.epoch + 1, indexed: false }]
  }

  /** @throws Conflict  another parameter is composed of it (409) */
  remove(id: string) {
    const was = this.declared.find((one) => one.id === id)
    if (was) this.mustBeFree(was)
    this.declared = this.declared.filter((one) => one.id !== id)
  }

  private mustBeFree({ definition: { url } }: Declared) {
    const composite = this.declared.find(({ definition: { component } }) =>
      component?.some((one) => one.definition === url),
    )
    if (composite)
      throw new Conflict(`SearchParameter/${composite.id} is composed of it: change or delete that one first`)
  }

  async save(transaction: Transaction): Promise<void> {
    const { tenant, declared: before } = this.before
    const changed = this.declared.filter((one) => !before.includes(one))
    const gone = before.filter(({ id }) => !this.declared.some((one) => one.id === id))
    if (changed.length === 0 && gone.length === 0) return
    const reindexed = gone.length > 0 || changed.some(({ epoch }) => epoch > this.before.epoch)
    await transaction.query(sql`
      update search_registry set epoch = epoch + ${reindexed ? 1 : 0}::int, revision = revision + 1 where tenant = ${tenant}`)
    await transaction.query(sql`
      delete from search_parameter where tenant = ${tenant} and id = any(${[...gone, ...changed].map(({ id }) => id)}::text[])`)
    await transaction.query(sql`
      insert into search_parameter (tenant, id, definition, epoch, indexed)
      select ${tenant}, x.id, x.definition, x.epoch, x.indexed
      from json_to_recordset(${JSON.stringify(changed)}::json) as x(id text, definition json, epoch integer, indexed boolean)`)
  }
}
