import type { Context } from '../base/context.js'
import { FhirError, Gone, NotFound } from '../base/errors.js'
import { parseJson } from '../fhir/json.js'
import type { Core } from '../rest/core.js'
import { authorizeTypes } from '../rest/scopes.js'
import { keyOf } from '../search/hash.js'
import { vread } from '../store/versions.js'
import type { Budget } from './limits.js'
import type { Json } from './navigation.js'

/** A resource of this server; `version` when a reference names one. */
export interface Address {
  type: string
  id: string
  version?: string
}

const nameOf = ({ type, id, version }: Address) => `${type}/${id}${version ? `/_history/${version}` : ''}`

/** The resources that a query has read by id: each is read once, however often it is referred to. */
export class Resources {
  private readonly known = new Map<string, Json | FhirError | undefined>()

  constructor(
    private readonly core: Core,
    private readonly ctx: Context,
    private readonly budget: Budget,
  ) {}

  /**
   * Reads what is not known yet, of whatever type, in one statement; a version that is not the current one, alone.
   * @throws TooCostly  there are more than the query may read
   */
  async read(addresses: readonly Address[]): Promise<void> {
    this.budget.foresee(addresses.length)
    const fresh = new Map<string, Address>()
    for (const address of addresses) {
      const name = nameOf(address)
      if (!this.known.has(name)) fresh.set(name, address)
    }
    for (const [name, { type }] of fresh) {
      const refused = this.forbidden(type)
      if (!refused) continue
      this.known.set(name, refused)
      fresh.delete(name)
    }
    const { tenant } = this.ctx
    const keys = new Set([...fresh.values()].map(({ type, id }) => keyOf(tenant, type, id)))
    const found = await this.core.store.finder.byKeys(this.ctx, [...keys])
    const current = new Map(found.map((one) => [`${one.type}/${one.id}`, one]))
    for (const [name, address] of fresh) {
      const one = current.get(`${address.type}/${address.id}`)
      const isWanted = one && (address.version === undefined || address.version === String(one.version))
      if (isWanted) this.known.set(name, parseJson(one.content) as Json)
      else if (address.version !== undefined) this.known.set(name, await this.version(address, address.version))
    }
  }

  /** After `read`: undefined when there is no such resource, an error when it may not be seen. */
  get(address: Address): Json | FhirError | undefined {
    return this.known.get(nameOf(address))
  }

  private async version({ type, id }: Address, version: string): Promise<Json | undefined> {
    this.budget.search()
    try {
      const { content } = await vread(this.core.store.session, this.ctx.tenant, type, id, version)
      return parseJson(content) as Json
    } catch (cause) {
      if (cause instanceof NotFound || cause instanceof Gone) return undefined
      throw cause
    }
  }

  private forbidden(type: string): FhirError | undefined {
    try {
      authorizeTypes(this.ctx.principal, [type], 'r')
      return undefined
    } catch (cause) {
      if (cause instanceof FhirError) return cause
      throw cause
    }
  }
}
