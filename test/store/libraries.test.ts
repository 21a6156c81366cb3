import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database } from '../../src/db/database.js'
import type { Library } from '../../src/fhir/library.js'
import { Libraries } from '../../src/store/libraries.js'
import { openServer, type RestServer } from '../rest/server.js'

// A second process on the same database: what the server writes reaches its libraries by the database alone.
let server: RestServer
let database: Database
let libraries: Libraries
beforeAll(async () => {
  server = await openServer()
  database = new Database({
    connection: server.database.url,
    poolMin: 0,
    poolMax: 4,
    poolAcquireMs: 5000,
    sessionMaxSeconds: 600,
    statementTimeoutMs: 5000,
    slowQueryMs: 5000,
    log: pino({ level: 'silent' }),
  })
  libraries = new Libraries(database)
})
afterAll(async () => {
  await database?.close()
  await server?.stop()
})

const TENANT = 1
const base = 'http://example.org/fhir'
const system = (id: string, more: object = {}) => ({
  body: {
    resourceType: 'CodeSystem',
    id,
    url: `${base}/CodeSystem/${id}`,
    status: 'active',
    content: 'complete',
    ...more,
  },
})
const put = (id: string, more?: object) => server.ask(`PUT CodeSystem/${id}`, system(id, more))

/** As the other process sees them, asked anew. */
const now = (): Promise<Library> => {
  libraries.changed(TENANT)
  return libraries.of(TENANT)
}
const versions = async (library: Library, url: string) =>
  (await library.withUrl('CodeSystem', url)).map(({ version }) => version)

describe('the library of a tenant', () => {
  it('has what is stored before what is shipped, highest version first', async () => {
    const url = `${base}/CodeSystem/several`
    await put('a1', { url, version: '1.9' })
    await put('a2', { url, version: '1.10' })
    await put('a3', { url: 'http://hl7.org/fhir/observation-status', version: '3.0' })
    const library = await now()
    expect(await versions(library, url)).toEqual(['1.10', '1.9'])
    expect(await versions(library, 'http://hl7.org/fhir/observation-status')).toEqual(['3.0', '4.0.1'])
    expect(await versions(library, `${base}/CodeSystem/none`)).toEqual([])
    expect((await library.withId('CodeSystem', 'a1'))?.version).toBe('1.9')
    expect(await library.withId('CodeSystem', 'observation-status')).toBeUndefined()
    expect(await library.withId('ValueSet', 'a1')).toBeUndefined()
  })

  it('takes of one url and version what was written last', async () => {
    const url = `${base}/CodeSystem/twice`
    await put('b1', { url, version: '1', title: 'first' })
    await put('b2', { url, version: '1', title: 'second' })
    expect((await (await now()).withUrl('CodeSystem', url)).map(({ title }) => title)).toEqual(['second', 'first'])
    await put('b1', { url, version: '1', title: 'third' })
    expect((await (await now()).withUrl('CodeSystem', url))[0]?.title).toBe('third')
  })

  it.each<[string, () => Promise<unknown>]>([
    [
      'create',
      () =>
        server.ask('POST ValueSet', { body: { resourceType: 'ValueSet', url: `${base}/ValueSet/c`, status: 'draft' } }),
    ],
    ['update', () => put('a1', { version: '2' })],
    [
      'transaction',
      () => server.transact([{ resource: system('t1').body, request: { method: 'PUT', url: 'CodeSystem/t1' } }]),
    ],
    ['batch', () => server.batch([{ resource: system('t2').body, request: { method: 'PUT', url: 'CodeSystem/t2' } }])],
    [
      'patch',
      () =>
        server.ask('PATCH CodeSystem/a1', {
          type: 'application/json-patch+json',
          body: [{ op: 'replace', path: '/version', value: '3' }],
        }),
    ],
    ['delete', () => server.ask('DELETE CodeSystem/a1')],
  ])('has another revision after a %s, and the same after writes of anything else', async (_, change) => {
    const before = (await now()).revision
    await server.expect(201, 'POST Patient', { body: { resourceType: 'Patient' } })
    expect((await now()).revision).toBe(before)
    await change()
    expect((await now()).revision).not.toBe(before)
  })

  it('forgets what was deleted', async () => {
    await put('gone')
    expect(await versions(await now(), `${base}/CodeSystem/gone`)).toHaveLength(1)
    await server.expect(204, 'DELETE CodeSystem/gone')
    expect(await versions(await now(), `${base}/CodeSystem/gone`)).toEqual([])
    expect(await (await now()).withId('CodeSystem', 'gone')).toBeUndefined()
  })

  it('tells every url, each once', async () => {
    const url = `${base}/CodeSystem/listed`
    await put('l1', { url, version: '1' })
    await put('l2', { url, version: '2' })
    const urls = await (await now()).urls('CodeSystem')
    expect(urls.filter((one) => one === url)).toHaveLength(1)
    expect(urls).toContain('http://hl7.org/fhir/observation-status')
    expect(new Set(urls).size).toBe(urls.length)
  })

  it('is the same object as long as nothing changes, and belongs to one tenant', async () => {
    await put('own')
    const library = await now()
    expect(await libraries.of(TENANT)).toBe(library)
    const url = `${base}/CodeSystem/own`
    expect((await library.withUrl('CodeSystem', url))[0]).toBe((await library.withUrl('CodeSystem', url))[0])
    expect(await versions(await libraries.of(2), url)).toEqual([])
  })

  it('is seen by others a moment after a write, without being told', async () => {
    await libraries.of(TENANT)
    await put('later')
    await expect.poll(async () => versions(await libraries.of(TENANT), `${base}/CodeSystem/later`)).toHaveLength(1)
  })

  it('finds a NamingSystem by what it names', async () => {
    await server.expect(201, 'PUT NamingSystem/n', {
      body: {
        resourceType: 'NamingSystem',
        id: 'n',
        name: 'Ours',
        status: 'active',
        kind: 'identifier',
        date: '2026-01-01',
        uniqueId: [{ type: 'uri', value: `${base}/mrn` }],
      },
    })
    expect(await (await now()).withUrl('NamingSystem', `${base}/mrn`)).toMatchObject([{ id: 'n' }])
    expect(await (await now()).withUrl('NamingSystem', `${base}/other`)).toEqual([])
  })
})
