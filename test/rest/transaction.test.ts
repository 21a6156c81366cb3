import { randomUUID } from 'node:crypto'
import type { BundleEntry } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import { type Given, openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/http.html#trules

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

let n = 0
/** An identifier of this call alone. */
const fresh = () => `t${++n}`
const patient = (value: string, more: Record<string, unknown> = {}): Given => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:t', value }],
  ...more,
})
const observation = (subject: string): Given => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'c' },
  subject: { reference: subject },
})
const by = (value: string) => `identifier=urn:t|${value}`
const post = (resource: Given, fullUrl?: string, more: Record<string, unknown> = {}) => ({
  ...(fullUrl && { fullUrl }),
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
})
const put = (resource: Given, more: Record<string, unknown> = {}) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...more },
})
const request = (text: string, more: Record<string, unknown> = {}) => {
  const [method, url] = text.split(' ')
  return { request: { method, url, ...more } }
}

/** Sends it, expects it to be done and gives back the entries. */
async function done(entry: unknown[], headers?: Record<string, string>): Promise<BundleEntry[]> {
  const { status, json, text } = await server.transact(entry, headers)
  expect(status, text.slice(0, 1000)).toBe(200)
  expect(json).toMatchObject({ resourceType: 'Bundle', type: 'transaction-response' })
  expect(validateStructure(json)).toEqual([])
  expect(json.entry).toHaveLength(entry.length)
  return json.entry
}

/** Sends it, expects it to be refused, nothing to be stored, and gives back the issue. */
async function refused(status: number, entry: unknown[]) {
  const before = await server.count()
  const got = await server.transact(entry)
  expect(got.status, got.text.slice(0, 1000)).toBe(status)
  expect(got.json.resourceType).toBe('OperationOutcome')
  expect(await server.count()).toBe(before)
  return got.json.issue[0]
}

const created = ({ response }: BundleEntry) => {
  expect(response!.status).toBe('201 Created')
  return response!.location!.slice(server.base.length + 1).replace(/\/_history\/.*/, '')
}
const read = async (reference: string) => (await server.expect(200, `GET ${reference}`)).json
const statuses = (entries: BundleEntry[]) => entries.map(({ response }) => response!.status!.slice(0, 3))

describe('the entries', () => {
  it('are answered in their order, whatever order they are done in', async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()]
    await done([put(patient(a, { id: a })), put(patient(b, { id: b }))])
    const entries = await done([
      request(`GET Patient/${c}`),
      request(`GET Patient?${by(a)}`),
      put(patient(c, { id: c })),
      post(patient(fresh())),
      request(`GET Patient?_id=${c}`),
      put(patient(b, { id: b, gender: 'male' })),
      request(`DELETE Patient/${a}`),
    ])
    expect(statuses(entries)).toEqual(['200', '200', '201', '201', '200', '200', '204'])
    expect(entries[0]!.resource).toMatchObject({ id: c })
    expect((entries[1]!.resource as { entry?: unknown }).entry).toBeUndefined()
    expect((entries[4]!.resource as { entry: unknown[] }).entry).toHaveLength(1)
    expect(entries[5]!.response).toMatchObject({ etag: 'W/"2"', lastModified: expect.any(String) })
    await server.expect(410, `GET Patient/${a}`)
  })

  it('are deleted before they are created: the same criteria may do both', async () => {
    const a = fresh()
    await done([post(patient(a))])
    const [made] = await done([post(patient(a), undefined, {}), request(`DELETE Patient?${by(a)}`)])
    expect((await server.expect(200, `GET Patient?${by(a)}`)).json.entry).toMatchObject([
      { resource: { id: created(made!).split('/')[1] } },
    ])
  })

  it('have their content back by Prefer=representation', async () => {
    const [a] = await done([post(patient(fresh()))])
    expect(a!.resource).toBeUndefined()
    const [b] = await done([post(patient(fresh()))], { Prefer: 'return=representation' })
    expect(b!.resource).toMatchObject({ resourceType: 'Patient', meta: { versionId: '1' } })
  })

  it('may be none', async () => {
    const { status, json } = await server.ask('POST ', { body: { resourceType: 'Bundle', type: 'transaction' } })
    expect([status, json]).toEqual([200, { resourceType: 'Bundle', type: 'transaction-response' }])
  })

  it('may be five thousand', async () => {
    const before = await server.count('Basic')
    const entry = Array.from({ length: 5000 }, (_, i) => post({ resourceType: 'Basic', code: { text: `b${i}` } }))
    expect(new Set((await done(entry)).map(created)).size).toBe(5000)
    expect(await server.count('Basic')).toBe(before + 5000)
  }, 60_000)
})

