import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Bundle, Patient } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/base/config.js'
import { Client } from '../../src/cli/bench/client.js'
import { drive } from '../../src/cli/bench/drive.js'
import { sample } from '../../src/cli/bench/sample.js'
import { asNew, templates } from '../../src/cli/bench/templates.js'
import { workloads } from '../../src/cli/bench/workloads.js'
import { Endpoint } from '../../src/cli/load/endpoint.js'
import { Journal } from '../../src/cli/load/journal.js'
import { load } from '../../src/cli/load/load.js'
import { findSources } from '../../src/cli/load/sources.js'
import { Tally } from '../../src/cli/load/tally.js'
import { population } from '../../src/cli/seed/population.js'
import { seed } from '../../src/cli/seed/seed.js'
import { type Running, start } from '../../src/start.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'

let database: FreshDatabase
let running: Running
let folder: string
let fhir: string

/**
 * The server on the test's database; on the port it had before when it is started again. Stopping it cuts off the
 * requests that run.
 */
async function startServer() {
  const PORT = fhir ? new URL(fhir).port : '0'
  const environment = {
    PORT,
    DATABASE_URL: database.url,
    INGLE_DATA_DIR: folder,
    LOG_LEVEL: 'silent',
    INGLE_SHUTDOWN_SECONDS: '0',
  }
  running = await start(readConfig(environment), () => {})
  fhir = `${running.url}/fhir`
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingle-cli-'))
  database = await freshDatabase()
  await startServer()
})
afterAll(async () => {
  await running.stop()
  await database.drop()
  rmSync(folder, { recursive: true })
})

async function get<T>(path: string): Promise<T> {
  const client = new Client(fhir)
  const { body } = await client.get(path)
  client.close()
  return JSON.parse(body.toString()) as T
}
const count = async (type: string) => (await get<Bundle>(`/${type}?_summary=count`)).total

const typesOf = (bundles: Bundle[]) => {
  const types = new Map<string, number>()
  for (const { resource } of bundles.flatMap(({ entry }) => entry!)) {
    types.set(resource!.resourceType, (types.get(resource!.resourceType) ?? 0) + 1)
  }
  return types
}

describe('npm run seed, into the server', () => {
  const bundles = [...population({ patients: 12, seed: 1 })]

  it.each(['the first time', 'the second time'])('stores all resources, each once, %s', async () => {
    const endpoint = new Endpoint(fhir, 4)
    const tally = new Tally()
    await seed(bundles.values(), endpoint, tally, 4)
    endpoint.close()
    expect([...tally.failures]).toEqual([])
    for (const [type, sent] of typesOf(bundles)) expect([type, await count(type)]).toEqual([type, sent])
  })

  it('stores what was sent', async () => {
    const sent = bundles[3]!.entry![0]!.resource as Patient
    const { meta, ...stored } = await get<Patient>(`/Patient/${sent.id}`)
    expect(meta?.lastUpdated).toBeDefined()
    expect(stored).toEqual(JSON.parse(JSON.stringify(sent)))
  })

  it('is data with which every workload of the benchmark gets right answers', async () => {
    const client = new Client(fhir)
    const material = {
      bundles: bundles.slice(1, 4).map((bundle) => ({ body: asNew(bundle), resources: bundle.entry!.length })),
      templates: templates(bundles.flatMap(({ entry }) => entry!.map(({ resource }) => resource!))),
      sample: await sample(client),
    }
    client.close()
    for (const { name, step } of workloads(material)) {
      const { reasons, requests } = await drive(fhir, 2, 0.7, (connection) => step(connection, true))
      expect([name, [...reasons]]).toEqual([name, []])
      expect(requests).toBeGreaterThan(0)
    }
  })
})

