import type { Bundle, BundleEntry } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import { type Got, linkOf, openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/http.html#history

let server: RestServer
/** `lastUpdated` of what happened, in order: each in a millisecond of its own. */
const times: string[] = []

beforeAll(async () => {
  server = await openServer()
  const organization = { resourceType: 'Organization', id: 'o', name: 'O' }
  const patient = (gender: string) => ({ body: { resourceType: 'Patient', id: 'a', gender } })
  const operations = [{ op: 'replace', path: '/gender', value: 'other' }]
  for (const [request, asked] of [
    ['PUT Patient/a', patient('male')],
    ['PUT Patient/a', patient('female')],
    ['PUT Organization/o', { body: organization }],
    ['PATCH Patient/a', { body: operations, type: 'application/json-patch+json' }],
    ['DELETE Patient/a', undefined],
    ['PUT Patient/a', patient('unknown')],
    ['POST Basic', { body: { resourceType: 'Basic', code: { text: 'b' } } }],
  ] as const) {
    const { json, status } = await server.ask(request, asked)
    expect(status).toBeLessThan(300)
    times.push(json?.meta.lastUpdated)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})
afterAll(() => server.stop())

const entries = ({ json }: Got): BundleEntry[] => (json as Bundle).entry ?? []
const versions = (got: Got) =>
  entries(got).map(
    ({ fullUrl, response }) => `${fullUrl!.split('/').slice(-2).join('/')} ${response!.etag!.slice(3, -1)}`,
  )
const history = (path: string) => server.expect(200, `GET ${path}`)

describe('a history', () => {
  it('of a resource has all its versions, the newest first', async () => {
    const got = await history('Patient/a/_history')
    expect(validateStructure(got.json)).toEqual([])
    expect(got.json).toMatchObject({ resourceType: 'Bundle', type: 'history' })
    expect(linkOf(got, 'self')).toBe(`${server.base}/Patient/a/_history`)
    expect(
      entries(got).map(({ request, response, resource }) => [
        `${request!.method} ${request!.url}`,
        response!.status,
        response!.etag,
        (resource as { gender?: string } | undefined)?.gender,
      ]),
    ).toEqual([
      ['PUT Patient/a', '201 Created', 'W/"5"', 'unknown'],
      ['DELETE Patient/a', '204 No Content', 'W/"4"', undefined],
      ['PATCH Patient/a', '200 OK', 'W/"3"', 'other'],
      ['PUT Patient/a', '200 OK', 'W/"2"', 'female'],
      ['PUT Patient/a', '201 Created', 'W/"1"', 'male'],
    ])
    for (const { resource, response, fullUrl } of entries(got)) {
      expect(fullUrl).toBe(`${server.base}/Patient/a`)
      if (resource) expect(response!.lastModified).toBe(resource.meta!.lastUpdated)
    }
  })

  it('of a type and of the system', async () => {
    expect(versions(await history('Organization/_history'))).toEqual(['Organization/o 1'])
    expect(versions(await history('Patient/_history'))).toEqual([5, 4, 3, 2, 1].map((n) => `Patient/a ${n}`))
    const got = await history('_history')
    expect(versions(got).map((text) => text.replace(/Basic\/\S+/, 'Basic'))).toEqual([
      'Basic 1',
      'Patient/a 5',
      'Patient/a 4',
      'Patient/a 3',
      'Organization/o 1',
      'Patient/a 2',
      'Patient/a 1',
    ])
    expect(validateStructure(got.json)).toEqual([])
    expect(entries(got)[0]!.request).toEqual({ method: 'POST', url: 'Basic' })
    expect(versions(await history('Device/_history'))).toEqual([])
  })

  it('_since a time', async () => {
    expect(versions(await history(`Patient/a/_history?_since=${times[3]}`))).toEqual([
      'Patient/a 5',
      'Patient/a 4',
      'Patient/a 3',
    ])
    expect(versions(await history(`_history?_since=${times[5]}`))).toHaveLength(2)
    expect(versions(await history('Patient/_history?_since=2100-01-01'))).toEqual([])
    expect(versions(await history('Patient/a/_history?_since=2000'))).toHaveLength(5)
  })

  it('_at a time has what was current then', async () => {
    const at = (path: string, n: number, later = 5) =>
      history(`${path}?_at=${new Date(Date.parse(times[n]!) + later).toISOString()}`)
    expect(versions(await at('Patient/a/_history', 0))).toEqual(['Patient/a 1'])
    expect(versions(await at('Patient/a/_history', 1))).toEqual(['Patient/a 2'])
    expect(versions(await at('Patient/a/_history', 2))).toEqual(['Patient/a 2'])
    expect(versions(await at('Patient/a/_history', 3, 0))).toEqual(['Patient/a 3'])
    expect(versions(await at('_history', 2))).toEqual(['Organization/o 1', 'Patient/a 2'])
    expect(versions(await at('Patient/_history', 0, -5000))).toEqual([])
    const day = new Date(times[0]!).toISOString().slice(0, 10)
    expect(versions(await history(`Patient/a/_history?_at=${day}`))).toHaveLength(5)
  })

  it.each([1, 2, 3])('is paged by _count=%i', async (count) => {
    for (const path of ['Patient/a/_history', 'Patient/_history', '_history']) {
      const all = versions(await history(path))
      const paged: string[] = []
      let next: string | undefined = `${server.base}/${path}?_count=${count}&_since=2000-01-01`
      while (next) {
        const got: Got = await server.expect(200, `GET ${next}`)
        expect(versions(got).length).toBeLessThanOrEqual(count)
        paged.push(...versions(got))
        next = linkOf(got, 'next')
      }
      expect(paged).toEqual(all)
    }
  })

  it('of what never was is 404, and nonsense is 400', async () => {
    await server.refused(404, 'GET Patient/nobody/_history')
    await server.refused(404, 'GET Patient/nobody/_history?_count=3')
    await server.refused(404, 'GET Organization/a/_history')
    await server.refused(400, 'GET Patient/a/_history?_since=yesterday')
    await server.refused(400, 'GET Patient/a/_history?_at=')
    await server.refused(400, 'GET Patient/a/_history?_count=some')
    const cursor = linkOf(await history('Patient/a/_history?_count=1'), 'next')!.split('?')[1]
    await server.refused(400, `GET Patient/_history?${cursor}`)
    await server.refused(400, `GET Patient?${cursor}`)
  })

  it('pages on while versions are added, each once', async () => {
    const put = (n: number) =>
      server.expect(n === 1 ? 201 : 200, 'PUT Basic/busy', {
        body: { resourceType: 'Basic', id: 'busy', code: { text: `${n}` } },
      })
    for (let n = 1; n <= 10; n++) await put(n)
    const seen: string[] = []
    let next: string | undefined = `${server.base}/Basic/busy/_history?_count=2`
    for (let n = 11; next; n++) {
      const got: Got = await server.expect(200, `GET ${next}`)
      seen.push(...versions(got))
      next = linkOf(got, 'next')
      await put(n)
    }
    expect(seen).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => `Basic/busy ${n}`))
  })
})
