import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type RestServer } from '../rest/server.js'
import { openIdentityProvider } from '../support/identity-provider.js'
import { storesWhatHasTheForm } from '../support/settings.js'

// https://hl7.org/fhir/uv/bulkdata/STU2/export.html

const later = { Prefer: 'respond-async', Accept: 'application/fhir+json' }
const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })
const patientNamed = (id: string) => ({ name: 'patient', valueReference: { reference: `Patient/${id}` } })

interface Output {
  type: string
  url: string
  count: number
}

/** What can be asked with these headers. */
function client(server: RestServer, more: Record<string, string> = {}) {
  const headers = { ...later, ...more }

  /** @returns where the manifest is */
  async function kickOff(request: string, body?: object): Promise<string> {
    const got = await server.expect(202, request, { headers, body })
    expect(got.text).toBe('')
    const url = got.headers.get('content-location')!
    expect(url.startsWith(`${server.base}/_export/`)).toBe(true)
    return url
  }
  const manifestOf = async (url: string) => {
    for (;;) {
      const got = await server.ask(`GET ${url}`, { headers: more })
      if (got.status !== 202) return got
      // Other tests write in the same cluster.
      expect(got.headers.get('retry-after')).toBe('1')
    }
  }
  /** `Type/id` of all lines, after what the manifest says of them was looked at. */
  async function exported(url: string): Promise<string[]> {
    const { json } = await manifestOf(url)
    const names: string[] = []
    for (const { type, url: file, count } of json.output as Output[]) {
      const lines = await linesOf(file)
      expect(lines.map(({ resourceType }) => resourceType)).toEqual(lines.map(() => type))
      expect(lines).toHaveLength(count)
      names.push(...lines.map(({ id }) => `${type}/${id}`))
    }
    return names.sort()
  }
  async function linesOf(file: string): Promise<Given[]> {
    const got = await server.expect(200, `GET ${file}`, {
      headers: { ...more, Accept: 'application/fhir+ndjson', 'Accept-Encoding': 'gzip' },
    })
    expect(got.headers.get('content-type')).toBe('application/fhir+ndjson')
    expect(got.text.endsWith('\n')).toBe(true)
    return got.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  return { token: more, headers, kickOff, manifestOf, exported, linesOf }
}

const observation = (id: string, patient: string, more: object = {}) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: `Patient/${patient}` },
  ...more,
})

const given: Given[] = [
  { resourceType: 'Patient', id: 'ann', active: true, name: [{ family: 'Ash' }] },
  { resourceType: 'Patient', id: 'ben', active: true },
  { resourceType: 'Patient', id: 'cat', active: true },
  { resourceType: 'Practitioner', id: 'doc' },
  observation('of-ann', 'ann'),
  observation('of-ben', 'ben'),
  observation('of-place', 'ann', { subject: { reference: 'Location/lab' } }),
  // In a compartment by another element than that of its patient.
  observation('by-cat', 'ann', {
    subject: { reference: 'Location/lab' },
    performer: [{ reference: 'Patient/cat' }],
  }),
  { resourceType: 'Location', id: 'lab' },
  {
    resourceType: 'Group',
    id: 'inner',
    type: 'person',
    actual: true,
    member: [{ entity: { reference: 'Patient/cat' } }],
  },
  {
    resourceType: 'Group',
    id: 'all',
    type: 'person',
    actual: true,
    member: [
      { entity: { reference: 'Patient/ann' } },
      { entity: { reference: 'Patient/ben' }, inactive: true },
      { entity: { reference: 'Group/inner' } },
    ],
  },
]

const seed = async (server: RestServer, headers?: Record<string, string>) => {
  for (const one of given) await server.expect(201, `PUT ${one.resourceType}/${one.id}`, { body: one, headers })
}

const ofPatients = [
  'Group/all',
  'Group/inner',
  'Observation/by-cat',
  'Observation/of-ann',
  'Observation/of-ben',
  'Patient/ann',
  'Patient/ben',
  'Patient/cat',
]
const everything = [...ofPatients, 'Location/lab', 'Observation/of-place', 'Practitioner/doc'].sort()