describe('references', () => {
  const [p, o] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`]

  it('to a fullUrl lead to the id that it gets, forward, backward and in a circle', async () => {
    const entries = await done([
      post(observation(p), o),
      post(
        patient(fresh(), {
          link: [{ type: 'seealso', other: { reference: p } }],
          managingOrganization: { reference: 'urn:uuid:0e0f5b0e-6d6c-4c3a-8a3b-1d8d6c9f7a10' },
        }),
        p,
      ),
      post(
        {
          resourceType: 'Organization',
          name: 'O',
          partOf: { reference: 'urn:uuid:0e0f5b0e-6d6c-4c3a-8a3b-1d8d6c9f7a11' },
        },
        'urn:uuid:0e0f5b0e-6d6c-4c3a-8a3b-1d8d6c9f7a10',
      ),
      post(
        {
          resourceType: 'Organization',
          name: 'P',
          partOf: { reference: 'urn:uuid:0e0f5b0e-6d6c-4c3a-8a3b-1d8d6c9f7a10' },
        },
        'urn:uuid:0e0f5b0e-6d6c-4c3a-8a3b-1d8d6c9f7a11',
      ),
    ])
    const [obs, pat, one, two] = entries.map(created) as [string, string, string, string]
    expect((await read(obs)).subject.reference).toBe(pat)
    expect(await read(pat)).toMatchObject({
      link: [{ other: { reference: pat } }],
      managingOrganization: { reference: one },
    })
    expect((await read(one)).partOf.reference).toBe(two)
    expect((await read(two)).partOf.reference).toBe(one)
    expect((await server.expect(200, `GET Observation?subject=${pat}`)).json.entry).toHaveLength(1)
  })

  it('to the fullUrl of an update, of an absolute URL, and in extensions and contained resources', async () => {
    const a = fresh()
    const absolute = `http://example.org/fhir/Patient/${a}`
    const extension = [{ url: 'http://example.org/e', valueReference: { reference: absolute } }]
    const [, obs] = await done([
      { fullUrl: absolute, ...put(patient(a, { id: a })) },
      post({
        ...observation(absolute),
        extension,
        contained: [{ ...observation(absolute), id: 'c' }],
        hasMember: [{ reference: '#c' }],
      }),
    ])
    const stored = await read(created(obs!))
    expect(stored.subject.reference).toBe(`Patient/${a}`)
    expect(stored.extension[0].valueReference.reference).toBe(`Patient/${a}`)
    expect(stored.contained[0].subject.reference).toBe(`Patient/${a}`)
  })

  it('to a fullUrl that a conditional create or update finds lead to what is there', async () => {
    const [a, b] = [fresh(), fresh()]
    const [x, y] = (await done([post(patient(a)), post(patient(b))])).map(created)
    const [first, second, q] = ['urn:uuid:1', 'urn:uuid:2', 'urn:uuid:3'].map((url) =>
      url.replace(/.$/, () => randomUUID()),
    )
    const entries = await done([
      post(patient(a), first, { ifNoneExist: by(a) }),
      { fullUrl: second, resource: patient(b), request: { method: 'PUT', url: `Patient?${by(b)}` } },
      post(observation(first!), q),
      post(observation(second!)),
    ])
    expect(statuses(entries)).toEqual(['200', '200', '201', '201'])
    expect((await read(created(entries[2]!))).subject.reference).toBe(x)
    expect((await read(created(entries[3]!))).subject.reference).toBe(y)
  })

  it('by criteria lead to the one match', async () => {
    const a = fresh()
    const [x] = (await done([post(patient(a))])).map(created)
    const [obs] = await done([post(observation(`Patient?${by(a)}`))])
    expect((await read(created(obs!))).subject.reference).toBe(x)
    const issue = await refused(400, [post(patient(fresh())), post(observation(`Patient?${by('nobody')}`))])
    expect(issue.expression[0]).toBe('Bundle.entry[1]')
    await done([post(patient(a))])
    await refused(412, [post(observation(`Patient?${by(a)}`))])
    await refused(400, [post(observation('Patient?nonsense=1'))])
  })

  it('to a urn: that no entry has are refused', async () => {
    const issue = await refused(400, [post(patient(fresh())), post(observation(`urn:uuid:${randomUUID()}`))])
    expect(issue.expression[0]).toMatch(/^Bundle\.entry\[1\]/)
    await refused(400, [post(observation('urn:oid:1.2.3'))])
  })
})

