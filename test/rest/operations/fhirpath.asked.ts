import type { RestServer } from '../server.js'

/** A patient and an observation that expressions are tried on. */
export const patient = {
  resourceType: 'Patient',
  id: 'p1',
  active: true,
  identifier: [{ system: 'urn:mrn', value: '0815', period: { start: '2001-05' } }],
  name: [
    { use: 'official', family: 'Voss', given: ['Anna', 'Lena'] },
    { use: 'nickname', given: ['Anni'] },
    { use: 'maiden', family: 'Brandt', given: ['Anna', 'Lena'] },
  ],
  telecom: [{ system: 'phone', value: '030 1234', use: 'work', rank: 1 }],
  gender: 'female',
  birthDate: '1974-12-25',
  _birthDate: {
    extension: [
      { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1974-12-25T14:35:45-05:00' },
    ],
  },
  deceasedBoolean: false,
  contact: [{ relationship: [{ text: 'sister' }], name: { family: 'Voss' } }],
  managingOrganization: { reference: '#org' },
  contained: [{ resourceType: 'Organization', id: 'org', name: 'Ward 4' }],
}

export const observation = {
  resourceType: 'Observation',
  id: 'o1',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  issued: '2020-02-03T10:00:00.123Z',
  valueQuantity: { value: 81.5, unit: 'kilos', system: 'http://unitsofmeasure.org', code: 'kg' },
}

interface Part {
  name: string
  part?: Part[]
  valueString?: string
  [value: string]: unknown
}

export const parameters = (parameter: unknown[]) => ({ body: { resourceType: 'Parameters', parameter } })

export const question = (expression: string, resource: object = patient, more: unknown[] = []) =>
  parameters([{ name: 'expression', valueString: expression }, { name: 'resource', resource }, ...more])

/** The parameters called `result`. */
export async function results(server: RestServer, asked: ReturnType<typeof parameters>): Promise<Part[]> {
  const { json } = await server.expect(200, 'POST $fhirpath', asked)
  return json.parameter.filter(({ name }: Part) => name === 'result')
}

/** What an expression gives, each value as type and text: `integer 3`, `Quantity 4 'g'`. Text keeps all digits. */
export async function values(server: RestServer, expression: string, resource?: object): Promise<string[]> {
  const [result] = await results(server, question(expression, resource))
  return (result?.part ?? []).filter(({ name }) => name !== 'trace').map(shown)
}

function shown(part: Part): string {
  const key = Object.keys(part).find((name) => name.startsWith('value')) ?? 'resource'
  const value = part[key]
  if (value === undefined) return part.name
  if (part.name !== 'Quantity') return `${part.name} ${typeof value === 'object' ? JSON.stringify(value) : value}`
  const { value: number, unit, code } = value as { value: number; unit: string; code?: string }
  return `Quantity ${number} ${code ? `'${code}'` : unit}`
}