describe('an export', () => {
  let server: RestServer
  let all: ReturnType<typeof client>
  beforeAll(async () => {
    server = await openServer(storesWhatHasTheForm)
    await seed(server)
    all = client(server)
  })
  afterAll(() => server.stop())

  it.each<[request: string, body: object | undefined, expected: string[]]>([
    ['GET $export', undefined, everything],
    ['POST $export', { resourceType: 'Parameters' }, everything],
    ['GET $export?_outputFormat=application/fhir+ndjson', undefined, everything],
    ['GET $export?_type=Patient,Location', undefined, ['Location/lab', 'Patient/ann', 'Patient/ben', 'Patient/cat']],
    [
      'POST $export',
      parameters({ name: '_type', valueString: 'Location' }, { name: '_type', valueString: 'Practitioner' }),
      ['Location/lab', 'Practitioner/doc'],
    ],
    ['GET $export?_type=Basic', undefined, []],
    ['GET Patient/$export', undefined, ofPatients],
    ['GET Patient/$export?_type=Observation', undefined, ofPatients.filter((one) => /^Obs/.test(one))],
    [
      'POST Patient/$export',
      parameters(patientNamed('ben'), { name: '_type', valueCode: 'Observation,Patient' }),
      ['Observation/of-ben', 'Patient/ben'],
    ],
    [
      'GET Group/all/$export?_type=Observation,Patient',
      undefined,
      ['Observation/by-cat', 'Observation/of-ann', 'Patient/ann', 'Patient/cat'],
    ],
    [
      'POST Group/all/$export',
      parameters(patientNamed('ann'), { name: '_type', valueCode: 'Patient' }),
      ['Patient/ann'],
    ],
    ['GET Group/inner/$export?_type=Patient', undefined, ['Patient/cat']],
    ['GET $export?_since=2999-01-01T00:00:00Z', undefined, []],
  ])('%s %j has %j', async (request, body, expected) => {
    expect(await all.exported(await all.kickOff(request, body))).toEqual(expected)
  })

  it('says in its manifest when, of what and for whom', async () => {
    const before = Date.now()
    const url = await all.kickOff('GET $export?_type=Location')
    const { json, headers } = await all.manifestOf(url)
    expect(headers.get('content-type')).toBe('application/json')
    expect(Date.parse(headers.get('expires')!)).toBeGreaterThan(before + 80_000_000)
    const { transactionTime, ...rest } = json
    expect(Date.parse(transactionTime)).toBeGreaterThanOrEqual(before)
    expect(rest).toEqual({
      request: `${server.base}/$export?_type=Location`,
      requiresAccessToken: false,
      output: [{ type: 'Location', url: `${url}/Location`, count: 1 }],
      error: [],
    })
  })

  it('has only what _elements names, and marks it', async () => {
    const { json } = await all.manifestOf(
      await all.kickOff('GET $export?_type=Patient,Location&_elements=Patient.name'),
    )
    const [locations, patients] = await Promise.all(
      ['Location', 'Patient'].map((type) => all.linesOf(json.output.find((one: Output) => one.type === type).url)),
    )
    const ann = patients!.find(({ id }) => id === 'ann')!
    expect(ann).toMatchObject({ name: [{ family: 'Ash' }], meta: { tag: [{ code: 'SUBSETTED' }] } })
    expect(ann).not.toHaveProperty('active')
    expect(locations![0]!.meta).not.toHaveProperty('tag')
  })

  it('leaves of a type that lacks the element what it cannot be without', async () => {
    const { json } = await all.manifestOf(await all.kickOff('GET $export?_type=Patient,Observation&_elements=active'))
    const of = (type: string) => all.linesOf(json.output.find((one: Output) => one.type === type).url)
    expect((await of('Patient'))[0]).toHaveProperty('active', true)
    expect(Object.keys((await of('Observation'))[0]!).sort()).toEqual(['code', 'id', 'meta', 'resourceType', 'status'])
  })

  it.each<[status: number, request: string, says: RegExp, body?: object]>([
    [400, 'GET $export?foo=1', /has no parameter foo; it has _outputFormat/],
    [400, 'GET $export?_typeFilter=Patient%3Factive%3Dtrue', /_typeFilter/],
    [400, 'GET $export?patient=ann', /patient/],
    [400, 'GET $export?_outputFormat=text/csv', /_outputFormat/],
    [400, 'GET $export?_since=yesterday', /_since/],
    [400, 'GET $export?_type=Pation', /_type: Pation/],
    [400, 'GET $export?_type=Patient&_elements=nothing', /_elements: .* nothing/],
    [400, 'GET Patient/$export?_type=Practitioner', /Practitioner is not in the compartment/],
    [400, 'GET Patient/$export?patient=ann', /by POST/],
    [400, 'POST Patient/$export', /Patient\/nobody is not here/, parameters(patientNamed('nobody'))],
    [400, 'POST Group/all/$export', /not an active member/, parameters(patientNamed('ben'))],
    [400, 'GET Group/$export', /Group\/\[id\]/],
    [404, 'GET Group/none/$export', /no resource/],
    [404, 'GET Patient/ann/$export', /no operation/],
    [404, 'GET _export/none', /no such export/],
    [404, 'GET _export/none/Patient', /no such export/],
    [404, 'DELETE _export/none', /no such export/],
    [405, 'POST _export/none', /POST/],
  ])('%i for %s', async (status, request, says, body?) => {
    expect(await server.refused(status, request, { headers: later, body })).toMatch(says)
  })

  it('is asynchronous or not at all', async () => {
    expect(await server.refused(400, 'GET $export')).toContain('Prefer: respond-async')
  })

  it.each([
    ['$export', '400'],
    ['_export/none', '404'],
    ['_export/none/Patient', '404'],
  ])('is no entry of a batch: %s is %s', async (url, status) => {
    const { json } = await server.batch([{ request: { method: 'GET', url } }])
    expect(json.entry[0].response.status).toMatch(status)
  })

  it('can be cancelled', async () => {
    const url = await all.kickOff('GET $export')
    const { json } = await all.manifestOf(url)
    await server.expect(202, `DELETE ${url}`)
    for (const gone of [`GET ${url}`, `GET ${json.output[0].url}`, `DELETE ${url}`]) await server.expect(404, gone)
  })

  it('is forgotten after a while', async () => {
    const url = await all.kickOff('GET $export')
    const db = new pg.Client(server.database.url)
    await db.connect()
    await db.query(`update bulk_export set expires = now() where id = '${url.split('/').at(-1)}'`)
    await db.end()
    expect(await server.refused(404, `GET ${url}`)).toContain('no longer kept')
    expect(await server.refused(404, `DELETE ${url}`)).toContain('no longer kept')
  })

  it('has no file of a type that was not asked for', async () => {
    const url = await all.kickOff('GET $export?_type=Location')
    await server.expect(404, `GET ${url}/Location`)
    await all.manifestOf(url)
    await server.expect(404, `GET ${url}/Patient`)
  })

  it('is in the CapabilityStatement, for the server, patients and groups', async () => {
    const { json } = await server.expect(200, 'GET metadata')
    const [rest] = json.rest
    const of = (type: string) => rest.resource.find((one: { type: string }) => one.type === type)
    for (const { operation } of [rest, of('Patient'), of('Group')])
      expect(operation.map(({ name }: { name: string }) => name)).toContain('export')
  })
})