describe('all or nothing', () => {
  const bad = { resourceType: 'Patient', gender: 'nonsense' }
  const twenty = () => Array.from({ length: 20 }, (_, i) => post(i === 13 ? bad : patient(fresh())))

  it('one bad entry of twenty leaves none; the same batch stores nineteen', async () => {
    const entries = twenty()
    const issue = await refused(422, entries)
    expect(issue.expression[0]).toMatch(/^Bundle\.entry\[13\]/)
    const before = await server.count()
    const { json } = await server.batch(entries)
    expect(json.type).toBe('batch-response')
    expect(statuses(json.entry)).toEqual(entries.map((_, i) => (i === 13 ? '422' : '201')))
    expect(json.entry[13].response.outcome?.resourceType ?? json.entry[13].outcome?.resourceType).toBe(
      'OperationOutcome',
    )
    expect(validateStructure(json)).toEqual([])
    expect(await server.count()).toBe(before + 19)
  })

  it('a stale version, a failed condition, a missing resource each undo the rest', async () => {
    const [a, b] = [fresh(), fresh()]
    await done([put(patient(a, { id: a })), post(patient(b)), post(patient(b))])
    const other = () => post(patient(fresh()))
    const operations = {
      resourceType: 'Binary',
      contentType: 'application/json-patch+json',
      data: btoa('[{"op":"add","path":"/active","value":true}]'),
    }
    await refused(412, [other(), put(patient(a, { id: a }), { ifMatch: 'W/"7"' })])
    await refused(412, [other(), put(patient(a, { id: a }), { ifNoneMatch: '*' })])
    await refused(412, [other(), request(`DELETE Patient/${a}`, { ifMatch: 'W/"7"' })])
    await refused(412, [other(), post(patient(b), undefined, { ifNoneExist: by(b) })])
    await refused(412, [other(), { resource: patient(b), request: { method: 'PUT', url: `Patient?${by(b)}` } }])
    await refused(412, [other(), request(`DELETE Patient?${by(b)}`)])
    await refused(412, [other(), { resource: operations, request: { method: 'PATCH', url: `Patient?${by(b)}` } }])
    await refused(404, [other(), { resource: operations, request: { method: 'PATCH', url: 'Patient/nobody' } }])
    await refused(404, [
      other(),
      { resource: operations, request: { method: 'PATCH', url: `Patient?${by('nobody')}` } },
    ])
    await refused(404, [other(), request('GET Patient/nobody')])
    expect((await read(`Patient/${a}`)).meta.versionId).toBe('1')
  })

  it('the same resource twice is refused', async () => {
    const a = fresh()
    await done([put(patient(a, { id: a }))])
    await refused(400, [put(patient(a, { id: a })), put(patient(a, { id: a }))])
    await refused(400, [put(patient(a, { id: a })), request(`DELETE Patient/${a}`)])
    await refused(400, [
      put(patient(a, { id: a })),
      { resource: patient(a), request: { method: 'PUT', url: `Patient?${by(a)}` } },
    ])
    const [x, y] = [`urn:uuid:${randomUUID()}`, fresh()]
    const issue = await refused(422, [post(patient(fresh()), x), post(patient(fresh()), x)])
    expect(issue.diagnostics).toContain('bdl-7')
    await refused(400, [
      post(patient(y), undefined, { ifNoneExist: by(y) }),
      post(patient(y), undefined, { ifNoneExist: by(y) }),
    ])
  })

  it.each([
    ['no request', { resource: { resourceType: 'Patient' } }],
    ['no url', { resource: { resourceType: 'Patient' }, request: { method: 'POST' } }],
    ['another method', { resource: { resourceType: 'Patient' }, request: { method: 'TRACE', url: 'Patient' } }],
    ['no resource', { request: { method: 'POST', url: 'Patient' } }],
    ['another type', { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Basic' } }],
    ['no type', { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patience' } }],
    [
      'a URL elsewhere',
      {
        resource: { resourceType: 'Patient', id: 'x' },
        request: { method: 'PUT', url: 'http://example.org/Patient/x' },
      },
    ],
    ['a bad id', { resource: { resourceType: 'Patient', id: 'x_y' }, request: { method: 'PUT', url: 'Patient/x_y' } }],
    ['another id', { resource: { resourceType: 'Patient', id: 'x' }, request: { method: 'PUT', url: 'Patient/y' } }],
    ['no criteria', { resource: { resourceType: 'Patient' }, request: { method: 'PUT', url: 'Patient' } }],
    [
      'no such criteria',
      { resource: { resourceType: 'Patient' }, request: { method: 'PUT', url: 'Patient?nonsense=1' } },
    ],
    ['a bad escape', { resource: { resourceType: 'Patient' }, request: { method: 'PUT', url: 'Patient/%zz' } }],
    ['a DELETE of everything', { request: { method: 'DELETE', url: 'Patient' } }],
    ['an operation that changes something', { request: { method: 'POST', url: 'Patient/$merge' } }],
    ['a POST to an instance', { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient/1' } }],
    ['a Bundle', { resource: { resourceType: 'Bundle', type: 'batch' }, request: { method: 'POST', url: '' } }],
    [
      'a number for a version',
      {
        resource: { resourceType: 'Patient', id: 'x' },
        request: { method: 'PUT', url: 'Patient/x', ifMatch: 1 },
      },
    ],
    [
      'an object for criteria',
      { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient', ifNoneExist: {} } },
    ],
    ['a number for a URL', { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 1 } }],
    ['null', null],
    ['a number', 1],
  ])('%s is refused', async (_, entry) => {
    const before = await server.count()
    const { status, json } = await server.transact([post(patient(fresh())), entry])
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(json.resourceType).toBe('OperationOutcome')
    expect(await server.count()).toBe(before)
    const { status: batched, json: answers } = await server.batch([post(patient(fresh())), entry])
    expect(batched).toBe(200)
    expect(answers.entry[0].response.status).toBe('201 Created')
    expect(answers.entry[1].response.status).toMatch(/^4/)
  })
})

describe('conditional entries', () => {
  it('create once', async () => {
    const a = fresh()
    const conditional = () => post(patient(a), undefined, { ifNoneExist: by(a) })
    const [first] = await done([conditional()])
    const id = created(first!)
    const [again] = await done([conditional()])
    expect(again!.response).toMatchObject({
      status: '200 OK',
      etag: 'W/"1"',
      location: `${server.base}/${id}/_history/1`,
    })
  })

  it('update, patch and delete what they match', async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()]
    await done([a, b, c].map((value) => post(patient(value))))
    const parameters = {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'add' },
            { name: 'path', valueString: 'Patient' },
            { name: 'name', valueString: 'active' },
            { name: 'value', valueBoolean: true },
          ],
        },
      ],
    }
    const entries = await done([
      { resource: patient(a, { gender: 'male' }), request: { method: 'PUT', url: `Patient?${by(a)}` } },
      { resource: parameters, request: { method: 'PATCH', url: `Patient?${by(b)}` } },
      request(`DELETE Patient?${by(c)}`),
      request(`DELETE Patient?${by('nobody')}`),
      { resource: patient(`${a}-new`), request: { method: 'PUT', url: `Patient?${by(`${a}-new`)}` } },
    ])
    expect(statuses(entries)).toEqual(['200', '200', '204', '204', '201'])
    const found = async (value: string) => (await server.expect(200, `GET Patient?${by(value)}`)).json.entry
    expect(await found(a)).toMatchObject([{ resource: { gender: 'male', meta: { versionId: '2' } } }])
    expect(await found(b)).toMatchObject([{ resource: { active: true, meta: { versionId: '2' } } }])
    expect(await found(c)).toBeUndefined()
  })

  it('patch by Binary and with ifMatch', async () => {
    const a = fresh()
    await done([put(patient(a, { id: a }))])
    const binary = (gender: string) => ({
      resourceType: 'Binary',
      contentType: 'application/json-patch+json',
      data: btoa(`[{"op":"add","path":"/gender","value":"${gender}"}]`),
    })
    const patch = (gender: string, ifMatch: string) => [
      { resource: binary(gender), request: { method: 'PATCH', url: `Patient/${a}`, ifMatch } },
    ]
    await done(patch('male', 'W/"1"'))
    await refused(412, patch('female', 'W/"1"'))
    await refused(422, patch('nonsense', 'W/"2"'))
    expect(await read(`Patient/${a}`)).toMatchObject({ gender: 'male', meta: { versionId: '2' } })
  })
})

