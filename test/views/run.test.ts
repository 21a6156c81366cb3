import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openViews, parameters, type View, type ViewServer } from './server.js'

// https://sql-on-fhir.org/ig/operations-common.html

let server: ViewServer
beforeAll(async () => {
  server = await openViews({ INGLE_POOL_MAX: '6' })
  await stored([
    ...people.map((resource) => put(resource)),
    ...observations.map((resource) => put(resource)),
    put({
      resourceType: 'Group',
      id: 'g',
      type: 'person',
      actual: true,
      member: [member('b'), { ...member('a'), inactive: true }],
    }),
    put(library('heights', heights, 'http://example.org/heights', '1')),
    put(library('heights2', heights, 'http://example.org/heights', '2')),
    put({ ...library('empty', heights), content: [{ contentType: 'text/cql' }] }),
    put({ resourceType: 'Patient', id: 'gone' }),
  ])
  await stored([
    { request: { method: 'DELETE', url: 'Patient/gone' } },
    put({ ...people[1]!, name: [{ family: 'Oak, "the" 2nd' }] }),
  ])
})
afterAll(() => server.stop())

async function stored(entry: unknown[]): Promise<void> {
  const { status, text } = await server.transact(entry)
  expect(status, text).toBe(200)
}

type Given = { resourceType: string; id: string } & Record<string, unknown>
const put = (resource: Given) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
})
const member = (id: string) => ({ entity: { reference: `Patient/${id}` } })

const people: Given[] = [
  { resourceType: 'Patient', id: 'a', name: [{ family: 'Ash' }], birthDate: '1970-01-01' },
  { resourceType: 'Patient', id: 'b', name: [{ family: 'Oak' }] },
  { resourceType: 'Patient', id: 'c' },
]
const observations: Given[] = ['a', 'b', 'a'].map((of, i) => ({
  resourceType: 'Observation',
  id: `o${i}`,
  status: 'final',
  code: { text: 'height' },
  subject: { reference: `Patient/${of}` },
  valueQuantity: { value: 170 + i },
}))

const names = view('Patient', { id: 'getResourceKey()', family: 'name.family', born: 'birthDate' })
const heights = view('Observation', {
  id: 'id',
  patient: 'subject.getReferenceKey(Patient)',
  value: 'value.ofType(Quantity).value',
})

function view(resource: string, columns: Record<string, string>): View {
  return { resource, select: [{ column: Object.entries(columns).map(([name, path]) => ({ name, path })) }] }
}

function library(id: string, definition: View, url?: string, version?: string): Given {
  const data = Buffer.from(JSON.stringify({ resourceType: 'ViewDefinition', ...definition })).toString('base64')
  const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] }
  return {
    ...{ resourceType: 'Library', id, status: 'active', type, url, version },
    content: [{ contentType: 'application/json', data }],
  }
}

const asked = (...more: object[]) => ({ body: parameters(names, [], more) })

describe('the format', () => {
  const json =
    '[{"id":"a","family":"Ash","born":"1970-01-01"},\n{"id":"b","family":"Oak, \\"the\\" 2nd","born":null},\n{"id":"c","family":null,"born":null}]'
  const ndjson = `${json.slice(1, -1).replaceAll(',\n', '\n')}\n`
  const csv = 'id,family,born\r\na,Ash,1970-01-01\r\nb,"Oak, ""the"" 2nd",\r\nc,,\r\n'

  it.each<[accept: string | undefined, more: object[], type: string, text: string]>([
    ['application/json', [], 'application/json', json],
    ['application/fhir+json', [], 'application/json', json],
    ['*/*', [], 'application/x-ndjson', ndjson],
    ['application/x-ndjson', [], 'application/x-ndjson', ndjson],
    ['text/csv', [], 'text/csv; charset=utf-8; header=present', csv],
    ['image/png;q=0.9, text/csv;q=0.5, application/json;q=0.1', [], 'text/csv; charset=utf-8; header=present', csv],
    ['application/json', [{ name: '_format', valueCode: 'csv' }], 'text/csv; charset=utf-8; header=present', csv],
    ['image/png', [{ name: '_format', valueCode: 'text/csv' }], 'text/csv; charset=utf-8; header=present', csv],
    ['text/csv', [{ name: 'header', valueBoolean: false }], 'text/csv; charset=utf-8; header=absent', csv.slice(16)],
  ])('for Accept %s and %j is %s', async (accept, more, type, text) => {
    const answer = await server.expect(200, 'POST ViewDefinition/$run', {
      ...asked(...more),
      headers: { Accept: accept! },
    })
    expect(answer.headers.get('content-type')).toBe(type)
    expect(answer.text).toBe(text)
  })

  it('may be in the URL', async () => {
    const { text } = await server.expect(200, 'POST ViewDefinition/$run?_format=csv&header=false', asked())
    expect(text).toBe(csv.slice(16))
  })

  it.each([
    ['json', '[]'],
    ['ndjson', ''],
    ['csv', 'id\r\n'],
  ])('%s of no rows is %j', async (format, text) => {
    const body = parameters(
      view('Group', { id: 'id' }),
      [],
      [
        { name: '_format', valueCode: format },
        { name: 'resource', resource: people[0] },
      ],
    )
    expect((await server.expect(200, 'POST ViewDefinition/$run', { body })).text).toBe(text)
  })

  it('CSV has lists and elements as JSON, and tells no value from an empty text', async () => {
    const select = [
      {
        column: [
          { name: 'a', path: 'name.given', collection: true },
          { name: 'b', path: "''" },
          { name: 'c', path: 'name.text' },
          { name: 'd', path: 'name.period' },
        ],
      },
    ]
    const patient = { resourceType: 'Patient', name: [{ given: ['x', 'y'], period: { start: '2001' } }] }
    const body = parameters({ resource: 'Patient', select }, [patient], [{ name: '_format', valueCode: 'csv' }])
    const { text } = await server.expect(200, 'POST ViewDefinition/$run', { body })
    expect(text).toBe('a,b,c,d\r\n"[""x"", ""y""]","",,"{""start"": ""2001""}"\r\n')
  })
})

