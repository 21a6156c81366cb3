import { randomBytes } from 'node:crypto'
import type { Context } from '../../base/context.js'
import { Forbidden, NotFound } from '../../base/errors.js'
import type { Database } from '../../db/database.js'
import { sql } from '../../db/sql.js'
import type { Exchange } from '../exchange.js'

/** How long a process holds a request without saying again that it is alive. */
const LEASE = '30 seconds'

/** What is kept of a request: all that it asks, and of who asks what decides on access. */
export type KeptRequest = Pick<
  Exchange,
  | 'method'
  | 'path'
  | 'query'
  | 'base'
  | 'prefer'
  | 'ifMatch'
  | 'ifNoneMatch'
  | 'ifModifiedSince'
  | 'ifNoneExist'
  | 'idempotencyKey'
  | 'accept'
  | 'format'
  | 'contentType'
> & { scopes?: string[] }

export interface Claimed {
  tenant: number
  id: string
  subject: string
  request: KeptRequest
  body: string | null
}

export interface Status {
  /** A Bundle of type batch-response; absent while the request is at work. */
  answer: string | null
  /** when the answer is forgotten, and when the request came, milliseconds since 1970 */
  expires: number | null
  created: number
}

/** Requests that are answered later, in the database, where every node and the next start find them. */
export class AsyncRequests {
  /** names this process, for as long as it runs */
  private readonly runner = randomBytes(12).toString('base64url')

  constructor(
    private readonly db: Database,
    private readonly keepSeconds: number,
  ) {}

  /** @returns the id under which it is asked after */
  async add({ ctx, body, parameters, prefer, ...request }: Exchange): Promise<string> {
    const id = randomBytes(18).toString('base64url')
    const { subject, scopes } = ctx.principal
    const kept: KeptRequest = { ...request, prefer: { ...prefer, respondAsync: undefined }, ...(scopes && { scopes }) }
    await this.db.query(sql`insert into async_request (tenant, id, subject, request, body)
      values (${ctx.tenant}, ${id}, ${subject}, ${JSON.stringify(kept)}::json, ${body ?? null})`)
    return id
  }

  /**
   * @throws NotFound  there is none, it is somebody else's, or it is no longer kept (404)
   * @throws Forbidden  it was asked with scopes that the principal does not have now (403)
   */
  async status({ tenant, principal }: Pick<Context, 'tenant' | 'principal'>, id: string): Promise<Status> {
    const [row] = await this.db.query<Status & { scopes: string[] | null }>(sql`select answer,
        (extract(epoch from expires) * 1000)::float8 as expires, (extract(epoch from created) * 1000)::float8 as created,
        request -> 'scopes' as scopes
      from async_request
      where tenant = ${tenant} and id = ${id} and subject = ${principal.subject}`)
    if (!row) throw unknown()
    const missing = principal.scopes && row.scopes?.find((scope) => !principal.scopes!.includes(scope))
    if (missing !== undefined)
      throw new Forbidden(`The request was made with the scope ${missing}; so is its answer read`)
    return row
  }

  /** @throws NotFound  as `status` */
  async remove({ tenant, principal }: Pick<Context, 'tenant' | 'principal'>, id: string): Promise<void> {
    const gone = await this.db.query(sql`delete from async_request
      where tenant = ${tenant} and id = ${id} and subject = ${principal.subject} returning id`)
    if (gone.length === 0) throw unknown()
  }

  /** Up to `most` requests that no living process is at, the oldest first; they are this process's now. */
  claim(most: number): Promise<Claimed[]> {
    return this.db.query<Claimed>(sql`
      update async_request set runner = ${this.runner}, lease = now() + ${LEASE}::interval
      where (tenant, id) in (select tenant, id from async_request where answer is null and lease < now()
        order by lease, created limit ${most} for update skip locked)
      returning tenant, id, subject, request, body`)
  }

  /** Says that this process is at them still. @returns those that are still wanted */
  async renew(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.db.query<{ id: string }>(sql`update async_request set lease = now() + ${LEASE}::interval
      where id = any(${[...ids]}::text[]) and runner = ${this.runner} and answer is null returning id`)
    return new Set(rows.map(({ id }) => id))
  }

  async finish({ tenant, id }: Pick<Claimed, 'tenant' | 'id'>, answer: string): Promise<void> {
    await this.db.query(sql`update async_request
      set answer = ${answer}, body = null, expires = now() + make_interval(secs => ${this.keepSeconds})
      where tenant = ${tenant} and id = ${id} and runner = ${this.runner}`)
  }

  /** What this process was at, another one or the next start may take at once. */
  async release(): Promise<void> {
    await this.db.query(
      sql`update async_request set lease = '-infinity' where runner = ${this.runner} and answer is null`,
    )
  }

  async forgetOld(): Promise<void> {
    await this.db.query(sql`delete from async_request where answer is not null and expires < now()`)
  }
}

/** One answer for what is not there and what is not theirs. */
const unknown = () =>
  new NotFound('There is no such request here: it was cancelled, its answer is no longer kept, or it is not yours')