describe('what is written after the kick-off', () => {
  let server: RestServer
  beforeAll(async () => {
    server = await openServer(storesWhatHasTheForm)
    await seed(server)
  })
  afterAll(() => server.stop())

  it('does not show at any level, before the manifest or after it', async () => {
    const all = client(server)
    const since = new Date().toISOString()
    await server.expect(200, 'PUT Observation/of-ann', { body: observation('of-ann', 'ann', { status: 'amended' }) })
    const cases: [request: string, expected: string[]][] = [
      ['GET $export', everything],
      ['GET Patient/$export', ofPatients],
      ['GET Group/all/$export?_type=Observation', ['Observation/by-cat', 'Observation/of-ann']],
      [`GET $export?_since=${since}`, ['Observation/of-ann']],
    ]
    const urls = await Promise.all(cases.map(([request]) => all.kickOff(request)))
    const [first] = urls
    await all.manifestOf(first!)
    // A write of the same millisecond as the kick-off would be in it.
    await new Promise((resolve) => setTimeout(resolve, 2))

    await server.expect(201, 'PUT Patient/dan', { body: { resourceType: 'Patient', id: 'dan' } })
    await server.expect(201, 'PUT Observation/of-dan', { body: observation('of-dan', 'ann') })
    await server.expect(200, 'PUT Patient/ben', { body: { resourceType: 'Patient', id: 'ben', active: false } })
    await server.expect(200, 'PUT Patient/ben', { body: { resourceType: 'Patient', id: 'ben', gender: 'male' } })
    // It is of somebody else now, and was of somebody else then.
    await server.expect(200, 'PUT Observation/of-ann', { body: observation('of-ann', 'ben') })
    await server.expect(200, 'PUT Observation/of-ben', { body: observation('of-ben', 'ann') })
    await server.expect(204, 'DELETE Observation/by-cat')
    await server.expect(410, 'GET Observation/by-cat')

    for (const [i, [, expected]] of cases.entries()) expect(await all.exported(urls[i]!)).toEqual(expected)
    const { json } = await all.manifestOf(first!)
    const patients = await all.linesOf(json.output.find(({ type }: Output) => type === 'Patient').url)
    expect(patients.find(({ id }) => id === 'ben')).toMatchObject({ active: true, meta: { versionId: '1' } })

    // The next one goes on from there.
    const next = await all.exported(await all.kickOff(`GET $export?_since=${json.transactionTime}`))
    expect(next).toEqual([
      'Observation/of-ann',
      'Observation/of-ben',
      'Observation/of-dan',
      'Patient/ben',
      'Patient/dan',
    ])
  })

  it('is waited for when it had begun before', async () => {
    const db = new pg.Client(server.database.url)
    await db.connect()
    try {
      await db.query('begin; create table being_written (n integer)')
      const url = await client(server).kickOff('GET $export')
      const waiting = await server.expect(202, `GET ${url}`)
      expect(waiting.headers.get('x-progress')).toBeTruthy()
      await db.query('rollback')
      expect((await client(server).manifestOf(url)).status).toBe(200)
    } finally {
      await db.end()
    }
  })
})

