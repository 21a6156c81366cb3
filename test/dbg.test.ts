import { it } from 'vitest'
import pg from 'pg'
import { openServer } from './rest/server.js'
it('x', async () => {
  const server = await openServer({ LOG_LEVEL: 'warn', INGLE_SLOW_QUERY_MS: '60' })
  const patient = (v: string) => ({ resourceType: 'Patient', identifier: [{ system: 'urn:pain', value: v }] })
  await server.expect(201, 'POST Patient', { body: patient('capped') })
  const entry = Array.from({ length: 5000 }, (_, i) => i % 50 ? { resource: { resourceType: 'Flag', status: 'active', code: { text: `${i}` }, subject: { reference: 'Patient?identifier=urn:pain|capped' } }, request: { method: 'POST', url: 'Flag' } } : { resource: patient(`c${i}`), request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=urn:pain|c${i}` } })
  let t = performance.now()
  await server.transact(entry)
  console.log('transaction', performance.now() - t)
  for (let i = 0; i < 5; i++) {
    t = performance.now()
    const r = await server.ask('POST Patient', { body: patient('alone'), headers: { 'If-None-Exist': 'identifier=urn:pain|alone' } })
    console.log(r.status, performance.now() - t)
  }
  const c = new pg.Client(server.database.connection); await c.connect()
  await c.query('set enable_seqscan=off; set plan_cache_mode=force_generic_plan; set jit=off')
  await c.query(`prepare p(int,smallint,bigint,bigint,bigint,int) as select r.*, coalesce(v.verbatim, v.content::text) as content from (select r.rid, r.id, r.key, r.version, r.type from (select * from resource r where r.tenant = $1 and r.type = $2 and not r.deleted order by r.rid asc limit $3) r
    where ($4::bigint = any(r.tok)) limit $5) r
        join version v on v.tenant = $6 and v.rid = r.rid and v.version = r.version order by r.rid asc`)
  const pt = (await c.query(`select type from resource group by type order by count(*)`)).rows[0].type
  const show = async () => console.log((await c.query(`explain (analyze, buffers) execute p(1, ${pt}, 3000, 5, 2, 1)`)).rows.map((r) => r['QUERY PLAN']).join('\n'))
  await show()
  console.log((await c.query(`select relname, n_live_tup, last_analyze from pg_stat_user_tables where relname in ('resource','version')`)).rows, (await c.query(`select relname, reltuples, relpages from pg_class where relname in ('resource','version')`)).rows)
  await c.query('analyze version')
  await show()
  await c.end()
  await server.stop()
}, 60000)
