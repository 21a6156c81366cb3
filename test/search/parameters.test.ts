import { describe, expect, it } from 'vitest'
import { Invalid } from '../../src/base/errors.js'
import { compartmentMembers, resourceTypes, type SearchParameterDefinition } from '../../src/fhir/definitions.js'
import { commonParameters, ParameterRegistry, searchParameter, searchParameters } from '../../src/search/parameters.js'

const common = ['_content', '_id', '_lastUpdated', '_profile', '_security', '_source', '_tag']

describe('searchParameters', () => {
  it('has what every resource can be found by, and not the query name', () => {
    expect([...commonParameters().keys()].sort()).toEqual(common)
    for (const type of resourceTypes) {
      expect([...searchParameters(type).keys()]).toEqual(expect.arrayContaining(common))
      expect(searchParameter(type, '_query')).toBeUndefined()
    }
    expect(searchParameter('Patient', '_text')).toMatchObject({ type: 'string', expression: '', paths: [] })
    expect(searchParameter('Bundle', '_text')).toBeUndefined() // has no narrative
    expect(
      commonParameters()
        .get('_tag')!
        .paths.map(({ type }) => type),
    ).toEqual(['Coding'])
  })

  it('knows a shared parameter as each of its bases uses it', () => {
    const [ofPatient, ofPerson] = [searchParameter('Patient', 'name')!, searchParameter('Person', 'name')!]
    expect(ofPatient).toMatchObject({ code: 'name', base: 'Patient', type: 'string' })
    expect(ofPatient.paths.map(({ steps }) => steps)).toEqual([[{ name: 'name', array: true }]])
    expect(ofPerson.base).toBe('Person')
    expect(searchParameter('Observation', 'date')!.paths).toHaveLength(4)
    expect(searchParameter('Observation', 'date')!.description).toMatch(/^Obtained date/)
  })

  it('says undefined of what is not known', () => {
    expect(searchParameter('Patient', 'colour')).toBeUndefined()
    expect(searchParameter('Colour', 'name')).toBeUndefined()
  })

  it('compiles a parameter once', () => {
    expect(searchParameters('Patient')).toBe(searchParameters('Patient'))
    expect(searchParameter('Patient', 'name')!.paths).toBe(searchParameter('Patient', 'name')!.paths)
  })

  it.each([
    ['Observation', 'subject', ['Device', 'Group', 'Location', 'Patient']],
    ['Observation', 'patient', ['Patient']],
    ['Encounter', 'patient', ['Patient']],
    ['DeviceRequest', 'encounter', ['Encounter']], // elsewhere it may be an EpisodeOfCare
    [
      'MeasureReport',
      'subject',
      ['Device', 'Group', 'Location', 'Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson'],
    ],
    ['Consent', 'source-reference', ['Consent', 'Contract', 'DocumentReference', 'QuestionnaireResponse']],
    ['RequestGroup', 'instantiates-canonical', []], // any
    ['Observation', 'code', []],
  ])('%s.%s may point at %j', (type, code, targets) => {
    expect([...searchParameter(type, code)!.targets].sort()).toEqual(targets)
  })

  it('knows no reference without targets but the one that R4 leaves open', () => {
    const open = resourceTypes.flatMap((type) =>
      [...searchParameters(type).values()].filter((one) => one.type === 'reference' && one.targets.length === 0),
    )
    expect(open.map(({ base, code }) => `${base}.${code}`)).toEqual(['RequestGroup.instantiates-canonical'])
  })

  it('has every parameter that places a resource in a patient compartment', () => {
    for (const [type, codes] of Object.entries(compartmentMembers('Patient'))) {
      for (const code of codes) expect(searchParameter(type, code), `${type}.${code}`).toBeDefined()
    }
  })
})

describe('a composite', () => {
  it('starts at its elements, and has paths from each of them for each component', () => {
    const composite = searchParameter('Observation', 'combo-code-value-quantity')!
    expect(composite.paths.map(({ type }) => type)).toEqual(['Observation', 'Observation.component'])
    expect(composite.components.map(({ parameter }) => [parameter.code, parameter.type])).toEqual([
      ['combo-code', 'token'],
      ['combo-value-quantity', 'quantity'],
    ])
    const steps = composite.components.map(({ paths }) => paths.map((own) => own.map((path) => path.steps![0]!.name)))
    expect(steps).toEqual([
      [['code'], ['code']],
      [['valueQuantity'], ['valueQuantity']],
    ])
  })

  it('is absent elsewhere', () => {
    expect(searchParameter('Patient', 'name')!.components).toEqual([])
  })
})

describe('ParameterRegistry', () => {
  const definition = (some: Partial<SearchParameterDefinition>): SearchParameterDefinition => ({
    url: `http://example.org/${some.code}`,
    code: 'colour',
    base: ['Patient'],
    type: 'token',
    descriptions: {},
    ...some,
  })

  it('serves other definitions than R4 has', () => {
    const expression = "Patient.extension('http://example.org/colour').value.as(Coding)"
    const registry = new ParameterRegistry([
      definition({ expression }),
      definition({ code: 'kind', base: ['Resource'] }),
    ])
    expect([...registry.of('Patient').keys()]).toEqual(['kind', 'colour'])
    expect([...registry.of('Group').keys()]).toEqual(['kind'])
    expect(
      registry
        .of('Patient')
        .get('colour')!
        .paths.map(({ type }) => type),
    ).toEqual(['Coding'])
  })

  it('lets a later definition of a code replace an earlier one', () => {
    const registry = new ParameterRegistry([
      definition({ base: ['Resource'], expression: 'Resource.id' }),
      definition({ expression: 'Patient.gender' }),
    ])
    expect(registry.of('Patient').get('colour')!.expression).toBe('Patient.gender')
  })

  it('refuses a composite of what is not known', () => {
    const component = [{ definition: 'http://example.org/gone', expression: 'code' }]
    const registry = new ParameterRegistry([definition({ type: 'composite', expression: 'Patient', component })])
    expect(() => registry.of('Patient').get('colour')!.components).toThrow(Invalid)
  })
})
