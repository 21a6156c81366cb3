import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #patch and #3.1.0.7.1

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const patient = (value: string, more: Record<string, unknown> = {}) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:s', value }],
  ...more,
})
const patch = { body: [{ op: 'add', path: '/gender', value: 'male' }], type: 'application/json-patch+json' }

let test = 0
let none: string
let one: string
let many: string
let id: string
/** Identifiers that nobody has, one has and two have. */
beforeEach(async () => {
  test++
  none = `none-${test}`
  one = `one-${test}`
  many = `many-${test}`
  id = (await server.expect(201, 'POST Patient', { body: patient(one) })).json.id
  for (let i = 0; i < 2; i++) await server.expect(201, 'POST Patient', { body: patient(many) })
})
const by = (value: string) => `identifier=urn:s|${value}`
const count = async (value: string) => (await server.expect(200, `GET Patient?${by(value)}&_summary=count`)).json.total

describe('a conditional create', () => {
  const create = (status: number, value: string, criteria = by(value)) =>
    server.expect(status, 'POST Patient', { body: patient(value), headers: { 'If-None-Exist': criteria } })

  it('creates where nothing matches: 201', async () => {
    const { headers, json } = await create(201, none)
    expect(headers.get('location')).toContain(`/Patient/${json.id}/_history/1`)
    expect(await count(none)).toBe(1)
  })

  it('answers the one match: 200', async () => {
    const { headers, json } = await create(200, one)
    expect([json.id, headers.get('etag')]).toEqual([id, 'W/"1"'])
    expect((await create(200, one, `Patient?${by(one)}`)).json.id).toBe(id)
    expect(await count(one)).toBe(1)
  })

  it('refuses several matches: 412', async () => {
    const { json } = await create(412, many)
    expect(json.issue[0].code).toBe('multiple-matches')
    expect(await count(many)).toBe(2)
  })

  it('refuses criteria that are none', async () => {
    for (const criteria of ['', 'nonsense=1', '_count=1', '_sort=name', 'identifier='])
      await create(400, none, criteria)
    expect(await count(none)).toBe(0)
  })

  it('that was deleted is made anew', async () => {
    await server.expect(204, `DELETE Patient/${id}`)
    expect((await create(201, one)).json.id).not.toBe(id)
  })
})

describe('a conditional update', () => {
  const put = (status: number, value: string, more?: Record<string, unknown>, headers?: Record<string, string>) =>
    server.expect(status, `PUT Patient?${by(value)}`, { body: patient(value, more), headers })

  it('creates where nothing matches, with the id of the body if it has one', async () => {
    const { json } = await put(201, none)
    expect(json.id).toBeTruthy()
    expect((await put(200, none, { gender: 'male' })).json).toMatchObject({ id: json.id, gender: 'male' })
    const named = `named-${test}`
    expect((await put(201, named, { id: named })).json.id).toBe(named)
  })

  it('updates the one match', async () => {
    const { json, headers } = await put(200, one, { gender: 'male' })
    expect([json.id, json.gender, headers.get('etag')]).toEqual([id, 'male', 'W/"2"'])
    expect((await put(200, one, { id })).json.meta.versionId).toBe('3')
  })

  it('refuses the id of another (400) and a stale If-Match (412)', async () => {
    await put(400, one, { id: 'other' })
    await put(412, one, {}, { 'If-Match': 'W/"7"' })
    expect((await server.expect(200, `GET Patient/${id}`)).json.meta.versionId).toBe('1')
    await put(200, one, {}, { 'If-Match': 'W/"1"' })
  })

  it('refuses several matches', async () => {
    await put(412, many)
  })

  it('does not take over a resource that the criteria do not match', async () => {
    const { status } = await server.ask(`PUT Patient?${by(none)}`, { body: patient(none, { id }) })
    expect(status).toBe(409)
    expect((await server.expect(200, `GET Patient/${id}`)).json.meta.versionId).toBe('1')
  })

  it('without criteria is refused', async () => {
    await server.refused(400, 'PUT Patient', { body: patient(none) })
  })
})

describe('a conditional patch', () => {
  it('is 404 without a match, 200 of one, 412 of several', async () => {
    await server.refused(404, `PATCH Patient?${by(none)}`, patch)
    expect((await server.expect(200, `PATCH Patient?${by(one)}`, patch)).json).toMatchObject({ id, gender: 'male' })
    await server.refused(412, `PATCH Patient?${by(many)}`, patch)
    await server.refused(412, `PATCH Patient?${by(one)}`, { ...patch, headers: { 'If-Match': 'W/"1"' } })
    await server.refused(400, 'PATCH Patient', patch)
  })
})

describe('a conditional delete', () => {
  it('is 204 without a match and of one, 412 of several', async () => {
    await server.expect(204, `DELETE Patient?${by(none)}`)
    await server.refused(412, `DELETE Patient?${by(many)}`)
    expect(await count(many)).toBe(2)
    await server.refused(412, `DELETE Patient?${by(one)}`, { headers: { 'If-Match': 'W/"9"' } })
    await server.expect(204, `DELETE Patient?${by(one)}`)
    await server.refused(410, `GET Patient/${id}`)
  })

  it('is of several where the setting allows it, and of none when there are more', async () => {
    const generous = await openServer({ INGLE_MAX_CONDITIONAL_DELETES: '3' })
    try {
      const make = (value: string, n: number) =>
        Promise.all(Array.from({ length: n }, () => generous.expect(201, 'POST Patient', { body: patient(value) })))
      await Promise.all([make('three', 3), make('four', 4)])
      expect(await generous.refused(412, `DELETE Patient?${by('four')}`)).toContain('INGLE_MAX_CONDITIONAL_DELETES')
      expect(await generous.count('Patient')).toBe(7)
      const ofOne = { headers: { 'If-Match': 'W/"1"' } }
      await generous.refused(412, `DELETE Patient?${by('three')}`, ofOne)
      const { json } = await generous.expect(200, `DELETE Patient?${by('three')}`, {
        headers: { Prefer: 'return=OperationOutcome' },
      })
      expect(json.issue[0].diagnostics).toMatch(/^3 deleted: Patient\/.+, Patient\/.+, Patient\//)
      expect(await generous.count('Patient')).toBe(4)
      const { rest } = (await generous.expect(200, 'GET metadata')).json
      expect(rest[0].resource[0].conditionalDelete).toBe('multiple')
    } finally {
      await generous.stop()
    }
  })
})
