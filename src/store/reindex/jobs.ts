import { Conflict, NotFound } from '../../base/errors.js'
import type { Database, Session } from '../../db/database.js'
import { sql } from '../../db/sql.js'
import { typeCode, typeName } from '../../fhir/type-codes.js'
import { typeTotal } from '../../search/names.js'
import type { Totals } from '../../search/totals.js'
import { newId } from '../identity.js'

/** What the index is to be made anew for. */
export interface Asked {
  /** id of the SearchParameter that it is for; absent: no one in particular */
  parameter?: string
  types: readonly string[]
  /** of the registry: parameters declared later are not promised to be indexed */
  epoch: number
}

export type Status = 'queued' | 'in-progress' | 'completed' | 'failed' | 'cancelled'

/** A reindex and how far it has come. Instants are ISO 8601 in UTC. */
export interface Job {
  id: string
  parameter: string | null
  status: Status
  note: string | null
  created: string
  started: string | null
  ended: string | null
  progress: Progress[]
}

export interface Progress {
  type: string
  /** resources that there were when the job was made */
  total: number
  /** resources looked at */
  done: number
  /** of those: had another index entry, and have the right one now */
  changed: number
  /** 2 and more: the rows did not add up and were gone through again */
  pass: number
  finished: boolean
}

/** Finished jobs are told of for so long. */
const KEPT_DAYS = 30

/**
 * Asks for a reindex; some process begins with it within a second or so.
 * @returns id of the job: of one that waits already, when it does all that is asked
 */
export async function startJob(db: Database, totals: Totals, tenant: number, asked: Asked): Promise<string> {
  const { parameter = null, types, epoch } = asked
  const codes = types.map(typeCode)
  const [same] = await db.query<{ id: string }>(sql`
    select j.id from reindex_job j where j.tenant = ${tenant} and j.status in ('queued', 'in-progress')
      and j.parameter is not distinct from ${parameter}::text and j.epoch >= ${epoch}
      and (select coalesce(array_agg(p.type order by p.type), '{}') from reindex_progress p where p.tenant = j.tenant and p.job = j.id)
        = array(select c from unnest(${codes}::smallint[]) c order by c)`)
  if (same) return same.id
  const counts = await Promise.all(types.map((type) => totals.exact(tenant, typeTotal(tenant, type))))
  const id = newId()
  await db.query(sql`
    with old as (
      delete from reindex_job j where j.tenant = ${tenant} and j.ended < now() - make_interval(days => ${KEPT_DAYS}) returning j.id),
    gone as (delete from reindex_progress p using old where p.tenant = ${tenant} and p.job = old.id),
    job as (
      insert into reindex_job (tenant, id, epoch, parameter, status) values (${tenant}, ${id}, ${epoch}, ${parameter}, 'queued'))
    insert into reindex_progress (tenant, job, type, position, total)
    select ${tenant}, ${id}, x.type, -9223372036854775808, x.total
    from unnest(${codes}::smallint[], ${counts}::bigint[]) x(type, total)`)
  return id
}

/** @throws NotFound  there is no such job, or it ended long ago (404) */
export async function jobOf(session: Session, tenant: number, id: string): Promise<Job> {
  const [job] = await jobs(session, tenant, id)
  if (!job) throw new NotFound('There is no such reindex job; those that ended are told of for 30 days')
  return job
}

/** The newest first. */
export async function jobs(session: Session, tenant: number, id?: string): Promise<Job[]> {
  const rows = await session.query<
    Omit<Job, 'progress'> & { progress: (Omit<Progress, 'type'> & { type: number })[] }
  >(sql`
    select j.id, j.parameter, j.status, j.note, to_json(j.created) #>> '{}' as created, to_json(j.started) #>> '{}' as started,
      to_json(j.ended) #>> '{}' as ended,
      (select coalesce(json_agg(json_build_object('type', p.type, 'total', p.total, 'done', p.done, 'changed', p.changed,
          'pass', p.pass, 'finished', p.finished) order by p.type), '[]')
        from reindex_progress p where p.tenant = j.tenant and p.job = j.id) as progress
    from reindex_job j where j.tenant = ${tenant} and (${id ?? null}::text is null or j.id = ${id ?? null}::text)
    order by j.created desc, j.id desc limit 100`)
  return rows.map((row) => ({ ...row, progress: row.progress.map((one) => ({ ...one, type: typeName(one.type) })) }))
}

/**
 * What is in the index by then stays there.
 * @throws NotFound  there is no such job (404)
 * @throws Conflict  it has ended (409)
 */
export async function cancelJob(session: Session, tenant: number, id: string): Promise<void> {
  const [cancelled] = await session.query(sql`
    update reindex_job set status = 'cancelled', ended = now() where tenant = ${tenant} and id = ${id}
      and status in ('queued', 'in-progress') returning id`)
  if (cancelled) return
  const { status } = await jobOf(session, tenant, id)
  throw new Conflict(`The job is ${status}: there is nothing to cancel`)
}
