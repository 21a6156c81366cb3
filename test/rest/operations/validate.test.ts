import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { broken, good } from '../../support/structures.js'
import { openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/resource-operation-validate.html

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_REFERENCES: 'enforce' })
  await server.expect(201, 'PUT Patient/p', { body: { resourceType: 'Patient', id: 'p', gender: 'other' } })
  await server.expect(201, 'PUT Patient/free', { body: { resourceType: 'Patient', id: 'free' } })
  const observation = { status: 'final', code: { text: 'c' }, subject: { reference: 'Patient/p' } }
  await server.expect(201, 'PUT Observation/o', { body: { resourceType: 'Observation', id: 'o', ...observation } })
})
afterAll(() => server.stop())

const right = { resourceType: 'Patient', gender: 'male' }
const wrong = { resourceType: 'Patient', gender: 'no-such', shoeSize: 43 }
const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })

/** `error Patient.gender` */
const said = (outcome: OperationOutcome) => outcome.issue.map(({ severity, expression }) => `${severity} ${expression}`)
const errorsIn = (outcome: OperationOutcome) => said(outcome).filter((one) => one.startsWith('error'))
async function errors(request: string, asked?: Parameters<RestServer['ask']>[1]) {
  const { json } = await server.expect(200, request, asked)
  expect(json.resourceType).toBe('OperationOutcome')
  return errorsIn(json)
}

const found = ['error Patient.gender', 'error Patient']

describe('$validate', () => {
  it.each(['POST $validate', 'POST Patient/$validate', 'POST Patient/p/$validate'])('%s', async (request) => {
    expect(await errors(request, { body: right })).toEqual([])
    expect(await errors(request, { body: wrong })).toEqual(found)
    expect(await errors(request, { body: parameters({ name: 'resource', resource: wrong }) })).toEqual(found)
    expect(await server.count('Patient')).toBe(2)
  })

  it('says that nothing is wrong', async () => {
    const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">p</div>' }
    const { json } = await server.expect(200, 'POST Patient/$validate', { body: { ...right, text } })
    expect(json.issue).toEqual([
      { severity: 'information', code: 'informational', diagnostics: expect.stringContaining('Nothing is wrong') },
    ])
  })

  it('of XML, and in XML', async () => {
    const type = 'application/fhir+xml'
    const xml = (inside: string) => `<Patient xmlns="http://hl7.org/fhir">${inside}</Patient>`
    expect(await errors('POST Patient/$validate', { body: xml('<active value="true"/>'), type })).toEqual([])
    expect(await errors('POST Patient/$validate', { body: xml('<gender value="x"/>'), type })).toEqual([found[0]])
    const { text } = await server.expect(200, 'POST Patient/$validate', { body: right, headers: { Accept: type } })
    expect(text).toContain('<OperationOutcome xmlns="http://hl7.org/fhir">')
  })

  it.each([
    ['no JSON', '{"resourceType":'],
    ['a key twice', '{"resourceType":"Patient","id":"a","id":"b"}'],
    ['no XML', '<Patient'],
  ])('of %s is 400 with an outcome', async (_, body) => {
    const type = body.startsWith('<') ? 'application/fhir+xml' : 'application/fhir+json'
    expect(await server.refused(400, 'POST Patient/$validate', { body, type })).toBeTruthy()
  })

  it.each([
    ['of another type', 'POST Observation/$validate', right, 'error resourceType'],
    ['of no type', 'POST Patient/$validate', { gender: 'male' }, 'error Resource'],
    ['that is no object', 'POST Patient/$validate', [], 'error Resource'],
    ['of another id', 'POST Patient/p/$validate?mode=update', { ...right, id: 'q' }, 'error Patient.id'],
    [
      'that refers to nothing',
      'POST Patient/$validate?mode=create',
      { ...right, managingOrganization: { reference: 'Organization/none' } },
      'error Patient.managingOrganization',
    ],
  ])('of a resource %s has that as an issue', async (_, request, body, issue) => {
    expect(await errors(request, { body })).toContain(issue)
  })

  it('of Parameters themselves', async () => {
    const body = parameters({ name: 'anything', valueString: 'x' })
    expect(await errors('POST Parameters/$validate', { body })).toEqual([])
    expect(await errors('POST Parameters/$validate', { body: { ...body, colour: 1 } })).toEqual(['error Parameters'])
    const inside = parameters({ name: 'resource', resource: { ...body, colour: 1 } })
    expect(await errors('POST Parameters/$validate', { body: inside })).toEqual(['error Parameters'])
  })

  it('of what is stored', async () => {
    expect(await errors('GET Patient/p/$validate')).toEqual([])
    expect(
      await errors('POST Patient/p/$validate', { body: parameters({ name: 'mode', valueCode: 'profile' }) }),
    ).toEqual([])
    await server.refused(404, 'GET Patient/nobody/$validate')
    expect(await server.refused(400, 'GET Patient/$validate')).toContain('needs the resource')
  })

  it('by a profile that is named', async () => {
    const profile = 'http://hl7.org/fhir/StructureDefinition/bp'
    const body = { resourceType: 'Observation', status: 'final', code: { text: 'c' } }
    expect(await errors('POST Observation/$validate', { body })).toEqual([])
    expect(await errors(`POST Observation/$validate?profile=${profile}`, { body })).not.toEqual([])
    const asked = parameters({ name: 'resource', resource: body }, { name: 'profile', valueCanonical: profile })
    expect(await errors('POST Observation/$validate', { body: asked })).not.toEqual([])
  })

  it('of a delete says who refers to it', async () => {
    const { json } = await server.expect(200, 'GET Patient/p/$validate?mode=delete')
    expect(json.issue[0]).toMatchObject({ severity: 'error', code: 'conflict' })
    expect(json.issue[0].diagnostics).toContain('Observation/o')
    expect(await errors('GET Patient/free/$validate?mode=delete')).toEqual([])
    await server.refused(400, 'POST Patient/$validate?mode=delete', { body: right })
  })

  it('knows no other mode', async () => {
    expect(await server.refused(400, 'POST Patient/$validate?mode=guess', { body: right })).toContain('create, update')
  })
})

/** What VA-5 asks for: of fifty samples, right and wrong, both say the same. */
describe('$validate and a create', () => {
  const samples = good.flatMap((resource) => {
    const all = broken(resource).filter((_, i) => i % 37 === 0)
    return [resource, ...all.map((one) => one.resource)]
  })

  it('say the same', async () => {
    const typed = samples.filter(({ resourceType }) => resourceType !== 'Parameters' && resourceType !== 'Bundle')
    expect(typed.length).toBeGreaterThan(50)
    const issuesOf = (outcome: OperationOutcome) =>
      outcome.issue
        .filter(({ details }) => details)
        .map(({ severity, code, details, expression }: OperationOutcomeIssue) =>
          [severity, code, details!.coding![0]!.code, expression].join(' '),
        )
        .sort()
    for (const body of typed) {
      const type = body.resourceType as string
      const validated = await server.expect(200, `POST ${type}/$validate?mode=create`, { body })
      const headers = { Prefer: 'return=OperationOutcome' }
      const created = await server.ask(`POST ${type}`, { body, headers })
      const refused = errorsIn(validated.json).length > 0
      expect([created.status >= 400, JSON.stringify(body)]).toEqual([refused, JSON.stringify(body)])
      expect(issuesOf(created.json)).toEqual(issuesOf(validated.json))
    }
  })
})
