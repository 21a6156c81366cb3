import type { RestServer } from '../rest/server.js'

/** A line of docs/fhir-coverage.md: what the server does, shown by `check`; or what it does not do. */
export type Feature = { feature: string; says: string } & (
  | { check: (server: RestServer) => Promise<void> }
  | { check?: undefined }
)

/** Resources that are there before the checks. */
export const fixture = [
  {
    resourceType: 'Patient',
    id: 'p1',
    active: true,
    gender: 'female',
    birthDate: '1980-05-06',
    name: [{ family: 'Østergård', given: ['Katherine'] }],
    identifier: [
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
        system: 'urn:mrn',
        value: '1',
      },
    ],
    telecom: [{ system: 'phone', value: '(555) 010-0199' }],
    address: [{ state: 'MA' }],
    managingOrganization: { reference: 'Organization/o1' },
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">She was walking slowly</div>' },
    meta: {
      tag: [{ system: 'urn:tag', code: 'a' }],
      security: [{ system: 'urn:s', code: 'R' }],
      profile: ['http://example.org/P'],
      source: 'urn:feed#1',
    },
  },
  { resourceType: 'Patient', id: 'p2', gender: 'male', name: [{ family: 'Beier' }], birthDate: '1990' },
  { resourceType: 'Organization', id: 'o1', name: 'Clinic', partOf: { reference: 'Organization/o2' } },
  { resourceType: 'Organization', id: 'o2', name: 'Trust' },
  {
    resourceType: 'Observation',
    id: 'x1',
    status: 'final',
    category: [{ coding: [{ code: 'vital-signs' }] }],
    code: { coding: [{ system: 'urn:code', code: 'weight', display: 'Body weight' }], text: 'How heavy' },
    subject: { reference: 'Patient/p1', identifier: { system: 'urn:mrn', value: '1' } },
    effectiveDateTime: '2024-03-10',
    valueQuantity: { value: 5, unit: 'g/L', system: 'http://unitsofmeasure.org', code: 'g/L' },
    contained: [{ resourceType: 'Practitioner', id: 'c', name: [{ family: 'Inside' }] }],
    performer: [{ reference: '#c' }],
  },
  {
    resourceType: 'Observation',
    id: 'x2',
    status: 'preliminary',
    code: { coding: [{ system: 'urn:code', code: 'mass' }] },
    subject: { reference: 'Patient/p2' },
    effectiveDateTime: '2024-04-01',
  },
  {
    resourceType: 'CodeSystem',
    id: 'codes',
    url: 'urn:code',
    status: 'active',
    content: 'complete',
    hierarchyMeaning: 'is-a',
    concept: [{ code: 'mass', concept: [{ code: 'weight' }] }],
  },
  {
    resourceType: 'ValueSet',
    id: 'light',
    url: 'http://example.org/ValueSet/light',
    status: 'active',
    compose: { include: [{ system: 'urn:code', concept: [{ code: 'weight' }] }] },
  },
  { resourceType: 'Location', id: 'l1', name: 'Here', position: { latitude: 42.25, longitude: -83.69 } },
  {
    resourceType: 'List',
    id: 'li',
    status: 'current',
    mode: 'working',
    code: { coding: [{ code: 'x' }] },
    entry: [{ item: { reference: 'Patient/p2' } }],
  },
  {
    resourceType: 'AllergyIntolerance',
    id: 'al',
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }],
    },
    patient: { reference: 'Patient/p1' },
  },
]
