import { createHash } from 'node:crypto'
import type { Context } from '../base/context.js'
import { Invalid, Unprocessable } from '../base/errors.js'
import type { Database } from '../db/database.js'
import { sql } from '../db/sql.js'
import type { Unit } from '../store/store.js'
import type { Answer, Exchange } from './exchange.js'
import type { Serving } from './serving.js'

/** How long an answer is kept for the same key, at least. */
const KEPT = '1 day'
const SWEEP_EVERY_MS = 60_000
/** The status of a key whose answer the same transaction has yet to give; nobody else ever sees it. */
const CLAIMED = 0

/** Does `work` for the exchange, at most once for its Idempotency-Key. */
export type Once = (exchange: Exchange, work: (serving: Serving) => Promise<Answer>) => Promise<Answer>

/**
 * Answers a request with an Idempotency-Key once: the same request with the same key gets the first one's answer,
 * so that a client that heard nothing may send again. Key, answer and what was written are one transaction: whatever
 * dies on the way, there are all of them or none. One that comes while the first is still at work waits for it, and a
 * request that fails leaves its key free.
 *
 * What it returns throws Unprocessable when the key came with another request before.
 */
export function onceByKey(serving: Serving): Once {
  let swept = 0
  const sweep = () => {
    if (Date.now() < swept + SWEEP_EVERY_MS) return
    swept = Date.now()
    forgetOld(serving.store.db).catch(() => undefined) // The next sweep takes them.
  }
  return (exchange, work) => {
    const { ctx, method, idempotencyKey } = exchange
    if (idempotencyKey === undefined || method === 'GET' || method === 'HEAD') return work(serving)
    sweep()
    // Together they are one text, of which nobody's subject can be a part of the key.
    const key = JSON.stringify([ctx.principal.subject, idempotencyKey])
    const request = fingerprint(exchange)
    return serving.store.transaction(async (unit) => {
      const kept = await claim(unit, ctx, key, request)
      if (kept) return kept
      const answer = await work({ ...serving, store: serving.store.within(unit) })
      await keep(unit, ctx.tenant, key, answer)
      return answer
    })
  }
}

/** @throws Invalid  what was sent is no key */
export function checkKey(key: string | undefined): void {
  if (key !== undefined && (key === '' || key.length > 255))
    throw new Invalid('Idempotency-Key has 1 to 255 characters')
}

/** The key of an entry of a batch, whose entries stand alone. No header can have it, as none has a line break. */
export function keyOfEntry(key: string | undefined, n: number): string | undefined {
  return key === undefined ? undefined : `${key}\n${n}`
}

function fingerprint({ method, path, query, ifMatch, ifNoneMatch, ifNoneExist, body = '' }: Exchange): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([method, path, query, ifMatch ?? null, ifNoneMatch ?? null, ifNoneExist ?? null]))
    .update(body)
    .digest()
}

interface Kept {
  request: Buffer
  status: number
  headers: Record<string, string>
  body: string | null
}

/**
 * Takes the key, waiting for whoever else is at work on it.
 * @returns the answer that was given before, if there is one
 */
async function claim(
  { session }: Unit,
  { tenant, signal }: Pick<Context, 'tenant' | 'signal'>,
  key: string,
  request: Buffer,
): Promise<Answer | undefined> {
  // An update of nothing, as `do nothing` would not return the row that is there.
  const [row] = await session.query<Kept>(
    sql`
    insert into idempotency as i (tenant, key, request, status, headers) values (${tenant}, ${key}, ${request}, ${CLAIMED}, '{}')
    on conflict (tenant, key) do update set key = i.key
    returning request, status, headers, body`,
    signal,
  )
  const { status, headers, body, request: first } = row!
  if (status === CLAIMED) return undefined
  if (!first.equals(request))
    throw new Unprocessable('This Idempotency-Key came with another request before; use a new one')
  return { status, headers, body: body ?? undefined }
}

async function keep({ session }: Unit, tenant: number, key: string, { status, headers = {}, body }: Answer) {
  await session.query(sql`
    update idempotency set status = ${status}, headers = ${JSON.stringify(headers)}::jsonb, body = ${body ?? null}
    where tenant = ${tenant} and key = ${key}`)
}

async function forgetOld(db: Database) {
  await db.query(sql`delete from idempotency where at < now() - ${KEPT}::interval`)
}
