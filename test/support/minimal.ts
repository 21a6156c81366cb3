import { type ElementDefinition, requiredCodes, typeDefinition } from '../../src/fhir/definitions.js'

/** A value of each primitive type that has a form of its own. */
const primitives: Record<string, unknown> = {
  base64Binary: 'SGVsbG8=',
  boolean: true,
  canonical: 'http://example.org/canonical',
  code: 'code',
  date: '2020-02-29',
  dateTime: '2020-02-29T10:00:00Z',
  decimal: 1.5,
  id: 'an-id',
  instant: '2020-02-29T10:00:00.000Z',
  integer: 1,
  oid: 'urn:oid:1.2.3',
  positiveInt: 1,
  time: '10:00:00',
  unsignedInt: 1,
  uri: 'http://example.org/uri',
  url: 'http://example.org/url',
  uuid: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
  xhtml: '<div xmlns="http://www.w3.org/1999/xhtml">text</div>',
}

/** What constraints demand beside, or instead of, what has to be there. */
const constrained: Record<string, Record<string, unknown>> = {
  AllergyIntolerance: {
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }],
    },
  },
  Appointment: { participant: [{ actor: { reference: 'text' }, status: 'accepted' }] },
  AppointmentResponse: { actor: { reference: 'text' } },
  Bundle: { type: 'collection' },
  CapabilityStatement: {
    format: ['application/fhir+json'],
    rest: [{ mode: 'server' }],
    implementation: { description: 'text' },
  },
  Consent: { policyRule: { text: 'text' } },
  EventDefinition: { trigger: [{ type: 'named-event', name: 'text' }] },
  ImmunizationRecommendation: {
    recommendation: [{ vaccineCode: [{ text: 'text' }], forecastStatus: { text: 'text' } }],
  },
  InsurancePlan: { name: 'text' },
  Linkage: { item: ['source', 'alternate'].map((type) => ({ type, resource: { reference: 'text' } })) },
  Organization: { name: 'text' },
  StructureDefinition: {
    kind: 'logical',
    differential: { element: [{ id: 'uri', path: 'uri' }] },
  },
  TerminologyCapabilities: { implementation: { description: 'text' } },
}

/** The smallest resource of a type that its structure and constraints allow: the elements that have to be there, and no others. */
export function minimal(type: string): { resourceType: string } & Record<string, unknown> {
  return { resourceType: type, ...minimalMembers(type), ...constrained[type] }
}

/** The same for a data type or the path of a backbone, where at least one has to be there. */
export function minimalMembers(name: string): Record<string, unknown> {
  const { kind, elements } = typeDefinition(name)!
  const required = elements.filter(({ min }) => min > 0)
  // A data type may not be empty, though nothing in particular has to be there: then it is its first simple element, or its last.
  if (required.length === 0 && kind !== 'resource') required.push(elements.find(isSimple) ?? elements.at(-1)!)
  return Object.fromEntries(required.map((element) => memberOf(name, element)))
}

const isSimple = ({ name, types }: ElementDefinition) =>
  name !== 'id' && typeDefinition(types[0]?.code ?? '')?.kind === 'primitive-type'

function memberOf(parent: string, element: ElementDefinition): [name: string, value: unknown] {
  const { name, choice, max, types, requiredValueSet, contentReference } = element
  const type = contentReference ?? types[0]!.code
  const code = requiredValueSet && type === 'code' ? codeOf(requiredValueSet) : undefined
  const value = code ?? valueOfType(type === 'BackboneElement' || type === 'Element' ? `${parent}.${name}` : type)
  return [choice ? name + type[0]!.toUpperCase() + type.slice(1) : name, max === '*' ? [value] : value]
}

const codeOf = (valueSet: string) =>
  requiredCodes(valueSet)?.[0] ?? (/mimetypes/.test(valueSet) ? 'text/plain' : undefined)

function valueOfType(type: string): unknown {
  if (type in primitives) return primitives[type]
  if (type === 'Resource') return minimal('Basic')
  if (typeDefinition(type)?.kind === 'primitive-type') return 'text'
  return minimalMembers(type)
}
