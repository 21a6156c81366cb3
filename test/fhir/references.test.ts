import { describe, expect, it } from 'vitest'
import {
  eachConditionalReference,
  eachReference,
  parseReference,
  rewriteReferences,
} from '../../src/fhir/references.js'

describe('parseReference', () => {
  it.each([
    ['Patient/1', { type: 'Patient', id: '1' }],
    ['Patient/1/_history/3', { type: 'Patient', id: '1', version: '3' }],
    ['http://other/fhir/Patient/1', { type: 'Patient', id: '1', absolute: 'http://other/fhir' }],
    ['https://us/fhir/Patient/1', { type: 'Patient', id: '1' }], // our own base
    ['https://us/fhir/Patient/1/_history/2#x', { type: 'Patient', id: '1', version: '2', fragment: 'x' }],
    ['#p1', { fragment: 'p1' }],
    ['#', { fragment: '' }],
    ['urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0', { urn: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' }],
    ['urn:oid:1.2.3', { urn: 'urn:oid:1.2.3' }],
    ['Patient?identifier=1', undefined],
    ['Nonsense/1', undefined],
    ['http://hl7.org/fhir/ValueSet/x|1', undefined],
    ['Patient/not_an_id', undefined],
    ['', undefined],
  ])('%s', (text, parsed) => {
    expect(parseReference(text, 'https://us/fhir')).toEqual(parsed)
  })
})

it('eachReference finds references in extensions, lists and contained resources, and nothing else', () => {
  const found: string[] = []
  eachReference(
    {
      resourceType: 'Observation',
      subject: { reference: 'Patient/1', display: 'Group/9' },
      performer: [{ reference: 'Practitioner/2' }, { display: 'nobody' }],
      contained: [{ resourceType: 'DetectedIssue', reference: 'http://a/uri', patient: { reference: 'Patient/3' } }],
      extension: [{ url: 'http://x', valueReference: { reference: '#c' } }],
      note: [{ text: 'Patient/4' }],
    },
    ({ reference }) => found.push(reference),
  )
  expect(found).toEqual(['Patient/1', 'Practitioner/2', 'Patient/3', '#c'])
})

it('eachConditionalReference gives type and query', () => {
  const found: string[][] = []
  eachConditionalReference(
    {
      resourceType: 'Observation',
      subject: { reference: 'Patient?identifier=http://h|1&active=true' },
      encounter: { reference: 'Encounter/1' },
      device: { reference: 'Nonsense?x=1' },
    },
    (holder, ...parts) => {
      found.push(parts)
      holder.reference = 'Patient/1'
    },
  )
  expect(found).toEqual([['Patient', 'identifier=http://h|1&active=true']])
})

describe('rewriteReferences', () => {
  const urn = 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0'
  const map = (url: string) => (url === urn ? 'Patient/1' : undefined)
  const rewritten = (resource: object) => {
    rewriteReferences(resource, map)
    return resource
  }

  it('rewrites references, wherever they are, and leaves others', () => {
    expect(
      rewritten({
        resourceType: 'Observation',
        subject: { reference: urn },
        focus: [{ reference: 'urn:uuid:unknown' }, { reference: urn }],
        extension: [{ url: 'http://x', valueReference: { reference: urn } }],
      }),
    ).toEqual({
      resourceType: 'Observation',
      subject: { reference: 'Patient/1' },
      focus: [{ reference: 'urn:uuid:unknown' }, { reference: 'Patient/1' }],
      extension: [{ url: 'http://x', valueReference: { reference: 'Patient/1' } }],
    })
  })

  it('rewrites uri and url, in choices, lists, backbones and contained resources', () => {
    expect(
      rewritten({
        resourceType: 'DocumentReference',
        content: [{ attachment: { url: urn } }],
        extension: [{ url: 'http://x', valueUri: urn }],
        contained: [{ resourceType: 'Provenance', policy: ['http://p', urn] }],
        identifier: [{ system: urn }],
      }),
    ).toEqual({
      resourceType: 'DocumentReference',
      content: [{ attachment: { url: 'Patient/1' } }],
      extension: [{ url: 'http://x', valueUri: 'Patient/1' }],
      contained: [{ resourceType: 'Provenance', policy: ['http://p', 'Patient/1'] }],
      identifier: [{ system: 'Patient/1' }],
    })
  })

  it('leaves strings, canonicals and codes that look the same', () => {
    const resource = {
      resourceType: 'QuestionnaireResponse',
      questionnaire: urn,
      identifier: { system: 'urn:ietf:rfc:3986', value: urn },
      subject: { display: urn, type: 'Patient' },
    }
    expect(rewritten(structuredClone(resource))).toEqual(resource)
  })

  it('rewrites links and images of the narrative, not its text', () => {
    const div = (url: string) =>
      `<div><a class="x" href="${url}">${urn}</a><img src="${url}"/><p title="${urn}"/></div>`
    expect(rewritten({ resourceType: 'Patient', text: { div: div(urn) } })).toEqual({
      resourceType: 'Patient',
      text: { div: div('Patient/1') },
    })
  })
})