describe('a batch', () => {
  it('answers each entry as if it were alone', async () => {
    const [a, b] = [fresh(), fresh()]
    await done([put(patient(a, { id: a })), put(patient(b, { id: b }))])
    const { json } = await server.batch([
      request(`GET Patient/${a}`),
      request('GET Patient/nobody'),
      put(patient(a, { id: a }), { ifMatch: 'W/"7"' }),
      request(`DELETE Patient/${b}`),
      request(`GET Patient/${a}`, { ifNoneMatch: 'W/"1"' }),
      request(`GET Patient?${by(a)}`),
      request(`GET Patient/${a}/_history`),
      request('GET metadata'),
      request('GET Patience/1'),
    ])
    expect(statuses(json.entry)).toEqual(['200', '404', '412', '204', '304', '200', '200', '200', '404'])
    expect(json.entry[0].resource.id).toBe(a)
    expect(json.entry[1].response.outcome ?? json.entry[1].outcome).toMatchObject({ resourceType: 'OperationOutcome' })
    expect(json.entry[5].resource.type).toBe('searchset')
    expect(json.entry[6].resource.type).toBe('history')
    expect(json.entry[7].resource.resourceType).toBe('CapabilityStatement')
    expect(validateStructure(json)).toEqual([])
    const patched = await server.batch([
      {
        resource: {
          resourceType: 'Binary',
          contentType: 'application/json-patch+json',
          data: btoa('[{"op":"add","path":"/active","value":true}]'),
        },
        request: { method: 'PATCH', url: `Patient/${a}` },
      },
    ])
    expect(statuses(patched.json.entry)).toEqual(['200'])
    expect((await read(`Patient/${a}`)).active).toBe(true)
  })
})

