import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type RestServer } from './server.js'

// Whether what is referred to is there: https://hl7.org/fhir/R4/http.html#integrity

const ENFORCED = 'enforce,AuditEvent=off,Provenance=off'

const aPatient = (id: string): Given => ({ resourceType: 'Patient', id })
const anObservation = (given: object = {}): Given => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'pulse' },
  ...given,
})
const of = (patient: string) => ({ subject: { reference: patient } })
const post = (resource: Given, fullUrl?: string) => ({
  ...(fullUrl && { fullUrl }),
  resource,
  request: { method: 'POST', url: resource.resourceType },
})
const put = (resource: Given) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
})
const remove = (url: string) => ({ request: { method: 'DELETE', url } })

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_REFERENCES: ENFORCED })
  for (const id of ['here', 'gone']) await server.expect(201, `PUT Patient/${id}`, { body: aPatient(id) })
  await server.expect(204, 'DELETE Patient/gone')
})
afterAll(() => server.stop())

describe('What is referred to must be there', () => {
  const cases: [name: string, given: object, where: string][] = [
    ['a patient that never was', of('Patient/nobody'), 'Observation.subject'],
    ['one that was deleted', of('Patient/gone'), 'Observation.subject'],
    ['a version that never was', of('Patient/here/_history/7'), 'Observation.subject'],
    [
      'one that no search parameter finds',
      { note: [{ text: 'n' }, { text: 'm', authorReference: { reference: 'Practitioner/nobody' } }] },
      'Observation.note[1].author',
    ],
    [
      'one in an extension',
      { extension: [{ url: 'http://example.org/e', valueReference: { reference: 'Device/nobody' } }] },
      'Observation.extension[0].value',
    ],
    [
      'one of what is contained',
      {
        contained: [{ resourceType: 'Specimen', id: 's', subject: { reference: 'Patient/nobody' } }],
        specimen: { reference: '#s' },
      },
      'Observation.contained[0].subject',
    ],
    ['a search, which only a transaction resolves', of('Patient?identifier=http://h|1'), 'Observation.subject'],
  ]

  it.each(cases)('%s', async (_, given, where) => {
    const before = await server.count('Observation')
    const { json } = await server.expect(422, 'POST Observation', { body: anObservation(given) })
    expect(json.issue[0]).toMatchObject({
      severity: 'error',
      code: 'not-found',
      expression: [expect.stringContaining(where)],
    })
    expect(await server.count('Observation')).toBe(before)
  })

  it.each([
    ['a patient', of('Patient/here')],
    ['a version', of('Patient/here/_history/1')],
    ['a version of what was deleted', of('Patient/gone/_history/1')],
    ['another server', of('http://elsewhere.example/fhir/Patient/nobody')],
    ['an identifier', { subject: { identifier: { system: 'http://h', value: '1' } } }],
    ['what is contained', { contained: [aPatient('p')], ...of('#p') }],
    ['this server by its full address', {}],
  ])('%s is', async (name, given) => {
    const own = name.startsWith('this') ? of(`${server.base}/Patient/here`) : given
    await server.expect(201, 'POST Observation', { body: anObservation(own) })
  })

  it('is asked of updates and patches, too, and of what is conditional', async () => {
    const body = { ...anObservation(of('Patient/here')), id: 'o' }
    await server.expect(201, 'PUT Observation/o', { body })
    await server.expect(422, 'PUT Observation/o', { body: { ...body, ...of('Patient/nobody') } })
    const patch = [{ op: 'replace', path: '/subject/reference', value: 'Patient/nobody' }]
    await server.expect(422, 'PATCH Observation/o', { body: patch, type: 'application/json-patch+json' })
    await server.expect(422, 'PUT Observation?_id=o', { body: { ...body, ...of('Patient/nobody') } })
    const headers = { 'If-None-Exist': '_id=none' }
    await server.expect(422, 'POST Observation', { body: anObservation(of('Patient/nobody')), headers })
    expect((await server.expect(200, 'GET Observation/o')).json).toMatchObject(of('Patient/here'))
  })

  it('keeps one bad reference from none but its own request', async () => {
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        server.ask('POST Observation', { body: anObservation(of(i % 4 === 0 ? 'Patient/nobody' : 'Patient/here')) }),
      ),
    )
    expect(all.map(({ status }) => status)).toEqual(all.map((_, i) => (i % 4 === 0 ? 422 : 201)))
  })

  it('types that are exempt may name anything', async () => {
    const body = {
      resourceType: 'Provenance',
      target: [{ reference: 'Patient/nobody' }],
      recorded: '2026-01-01T00:00:00Z',
      agent: [{ who: { display: 'w' } }],
    }
    await server.expect(201, 'POST Provenance', { body })
  })
})

describe('In a transaction', () => {
  it('the entries count, in whichever order', async () => {
    const patient = 'urn:uuid:6a2f2c6e-52a7-4c3e-8d4c-0a4d9a0a0001'
    const { status } = await server.transact([
      post(anObservation(of(patient))),
      post({ resourceType: 'Patient' }, patient),
      post(anObservation(of('Patient/together'))),
      put(aPatient('together')),
    ])
    expect(status).toBe(200)
  })

  it('all is refused for one, which is named', async () => {
    const { status, json } = await server.transact([
      put(aPatient('not-stored')),
      post(anObservation(of('Patient/nobody'))),
    ])
    expect(status).toBe(422)
    expect(json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]/)
    expect(json.issue[0].diagnostics).toContain('Patient/nobody')
    await server.expect(404, 'GET Patient/not-stored')
  })

  it('what is deleted in it is not there', async () => {
    await server.expect(201, 'PUT Patient/leaving', { body: aPatient('leaving') })
    const { status } = await server.transact([remove('Patient/leaving'), post(anObservation(of('Patient/leaving')))])
    expect(status).toBe(422)
    await server.expect(200, 'GET Patient/leaving')
  })
})

