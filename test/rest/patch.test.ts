import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/http.html#patch and fhirpatch.html

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

let at: string
let before: Record<string, unknown>
beforeEach(async () => {
  const body = { resourceType: 'Patient', gender: 'male', name: [{ family: 'Chalmers' }], birthDate: '1974-12-25' }
  before = (await server.expect(201, 'POST Patient', { body })).json
  at = `Patient/${before.id}`
})
const unchanged = async () => expect((await server.expect(200, `GET ${at}`)).json).toEqual(before)

const json = (...body: unknown[]) => ({ body, type: 'application/json-patch+json' })
const fhirPath = (...parts: Record<string, unknown>[]) => ({
  body: {
    resourceType: 'Parameters',
    parameter: parts.map((part) => ({
      name: 'operation',
      part: Object.entries(part).map(([name, value]) =>
        name === 'value'
          ? { name, ...(value as object) }
          : { name, [name === 'path' ? 'valueString' : 'valueCode']: value },
      ),
    })),
  },
})

describe('a JSON Patch', () => {
  it('makes a new version', async () => {
    const { json: after, headers } = await server.expect(
      200,
      `PATCH ${at}`,
      json(
        { op: 'test', path: '/gender', value: 'male' },
        { op: 'replace', path: '/gender', value: 'female' },
        { op: 'add', path: '/name/-', value: { text: 'P' } },
        { op: 'remove', path: '/birthDate' },
      ),
    )
    expect(after).toMatchObject({
      gender: 'female',
      name: [{ family: 'Chalmers' }, { text: 'P' }],
      meta: { versionId: '2' },
    })
    expect(after.birthDate).toBeUndefined()
    expect(headers.get('etag')).toBe('W/"2"')
    expect((await server.expect(200, `GET ${at}`)).json).toEqual(after)
    expect((await server.expect(200, `GET ${at}/_history/1`)).json).toEqual(before)
  })

  it.each([
    ['a test that fails', { op: 'test', path: '/gender', value: 'female' }],
    ['a path that is not there', { op: 'remove', path: '/deceasedBoolean' }],
    ['an operation that is none', { op: 'nonsense', path: '/gender' }],
    ['a code that is none', { op: 'replace', path: '/gender', value: 'x' }],
    ['an element that is none', { op: 'add', path: '/nonsense', value: 1 }],
    ['another type', { op: 'replace', path: '/resourceType', value: 'Person' }],
    ['another id', { op: 'replace', path: '/id', value: 'other' }],
    ['nothing left', { op: 'remove', path: '' }],
    ['a prototype', { op: 'add', path: '/__proto__/x', value: 1 }],
  ])('with %s is refused and changes nothing', async (_, operation) => {
    const { status, json: outcome } = await server.ask(
      `PATCH ${at}`,
      json({ op: 'add', path: '/active', value: true }, operation),
    )
    expect([400, 422]).toContain(status)
    expect(outcome.resourceType).toBe('OperationOutcome')
    await unchanged()
  })

  it('undoes what came before a failure', async () => {
    const { status } = await server.ask(
      `PATCH ${at}`,
      json({ op: 'replace', path: '/gender', value: 'female' }, { op: 'test', path: '/gender', value: 'male' }),
    )
    expect([400, 422]).toContain(status)
    await unchanged()
  })

  it('that is no list of operations is 400', async () => {
    for (const body of ['{}', '[{}]', '[1]', 'null', '"x"', '[{"op":"add"}]'])
      await server.refused(400, `PATCH ${at}`, { body, type: 'application/json-patch+json' })
    await unchanged()
  })
})

describe('a FHIRPath Patch', () => {
  it('makes a new version', async () => {
    const { json: after } = await server.expect(
      200,
      `PATCH ${at}`,
      fhirPath(
        { type: 'replace', path: 'Patient.gender', value: { valueCode: 'female' } },
        { type: 'delete', path: 'Patient.birthDate' },
      ),
    )
    expect(after).toMatchObject({ gender: 'female', meta: { versionId: '2' } })
    expect(after.birthDate).toBeUndefined()
  })

  it.each([
    ['a path of nothing', { type: 'replace', path: 'Patient.active', value: { valueBoolean: true } }],
    ['a path that is no FHIRPath', { type: 'delete', path: 'Patient..' }],
    ['a code that is none', { type: 'replace', path: 'Patient.gender', value: { valueCode: 'x' } }],
    ['another type of value', { type: 'replace', path: 'Patient.gender', value: { valueInteger: 1 } }],
    ['another id', { type: 'replace', path: 'Patient.id', value: { valueId: 'other' } }],
  ])('with %s is refused and changes nothing', async (_, operation) => {
    const { status, json: outcome } = await server.ask(`PATCH ${at}`, fhirPath(operation))
    expect([400, 422]).toContain(status)
    expect(outcome.resourceType).toBe('OperationOutcome')
    await unchanged()
  })
})

describe('a patch', () => {
  it('of another content type is 415', async () => {
    const operations = '[{"op":"remove","path":"/gender"}]'
    for (const type of ['application/merge-patch+json', 'text/plain', 'application/fhir+json', 'application/json'])
      await server.refused(415, `PATCH ${at}`, { body: operations, type })
    await server.refused(415, `PATCH ${at}`, { body: before })
    await unchanged()
  })

  it('of what is not there is 404, of what was deleted 410', async () => {
    await server.refused(404, 'PATCH Patient/nobody', json({ op: 'remove', path: '/gender' }))
    await server.expect(204, `DELETE ${at}`)
    await server.refused(410, `PATCH ${at}`, json({ op: 'remove', path: '/gender' }))
  })

  it('that changes nothing is a version all the same', async () => {
    const { json: after } = await server.expect(200, `PATCH ${at}`, { body: { resourceType: 'Parameters' } })
    expect(after.gender).toBe('male')
  })
})