describe('what is posted to the base', () => {
  it.each([
    [400, { resourceType: 'Patient' }],
    [400, { resourceType: 'Bundle' }],
    [400, { resourceType: 'Bundle', type: 'searchset' }],
    [400, { resourceType: 'Bundle', type: 'batch', entry: 1 }],
    [400, { resourceType: 'Bundle', type: 'batch', entry: {} }],
    [400, { resourceType: 'Bundle', type: 'transaction', entry: [] }],
    [400, []],
    [400, null],
  ])('%i: %j', async (status, body) => {
    await server.refused(status, 'POST ', { body: JSON.stringify(body) })
  })

  it('has at most as many entries as are allowed', async () => {
    const small = await openServer({ INGLE_MAX_TRANSACTION_ENTRIES: '2' })
    try {
      const entries = (count: number) => Array.from({ length: count }, () => post(patient(fresh())))
      for (const send of [small.transact, small.batch]) {
        expect((await send(entries(2))).status).toBe(200)
        const { status, json } = await send(entries(3))
        expect([status, json.issue[0].diagnostics]).toEqual([
          422,
          expect.stringContaining('INGLE_MAX_TRANSACTION_ENTRIES'),
        ])
      }
      expect(await small.count()).toBe(4)
    } finally {
      await small.stop()
    }
  })
})