describe('the data', () => {
  const reference = (name: string, value: string) => ({ name, valueReference: { reference: value } })
  const ids = async (definition: View, resources: object[], ...more: object[]) =>
    (await server.rows(definition, resources, more)).map(({ id }) => id)

  it.each<[what: string, view: View, more: object[], ids: string[]]>([
    ['is what is stored now', names, [], ['a', 'b', 'c']],
    ['of a patient', heights, [reference('patient', 'Patient/a')], ['o0', 'o2']],
    [
      'of patients',
      heights,
      [reference('patient', 'Patient/a'), reference('patient', 'Patient/b')],
      ['o0', 'o1', 'o2'],
    ],
    ['of a patient with none', heights, [reference('patient', 'Patient/c')], []],
    ['that is the patient', names, [reference('patient', 'Patient/b')], ['b']],
    ['of the active members of a group', heights, [reference('group', 'Group/g')], ['o1']],
    ['since a time to come', names, [{ name: '_since', valueInstant: '2999-01-01T00:00:00Z' }], []],
    ['since a time gone by', names, [{ name: '_since', valueInstant: '2001-01-01T00:00:00Z' }], ['a', 'b', 'c']],
  ])('%s', async (_, definition, more, expected) => {
    expect(await ids(definition, [], ...more)).toEqual(expected)
  })

  it.each<[what: string, more: object[], ids: string[]]>([
    ['that was sent', [], ['o0', 'o1', 'o2']],
    ['that was sent, of a patient', [reference('patient', 'Patient/a')], ['o0', 'o2']],
    ['that was sent, of a group', [reference('group', 'Group/g')], ['o1']],
    ['that was sent, since', [{ name: '_since', valueInstant: '2020-01-01T00:00:00Z' }], ['o1']],
  ])('%s', async (_, more, expected) => {
    const [first, second, third] = observations
    const sent = [first!, { ...second!, meta: { lastUpdated: '2021-01-01T00:00:00Z' } }, ...people]
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: third }, { fullUrl: 'urn:x' }] }
    expect(await ids(heights, [...sent, bundle], ...more)).toEqual(expected)
  })

  it('of a patient may be asked for in a URL', async () => {
    const { text } = await server.expect(
      200,
      'GET ViewDefinition/heights/$run?patient=Patient/b&_format=csv&header=false',
    )
    expect(text).toBe('o1,b,171\r\n')
  })
})

describe('a stored view', () => {
  const csv = '_format=csv&header=false&_limit=1'

  it.each([
    'ViewDefinition/heights/$run?',
    'ViewDefinition/heights/$viewdefinition-run?',
    'ViewDefinition/$run?viewReference=Library/heights&',
    'ViewDefinition/$run?viewReference=ViewDefinition/heights&',
    'ViewDefinition/$run?viewCanonical=http://example.org/heights%7C2&',
    '$viewdefinition-run?viewReference=BASE/Library/heights&',
    '$sql-run?subjectReference=Library/heights&',
    '$sql-run?subjectCanonical=http://example.org/heights%7C1&',
  ])('goes by %s', async (path) => {
    const { text } = await server.expect(200, `GET ${path.replace('BASE', server.base)}${csv}`)
    expect(text).toBe('o0,a,170\r\n')
  })

  it('of several versions is not guessed', async () => {
    const says = await server.refused(400, 'GET $sql-run?subjectCanonical=http://example.org/heights')
    expect(says).toContain('url|version')
  })

  it('is looked for in vain in other content', async () => {
    expect(await server.refused(422, 'GET ViewDefinition/empty/$run')).toContain('Library/empty holds no view')
  })
})

