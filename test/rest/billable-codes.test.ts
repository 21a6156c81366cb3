import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

// What a Claim may have for a diagnosis: ICD-10-CM codes that are billable, and in force at the date of service.

const ICD = 'http://hl7.org/fhir/sid/icd-10-cm'

/** The codes of one year: those that are billable, and those that only group them. */
const year = (version: string, billable: string[]) => ({
  resourceType: 'CodeSystem',
  id: `icd-${version}`,
  url: ICD,
  version,
  status: 'active',
  content: 'complete',
  property: [{ code: 'billable', type: 'boolean' }],
  concept: ['E11', ...billable].map((code) => ({
    code,
    display: `Diagnosis ${code}`,
    property: [{ code: 'billable', valueBoolean: code !== 'E11' }],
  })),
})

const claim = (code: string, servicedDate?: string) => ({
  resourceType: 'Claim',
  status: 'active',
  use: 'claim',
  created: '2026-10-15',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'professional' }] },
  patient: { reference: 'Patient/p' },
  provider: { reference: 'Organization/o' },
  priority: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/processpriority', code: 'normal' }] },
  insurance: [{ sequence: 1, focal: true, coverage: { reference: 'Coverage/c' } }],
  diagnosis: [{ sequence: 1, diagnosisCodeableConcept: { coding: [{ system: ICD, code }] } }],
  ...(servicedDate && { item: [{ sequence: 1, productOrService: { text: 'visit' }, servicedDate }] }),
})
const AT = 'Claim.diagnosis[0].diagnosisCodeableConcept.coding[0].code'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

it('that are not loaded are not judged, which is said', async () => {
  const headers = { Prefer: 'return=OperationOutcome' }
  const { json } = await server.expect(201, 'POST Claim', { body: claim('E11'), headers })
  expect(json.issue).toContainEqual(
    expect.objectContaining({
      severity: 'information',
      expression: [AT],
      diagnostics: expect.stringMatching(/claim-diagnosis-billable could not be checked, as http.* is not loaded/),
    }),
  )
})

describe('that are loaded', () => {
  beforeAll(async () => {
    await server.expect(201, 'PUT CodeSystem/icd-2026', { body: year('2026', ['E11.9', 'E11.8']) })
    await server.expect(201, 'PUT CodeSystem/icd-2027', { body: year('2027', ['E11.9']) })
  })

  it.each([
    ['E11', '2026-11-01', 422],
    ['E11.9', '2026-11-01', 201],
    // deleted on the first of October
    ['E11.8', '2026-09-30', 201],
    ['E11.8', '2026-10-01', 422],
    // by the date of the claim, and where its year is not loaded by what is
    ['E11.8', undefined, 422],
    ['E11', '2031-01-01', 422],
    ['E11.9', '2031-01-01', 201],
  ])('%s on %s is %i', async (code, date, status) => {
    const { json } = await server.expect(status, 'POST Claim', { body: claim(code, date) })
    if (status === 422)
      expect(json.issue.filter(({ severity }: { severity: string }) => severity === 'error')).toContainEqual(
        expect.objectContaining({ expression: [AT] }),
      )
  })

  it('may all stand in a Condition', async () => {
    const condition = (code: string) => ({
      resourceType: 'Condition',
      subject: { reference: 'Patient/p' },
      code: { coding: [{ system: ICD, code }] },
    })
    for (const code of ['E11', 'E11.9']) await server.expect(201, 'POST Condition', { body: condition(code) })
  })
})