describe('with scopes', () => {
  let server: RestServer
  let as: (scope: string, subject?: string) => Promise<ReturnType<typeof client>>
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    const provider = await openIdentityProvider()
    closing.push(() => provider.close())
    server = await openServer({ ...storesWhatHasTheForm, ...provider.settings })
    closing.push(() => server.stop())
    as = async (scope, subject) => client(server, await provider.as(scope, subject))
    await seed(server, (await as('system/*.cruds')).token)
  })
  afterAll(async () => {
    for (const close of closing.reverse()) await close()
  })

  it('has only the types that they cover', async () => {
    const app = await as('system/Patient.rs system/Location.rs')
    const url = await app.kickOff('GET $export')
    expect((await app.manifestOf(url)).json.requiresAccessToken).toBe(true)
    expect(await app.exported(url)).toEqual(['Location/lab', 'Patient/ann', 'Patient/ben', 'Patient/cat'])
  })

  it.each<[scope: string, request: string, says: RegExp]>([
    ['system/Patient.rs', 'GET $export?_type=Patient,Observation', /Observation\.s/],
    ['system/Patient.rs', 'GET Group/all/$export', /Group\.s/],
    ['patient/*.rs', 'GET $export', /patient-level scope/i],
    ['openid', 'GET Patient/$export', /scope/],
  ])('403 for %s: %s', async (scope, request, says) => {
    const { headers } = await as(scope)
    expect(await server.refused(403, request, { headers })).toMatch(says)
  })

  it('is there for nobody else, and for who asked with the scopes it takes', async () => {
    const app = await as('system/Patient.rs system/Location.rs')
    const url = await app.kickOff('GET $export')
    const { json } = await app.manifestOf(url)
    const [{ url: file }] = json.output
    const other = await as('system/*.cruds', 'other-app')
    for (const request of [`GET ${url}`, `GET ${file}`, `DELETE ${url}`])
      await server.refused(404, request, { headers: other.headers })
    const less = await as('system/Patient.rs')
    expect(await server.refused(403, `GET ${url}`, { headers: less.headers })).toContain('Location')
    expect(await server.refused(403, `GET ${url}/Location`, { headers: less.headers })).toContain('Location')
    await server.expect(200, `GET ${file.replace(/\w+$/, 'Patient')}`, { headers: less.headers })
  })
})