describe('a page', () => {
  const next = (headers: Headers) => /^<([^>]*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]

  /** The pages of a request, by its Link headers. */
  async function pages(first: string, body?: unknown): Promise<string[]> {
    const texts: string[] = []
    for (let url: string | undefined = first; url && texts.length < 20; ) {
      const { text, headers } = await server.expect(200, `${body ? 'POST' : 'GET'} ${url}`, { body })
      texts.push(text)
      url = next(headers)
    }
    return texts
  }

  it('leads to the next', async () => {
    expect(await pages('ViewDefinition/heights/$run?_limit=2&_format=csv&header=false')).toEqual([
      'o0,a,170\r\no1,b,171\r\n',
      'o2,a,172\r\n',
    ])
  })

  it('may end within a resource', async () => {
    const links = { resource: 'Patient', select: [{ forEach: 'telecom', column: [{ name: 'v', path: 'value' }] }] }
    const patient = (...values: string[]) => ({ resourceType: 'Patient', telecom: values.map((value) => ({ value })) })
    const data = [patient('1', '2', '3'), patient(), patient('4'), patient('5', '6', '7', '8')]
    for (const limit of [1, 2, 3, 7, 8, 9]) {
      const body = parameters(links, data, [
        { name: '_limit', valuePositiveInt: limit },
        { name: '_format', valueCode: 'csv' },
        { name: 'header', valueBoolean: false },
      ])
      const texts = await pages('ViewDefinition/$run', body)
      expect(texts.join('').split('\r\n').slice(0, -1)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
      expect(texts.length).toBe(Math.ceil(8 / limit))
    }
  })

  it('is of the request that it was begun with', async () => {
    const { headers } = await server.expect(200, 'GET ViewDefinition/heights/$run?_limit=1')
    const url = next(headers)!
    await server.expect(200, `GET ${url}`)
    expect(await server.refused(400, `GET ${url}&patient=Patient/a`)).toContain('another request')
    expect(await server.refused(400, `GET ${url.replace('_limit=1', '')}`)).toContain('_limit')
  })
})

describe('a stream', () => {
  const numbers = (count: number, last: object = {}) =>
    Array.from({ length: count }, (_, i) => ({ resourceType: 'Patient', id: `n${i}`, ...(i === count - 1 && last) }))
  const id = view('Patient', { id: 'id', family: 'name.family' })

  it('has all rows, of however many batches', async () => {
    const rows = await server.rows(id, numbers(3500))
    expect(rows.map((row) => row.id)).toEqual(numbers(3500).map((row) => row.id))
  })

  it('is compressed for who wants it', async () => {
    const answer = await fetch(`${server.base}/ViewDefinition/$run`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'Accept-Encoding': 'gzip', Accept: 'application/json' },
      body: JSON.stringify(parameters(id, numbers(2000))),
    })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(await answer.json()).toHaveLength(2000)
  })

  it('that breaks off cannot be taken for the whole', async () => {
    const several = { name: [{ family: 'x' }, { family: 'y' }] }
    expect(await server.refused(422, id, numbers(900, several))).toContain('Column family')
    await expect(server.rows(id, numbers(5000, several))).rejects.toThrow()
  })

  it('that nobody reads any more gives its session back', async () => {
    const wide = view('Patient', { id: 'id', wide: `'${'x'.repeat(4000)}'` })
    const body = JSON.stringify(parameters(wide, numbers(4000)))
    for (let i = 0; i < 6; i++) {
      const controller = new AbortController()
      const answer = await fetch(`${server.base}/ViewDefinition/$run`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+json' },
        body,
        signal: controller.signal,
      })
      await answer.body!.getReader().read()
      controller.abort()
    }
    expect(await server.rows(id, numbers(1))).toEqual([{ id: 'n0', family: null }])
  })

  it('is made anew for a key that came before', async () => {
    for (let i = 0; i < 2; i++) {
      const headers = { 'Idempotency-Key': 'k', Accept: 'application/json' }
      const { json } = await server.expect(200, 'POST ViewDefinition/$run', {
        headers,
        body: parameters(id, numbers(3)),
      })
      expect(json).toHaveLength(3)
    }
  })

  it('is no entry of a batch', async () => {
    for (let i = 0; i < 8; i++) {
      const { json } = await server.batch([{ request: { method: 'GET', url: 'ViewDefinition/heights/$run' } }])
      expect(json.entry[0].response.status).toMatch(/^400/)
    }
    expect(await server.rows(id, numbers(1))).toHaveLength(1)
  })

  it('is only begun for HEAD', async () => {
    for (let i = 0; i < 8; i++) {
      const { status, text, headers } = await server.ask('HEAD ViewDefinition/heights/$run?_format=csv')
      expect([status, text, headers.get('content-type')]).toEqual([200, '', 'text/csv; charset=utf-8; header=present'])
    }
    expect(await server.rows(id, numbers(1))).toHaveLength(1)
  })
})
