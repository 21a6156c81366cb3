import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../server.js'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const CORE = 'http://hl7.org/fhir/StructureDefinition'
const OURS = 'http://example.org/fhir/StructureDefinition'

const profile = (id: string, element: object[], baseDefinition = `${CORE}/Patient`) => ({
  resourceType: 'StructureDefinition',
  id,
  url: `${OURS}/${id}`,
  name: id,
  status: 'active',
  kind: 'resource',
  abstract: false,
  type: 'Patient',
  baseDefinition,
  derivation: 'constraint',
  differential: { element: element.map((one, i) => ({ id: `e${i}`, ...one })) },
})
const elementOf = (json: { snapshot: { element: { id: string }[] } }, id: string) =>
  json.snapshot.element.find((element) => element.id === id)

// https://hl7.org/fhir/R4/structuredefinition-operation-snapshot.html
describe('StructureDefinition/$snapshot', () => {
  it('of what is sent, as the body and in Parameters, is answered and not stored', async () => {
    const definition = profile('sent', [{ path: 'Patient.name', min: 1 }])
    const { json } = await server.expect(200, 'POST StructureDefinition/$snapshot', { body: definition })
    expect(json).toMatchObject({
      resourceType: 'StructureDefinition',
      id: 'sent',
      differential: definition.differential,
    })
    expect(elementOf(json, 'Patient.name')).toMatchObject({ path: 'Patient.name', min: 1, max: '*' })
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'definition', resource: definition }] }
    const wrapped = await server.expect(200, 'POST StructureDefinition/$snapshot', { body: parameters })
    expect(wrapped.json).toEqual(json)
    expect(await server.count('StructureDefinition')).toBe(0)
  })

  it('of an instance and by url is made from what is stored now', async () => {
    await server.expect(201, 'PUT StructureDefinition/base', {
      body: profile('base', [{ path: 'Patient.gender', min: 1 }]),
    })
    await server.expect(201, 'PUT StructureDefinition/derived', {
      body: profile('derived', [{ path: 'Patient.birthDate', min: 1 }], `${OURS}/base`),
    })
    const byId = await server.expect(200, 'GET StructureDefinition/derived/$snapshot')
    expect(elementOf(byId.json, 'Patient.gender')).toMatchObject({ min: 1 })
    expect(elementOf(byId.json, 'Patient.birthDate')).toMatchObject({ min: 1 })
    const byUrl = await server.expect(200, `GET StructureDefinition/$snapshot?url=${OURS}/derived`)
    expect(byUrl.json).toEqual(byId.json)

    await server.expect(200, 'PUT StructureDefinition/base', {
      body: profile('base', [{ path: 'Patient.gender', max: '0' }]),
    })
    const now = await server.expect(200, 'GET StructureDefinition/derived/$snapshot')
    expect(elementOf(now.json, 'Patient.gender')).toMatchObject({ min: 0, max: '0' })

    await server.expect(204, 'DELETE StructureDefinition/base')
    expect(await server.refused(422, 'GET StructureDefinition/derived/$snapshot')).toMatch(/base.*not known here/)
  })

  it('of what is shipped is what HL7 published', async () => {
    const { json } = await server.expect(200, `GET StructureDefinition/$snapshot?url=${CORE}/bodyweight`)
    expect(elementOf(json, 'Observation.value[x]:valueQuantity.code')).toMatchObject({ min: 1 })
  })

  it('says all that is wrong with a differential', async () => {
    const body = profile('wrong', [
      { path: 'Patient.nam', min: 1 },
      { path: 'Patient.gender', max: '*' },
    ])
    const { json } = await server.expect(422, 'POST StructureDefinition/$snapshot', { body })
    expect(json.issue.map(({ diagnostics }: { diagnostics: string }) => diagnostics)).toEqual([
      expect.stringMatching(/^Patient\.nam: there is no element nam here/),
      expect.stringMatching(/^Patient\.gender: max is \*/),
    ])
  })

  it.each([
    [400, 'POST StructureDefinition/$snapshot', { resourceType: 'Patient' }, /Parameters|StructureDefinition/],
    [
      400,
      'POST StructureDefinition/$snapshot',
      { resourceType: 'StructureDefinition', colour: 'red' },
      /colour|required|missing/,
    ],
    [400, 'GET StructureDefinition/$snapshot', undefined, /takes one of/],
    [
      404,
      'GET StructureDefinition/$snapshot?url=http://example.org/none',
      undefined,
      /No StructureDefinition with the url/,
    ],
    [404, 'GET StructureDefinition/none/$snapshot', undefined, /not known|no resource/],
  ])('%i for %s with %j', async (status, request, body, reason) => {
    expect(await server.refused(status, request, body && { body })).toMatch(reason)
  })
})
