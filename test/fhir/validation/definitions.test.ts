import { describe, expect, it } from 'vitest'
import { errorsIn, type Known } from './validated.js'

type Json = Record<string, unknown>

const url = 'http://example.org/x'
const status = 'active'
const extension = (more: Json) => [{ url: 'http://example.org/e', ...more }]

describe('what prose says of types', () => {
  it.each<[string, Json, string[]]>([
    [
      'an attachment of its size',
      { resourceType: 'Media', status: 'completed', content: { data: 'AAAA', contentType: 'a/b', size: 3 } },
      [],
    ],
    [
      'an attachment of another size',
      { resourceType: 'Media', status: 'completed', content: { data: 'AAAA', contentType: 'a/b', size: 4 } },
      ['Media.content'],
    ],
    [
      'an identifier that is a URI',
      { resourceType: 'Patient', identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2.3' }] },
      [],
    ],
    [
      'an identifier that should be a URI',
      { resourceType: 'Patient', identifier: [{ system: 'urn:ietf:rfc:3986', value: '1.2.3' }] },
      ['Patient.identifier[0]'],
    ],
    [
      'ids of elements',
      {
        resourceType: 'Patient',
        name: [{ id: 'a', family: 'A' }],
        telecom: [{ id: 'b', value: '1', system: 'phone' }],
      },
      [],
    ],
    [
      'one id for two elements',
      {
        resourceType: 'Patient',
        name: [{ id: 'a', family: 'A' }],
        telecom: [{ id: 'a', value: '1', system: 'phone' }],
      },
      ['Patient.telecom[0]'],
    ],
    [
      'one id for a primitive and another element',
      {
        resourceType: 'Patient',
        birthDate: '2000',
        _birthDate: { id: 'a', ...{ extension: extension({ valueString: 'b' }) } },
        name: [{ id: 'a', family: 'A' }],
      },
      ['Patient.name[0]'],
    ],
    [
      'the same ids in resources apart',
      {
        resourceType: 'Patient',
        name: [{ id: 'a', family: 'A' }],
        contained: [
          { resourceType: 'Organization', id: 'o', name: 'O', telecom: [{ id: 'a', value: '1', system: 'phone' }] },
        ],
        managingOrganization: { reference: '#o' },
      },
      [],
    ],
    ['a definition with a relative url', { resourceType: 'ValueSet', status, url: 'ValueSet/a' }, ['ValueSet.url']],
    [
      'a relative canonical',
      { resourceType: 'ValueSet', status, compose: { include: [{ valueSet: ['ValueSet/a'] }] } },
      ['ValueSet.compose.include[0].valueSet[0]'],
    ],
    ['a URI that is no UUID', { resourceType: 'ValueSet', status, url: 'urn:uuid:a' }, ['ValueSet.url']],
    ['a URI that is no OID', { resourceType: 'ValueSet', status, url: 'urn:oid:1.02' }, ['ValueSet.url']],
    ['an OID that is no URI', { resourceType: 'ValueSet', status, url: 'oid:1.2.3' }, ['ValueSet.url']],
    [
      'an include of a relative system',
      { resourceType: 'ValueSet', status, url, compose: { include: [{ system: '#a' }] } },
      ['ValueSet.compose.include[0]'],
    ],
    [
      'an include with the version in its system',
      { resourceType: 'ValueSet', status, url, compose: { include: [{ system: 'http://a|1' }] } },
      ['ValueSet.compose.include[0]'],
    ],
    [
      'no content, and concepts',
      { resourceType: 'CodeSystem', status, url, content: 'not-present', concept: [{ code: 'a' }] },
      ['CodeSystem.concept[0]'],
    ],
    [
      'another count than that of the concepts',
      {
        resourceType: 'CodeSystem',
        status,
        url,
        content: 'complete',
        count: 1,
        concept: [{ code: 'a', concept: [{ code: 'b' }] }],
      },
      ['CodeSystem.count'],
    ],
    [
      'a supplement of nothing',
      { resourceType: 'CodeSystem', status, url, content: 'supplement' },
      ['CodeSystem.content'],
    ],
    [
      'a supplement that is none',
      { resourceType: 'CodeSystem', status, url, content: 'complete', supplements: 'http://a', caseSensitive: true },
      ['CodeSystem.content', 'CodeSystem.caseSensitive'],
    ],
  ])('%s', async (_name, resource, wanted) => {
    expect(await errorsIn(resource)).toEqual(wanted)
  })

  it('knows supplements and value sets that are no code systems to include', async () => {
    const definitions: Known['definitions'] = [
      { resourceType: 'CodeSystem', url: 'http://s', content: 'supplement', supplements: 'http://a' } as never,
      { resourceType: 'ValueSet', url: 'http://v' },
    ]
    const include = [{ system: 'http://s' }, { system: 'http://v' }, { system: 'http://other' }]
    const valueSet = { resourceType: 'ValueSet', status, url, compose: { include } }
    expect(await errorsIn(valueSet, { definitions })).toEqual([
      'ValueSet.compose.include[0]',
      'ValueSet.compose.include[1]',
    ])
  })
})

describe('the codes of a value set', () => {
  const membership: Known['membership'] = ({ code }) =>
    code === 'y' ? { isIn: false, because: 'unknown-code' } : { isIn: true }
  it.each<[string, string[]]>([
    ['active', ['ValueSet.compose.include[0].concept[1]']],
    ['retired', []],
  ])('are those of its code systems, where it is %s', async (status, wanted) => {
    const include = [{ system: 'http://a', concept: [{ code: 'x' }, { code: 'y' }] }]
    expect(await errorsIn({ resourceType: 'ValueSet', status, url, compose: { include } }, { membership })).toEqual(
      wanted,
    )
  })
})

describe('a search parameter', () => {
  const parameter = (more: Json) => ({
    resourceType: 'SearchParameter',
    url,
    status,
    name: 'A',
    code: 'a',
    description: 'a',
    base: ['Patient'],
    type: 'string',
    ...more,
  })
  const derivedFrom = 'http://hl7.org/fhir/SearchParameter/Organization-name'

  it.each<[string, Json, string[]]>([
    ['that suits', { expression: 'Patient.name.family' }, []],
    ['of an element that is not there', { expression: 'Patient.nmae' }, ['SearchParameter.expression']],
    ['that is no FHIRPath', { expression: 'Patient.name.(' }, ['SearchParameter.expression']],
    ['of another type', { expression: 'Organization.name | Organization.alias' }, ['SearchParameter.expression']],
    ['from one of other types', { derivedFrom }, ['SearchParameter']],
    ['from one of another kind', { derivedFrom, base: ['Organization'], type: 'token' }, ['SearchParameter']],
  ])('%s', async (_name, more, wanted) => {
    expect(await errorsIn(parameter(more))).toEqual(wanted)
  })

  it('is stated as it is defined', async () => {
    const definition = 'http://hl7.org/fhir/SearchParameter/Organization-name'
    const stated = (type: string) => ({
      resourceType: 'CapabilityStatement',
      status,
      date: '2020',
      kind: 'requirements',
      description: 'a',
      fhirVersion: '4.0.1',
      format: ['json'],
      rest: [
        { mode: 'server', resource: [{ type: 'Organization', searchParam: [{ name: 'name', type, definition }] }] },
      ],
    })
    expect(await errorsIn(stated('string'))).toEqual([])
    expect(await errorsIn(stated('date'))).toEqual(['CapabilityStatement.rest[0].resource[0].searchParam[0]'])
  })
})

describe('a measure report', () => {
  const code = (code: string) => ({ coding: [{ system: 'http://a', code }] })
  const measure = (scoring: string, ...group: Json[]) => ({
    resourceType: 'Measure',
    url,
    status,
    scoring: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-scoring', code: scoring }] },
    group,
  })
  const report = (more: Json) => ({
    resourceType: 'MeasureReport',
    status: 'complete',
    type: 'summary',
    measure: url,
    period: { start: '2020' },
    ...more,
  })
  const population = [{ code: code('p') }]
  const cohort = measure('cohort', { code: code('g'), population })
  const R = 'MeasureReport'

  it.each<[string, Json, Json, string[]]>([
    ['of all groups', cohort, { group: [{ code: code('g'), population }] }, []],
    ['of the only group, without its code', cohort, { group: [{ population }] }, []],
    ['of another group', cohort, { group: [{ code: code('h'), population }] }, [`${R}.group[0]`, R]],
    [
      'without a group',
      measure('cohort', { code: code('g') }, { code: code('h') }),
      { group: [{ code: code('g') }] },
      [R],
    ],
    ['of a group twice', cohort, { group: [{ code: code('g'), population }, { code: code('g') }] }, [`${R}.group[1]`]],
    ['without a population', cohort, { group: [{ code: code('g') }] }, [`${R}.group[0]`]],
    [
      'with a score of a cohort',
      cohort,
      { group: [{ population, measureScore: { value: 1 } }] },
      [`${R}.group[0].measureScore`],
    ],
    ['without the score of a ratio', measure('ratio', {}), { group: [{ id: 'a', population: [] }] }, [`${R}.group[0]`]],
    [
      'with a proportion beyond 1',
      measure('proportion', { population }),
      { group: [{ population, measureScore: { value: 2, unit: '%' } }] },
      [`${R}.group[0].measureScore`, `${R}.group[0].measureScore.value`],
    ],
    [
      'with subjects in a summary',
      cohort,
      { group: [{ population: [{ ...population[0], subjectResults: { display: 'a' } }] }] },
      [`${R}.group[0].population[0]`],
    ],
  ])('%s', async (_name, definition, more, wanted) => {
    const errors = await errorsIn(report(more), { definitions: [definition as never] })
    expect(errors.filter((one) => !one.endsWith('.population'))).toEqual(wanted)
  })
})