describe('npm run load, into the server', () => {
  const journal = () => new Journal(join(folder, 'load'), fhir, false)
  const mrnSystem = 'https://hospital.example/mrn'

  async function loadFolder(name: string): Promise<Tally> {
    const endpoint = new Endpoint(fhir, 4, { attempts: 40, pause: 50, longest: 300 })
    const tally = new Tally()
    const { sources } = await findSources([join(folder, name)])
    const kept = journal()
    await load({ sources, endpoint, journal: kept, tally, concurrency: 4, mrnSystem, onRead: () => {} })
    kept.close()
    endpoint.close()
    return tally
  }

  it('stores bundles, gzip, NDJSON, CSV and HL7 of a folder, once', async () => {
    const inside = join(folder, 'mixed')
    mkdirSync(inside)
    const basic = (id: string) => ({ resourceType: 'Basic', id, code: { text: 'mixed' } })
    const entry = {
      resource: { resourceType: 'Basic', code: { text: 'mixed' } },
      request: { method: 'POST', url: 'Basic' },
    }
    writeFileSync(
      join(inside, 'a.json'),
      JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [entry, entry] }),
    )
    writeFileSync(
      join(inside, 'b.json.gz'),
      gzipSync(JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [entry] })),
    )
    writeFileSync(
      join(inside, 'c.ndjson.gz'),
      gzipSync(Array.from({ length: 250 }, (_, i) => JSON.stringify(basic(`n${i}`))).join('\n')),
    )
    writeFileSync(
      join(inside, 'd.csv'),
      'mrn,family,birthDate\nM1,Loaded,1980-01-02\nM2,Loaded,bad\nM3,Loaded,\nM1,Loaded,1980-01-02\n',
    )
    const msh = 'MSH|^~\\&|A|B|C|D|20240101||ADT^A08|1|P|2.5'
    writeFileSync(
      join(inside, 'e.hl7'),
      `${msh}\rPID|1||M1||x\r${msh}\rPID|1||H1^^^^MR||Loaded^First\r${msh}\rPID|1||H1^^^^MR||Loaded^Second\r`,
    )

    const tally = await loadFolder('mixed')
    expect([...tally.failures.keys()]).toEqual([
      'birthDate is not a day such as 1980-02-28 or 02/28/1980',
      'PID-3 has no medical record number (CX.5 MR or PI)',
    ])
    expect(await count('Basic')).toBe(253)
    const { entry: patients = [] } = await get<Bundle<Patient>>('/Patient?family=Loaded&_sort=identifier')
    expect(
      patients.map(({ resource }) => [
        resource!.identifier![0]!.value,
        resource!.name![0]!.given?.[0],
        resource!.meta!.versionId,
      ]),
    ).toEqual([
      ['H1', 'Second', '2'],
      ['M1', undefined, '1'],
      ['M3', undefined, '1'],
    ])
    expect((await loadFolder('mixed')).resources).toBe(0)
    expect(await count('Basic')).toBe(253)
  })

  it.each([
    // what is loaded     method
    ['Flag', 'POST'],
    ['List', 'PUT'],
  ])('goes on when the server is cut off and comes back, and stores every %s once (%s)', async (type, method) => {
    mkdirSync(join(folder, type))
    for (let file = 0; file < 60; file++) {
      const entry = Array.from({ length: 20 }, (_, i) => {
        const id = `${file}-${i}`
        const resource = { resourceType: type, id, status: type === 'List' ? 'current' : 'active', mode: 'working' }
        const flag = { resourceType: type, status: 'active', code: { text: 'many' }, subject: { display: 'x' } }
        return method === 'PUT'
          ? { resource, request: { method, url: `${type}/${id}` } }
          : { resource: flag, request: { method, url: type } }
      })
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
      writeFileSync(join(folder, type, `${file}.json`), JSON.stringify(bundle))
    }
    const loading = loadFolder(type)
    while (((await count(type)) ?? 0) === 0);
    await running.stop()
    await startServer()
    const tally = await loading
    expect([...tally.failures]).toEqual([])
    expect([tally.resources, await count(type)]).toEqual([1200, 1200])
  })
})
