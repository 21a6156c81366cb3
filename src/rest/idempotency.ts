import { createHash } from 'node:crypto'
import { Conflict, Invalid, Unprocessable } from '../base/errors.js'
import { sql } from '../db/sql.js'
import type { Core } from './core.js'
import type { Answer, Exchange } from './exchange.js'

/** How long an answer is kept for the same key. */
const KEPT = '1 day'
/** A request that died without an answer holds its key no longer than this. */
const ABANDONED = '5 minutes'
const PENDING = 0

interface Kept extends Answer {
  request: Buffer
}

/**
 * Answers a request with an Idempotency-Key once: the same request with the same key gets the first one's answer,
 * so that a client that heard nothing may send again.
 * @throws Unprocessable  the key came with another request before
 * @throws Conflict       the first is still being answered
 */
export async function once(
  { store: { db } }: Core,
  exchange: Exchange,
  dispatch: (exchange: Exchange) => Promise<Answer>,
): Promise<Answer> {
  const { ctx, method, path, query, body = '', idempotencyKey: key = '' } = exchange
  const { tenant } = ctx
  if (method === 'GET' || method === 'HEAD') return dispatch(exchange)
  if (key === '' || key.length > 255) throw new Invalid('Idempotency-Key has 1 to 255 characters')
  const owned = `${ctx.principal.subject} ${key}`
  const request = createHash('sha256')
    .update(JSON.stringify([method, path, query, exchange.ifNoneExist ?? null]))
    .update(body)
    .digest()

  await db.query(sql`delete from idempotency where at < now() - ${KEPT}::interval`)
  const [claimed] = await db.query(sql`
    insert into idempotency as i (tenant, key, request, status, headers) values (${tenant}, ${owned}, ${request}, ${PENDING}, '{}')
    on conflict (tenant, key) do update set at = now(), request = excluded.request
      where i.status = ${PENDING} and i.at < now() - ${ABANDONED}::interval
    returning 1`)
  if (!claimed) return kept(await find(db, tenant, owned), request)
  try {
    const answer = await dispatch(exchange)
    await db.query(sql`update idempotency set status = ${answer.status}, headers = ${JSON.stringify(answer.headers ?? {})}::jsonb, body = ${answer.body ?? null}
      where tenant = ${tenant} and key = ${owned}`)
    return answer
  } catch (cause) {
    // Nothing was done: the key is free for a corrected request.
    await db.query(sql`delete from idempotency where tenant = ${tenant} and key = ${owned}`).catch(() => undefined)
    throw cause
  }
}

async function find(db: Core['store']['db'], tenant: number, key: string): Promise<Kept | undefined> {
  const [row] = await db.query<Kept & { body: string | null }>(sql`
    select request, status, headers, body from idempotency where tenant = ${tenant} and key = ${key}`)
  return row && { ...row, body: row.body ?? undefined }
}

function kept(found: Kept | undefined, request: Buffer): Answer {
  if (found && !found.request.equals(request))
    throw new Unprocessable('This Idempotency-Key came with another request before; use a new one')
  if (!found || found.status === PENDING)
    throw new Conflict('The first request with this Idempotency-Key is still being answered', { retryAfter: 1 })
  const { status, headers, body } = found
  return { status, headers, body }
}