describe('What is referred to is not deleted', () => {
  const referrer = async (id: string, given: object) => {
    await server.expect(201, `PUT Patient/${id}`, { body: aPatient(id) })
    await server.expect(201, `PUT Observation/of-${id}`, { body: { ...anObservation(given), id: `of-${id}` } })
  }

  it.each([
    ['by a search parameter', 'a', of('Patient/a')],
    ['by an extension', 'b', { extension: [{ url: 'http://e.org/x', valueReference: { reference: 'Patient/b' } }] }],
    [
      'by what is contained',
      'c',
      {
        contained: [{ resourceType: 'Specimen', id: 's', subject: { reference: 'Patient/c' } }],
        specimen: { reference: '#s' },
      },
    ],
  ])('%s', async (_, id, given) => {
    await referrer(id, given)
    expect(await server.refused(409, `DELETE Patient/${id}`)).toContain(`Observation/of-${id}`)
    await server.expect(200, `GET Patient/${id}`)
    expect(await server.refused(409, `DELETE Patient?_id=${id}`)).toContain(`Observation/of-${id}`)
    const { status, json } = await server.transact([remove(`Patient/${id}`)])
    expect(status).toBe(409)
    expect(json.issue[0].diagnostics).toContain(`Observation/of-${id}`)
    await server.expect(204, `DELETE Observation/of-${id}`)
    await server.expect(204, `DELETE Patient/${id}`)
  })

  it('goes with its referrers', async () => {
    await referrer('d', of('Patient/d'))
    expect((await server.transact([remove('Patient/d'), remove('Observation/of-d')])).status).toBe(200)
    await server.expect(410, 'GET Patient/d')
  })

  it('goes when its referrers refer to something else', async () => {
    await referrer('e', of('Patient/e'))
    const other = { ...anObservation(of('Patient/here')), id: 'of-e' }
    expect((await server.transact([remove('Patient/e'), put(other)])).status).toBe(200)
  })

  it('names ten, and how many more there are', async () => {
    await server.expect(201, 'PUT Patient/f', { body: aPatient('f') })
    await server.transact(Array.from({ length: 13 }, () => post(anObservation(of('Patient/f')))))
    const said = await server.refused(409, 'DELETE Patient/f')
    expect(said.match(/Observation\//g)).toHaveLength(10)
    expect(said).toContain('and 3 more')
  })

  it('may refer to itself', async () => {
    const body = { ...aPatient('g'), link: [{ other: { reference: 'Patient/g' }, type: 'seealso' }] }
    await server.expect(201, 'PUT Patient/g', { body })
    await server.expect(204, 'DELETE Patient/g')
  })

  it('is one or the other when both happen at once', async () => {
    for (let i = 0; i < 30; i++) {
      const id = `race-${i}`
      await server.expect(201, `PUT Patient/${id}`, { body: aPatient(id) })
      const [deleted, made] = await Promise.all([
        server.ask(`DELETE Patient/${id}`),
        i % 2
          ? server.ask('POST Observation', { body: anObservation(of(`Patient/${id}`)) })
          : server.transact([post(anObservation(of(`Patient/${id}`)))]),
      ])
      const outcome = `${deleted.status} ${made.status < 300 ? 'stored' : made.status}`
      expect(['204 422', '409 stored']).toContain(outcome)
    }
  })
})

describe('By the setting', () => {
  let open: RestServer
  beforeAll(async () => {
    open = await openServer({ INGLE_REFERENCES: 'warn,Encounter=off,Condition=enforce' })
  })
  afterAll(() => open.stop())

  it('warn stores it and says so', async () => {
    const headers = { Prefer: 'return=OperationOutcome' }
    const { json } = await open.expect(201, 'POST Observation', { body: anObservation(of('Patient/nobody')), headers })
    expect(json.issue).toContainEqual(
      expect.objectContaining({ severity: 'warning', expression: [expect.stringContaining('Observation.subject')] }),
    )
  })

  it('off says nothing', async () => {
    const body = { resourceType: 'Encounter', status: 'planned', class: { code: 'AMB' }, ...of('Patient/nobody') }
    const headers = { Prefer: 'return=OperationOutcome' }
    const { text } = await open.expect(201, 'POST Encounter', { body, headers })
    expect(text).not.toContain('nobody')
  })

  it('a type has its own', async () => {
    const body = { resourceType: 'Condition', ...of('Patient/nobody') }
    await open.expect(422, 'POST Condition', { body })
    await open.expect(201, 'PUT Patient/p', { body: aPatient('p') })
    await open.expect(201, 'POST Observation', { body: anObservation(of('Patient/p')) })
    await open.expect(201, 'POST Condition', { body: { ...body, ...of('Patient/p') } })
    expect(await open.refused(409, 'DELETE Patient/p')).not.toContain('Observation')
  })
})
