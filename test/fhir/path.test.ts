import type { Resource } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { Invalid } from '../../src/base/errors.js'
import { isResourceType, resourceTypes } from '../../src/fhir/definitions.js'
import { evaluate } from '../../src/fhir/fhirpath.js'
import { decimalOf, parseJson } from '../../src/fhir/json.js'
import { compilePaths, type Path } from '../../src/fhir/path.js'
import { searchParameters } from '../../src/search/parameters.js'
import { foundByFhirPathJs } from './fhirpath-js.js'
import { examples } from './path.examples.js'

function visited(paths: readonly Path[], item: unknown, resource?: unknown): { value: unknown; type: string }[] {
  const found: { value: unknown; type: string }[] = []
  for (const path of paths) path.each(item, (value, type) => found.push({ value, type }), resource)
  return found
}

const valuesOf = (expression: string, resource: Resource) =>
  visited(compilePaths(expression, resource.resourceType), resource).map(({ value }) => value)

/** What fhirpath.js finds; it names a resource inside another by its own type, and calls the id of one a string. */
function interpreted(expression: string, resource: Resource): { value: unknown; type: string }[] {
  const { resourceType, id } = resource
  const isInside = (type: string) => isResourceType(type) && type !== resourceType
  // It would have to fetch what it resolves; here all references show their type.
  const text = expression.replace(/resolve\(\) is (\w+)/g, "reference.startsWith('$1/')")
  const found = expression === '' ? [] : foundByFhirPathJs(text, resource)
  return found.map(({ value, type }) => ({ value, type: isInside(type) ? 'Resource' : value === id ? 'id' : type }))
}

/** What a union would leave: every value once, in no order. */
const distinct = (found: { value: unknown; type: string }[]) =>
  [...new Set(found.map(({ value, type }) => `${type} ${JSON.stringify(value)}`))].sort()

const parametersOf = (type: string) => [...searchParameters(type).values()]

describe('the search parameters of R4', () => {
  it('compile for every base, none left to the interpreter', () => {
    const dynamic = new Set<string>()
    const fruitless = new Set<string>()
    for (const parameter of resourceTypes.flatMap(parametersOf)) {
      const all = [parameter.paths, ...parameter.components.flatMap(({ paths }) => paths)]
      if (parameter.expression && all.some((paths) => paths.length === 0)) fruitless.add(parameter.url)
      if (all.flat().some(({ type }) => type === 'dynamic')) dynamic.add(parameter.url)
    }
    expect([...dynamic]).toEqual([])
    expect([...fruitless]).toEqual([])
  })

  it.each(examples.map((resource) => [`${resource.resourceType}/${resource.id}`, resource] as const))(
    'find in %s what fhirpath.js finds',
    (_, resource) => {
      const parameters = parametersOf(resource.resourceType)
      const found = parameters.map(({ code, paths }) => [code, distinct(visited(paths, resource))])
      const expected = parameters.map(({ code, expression }) => [code, distinct(interpreted(expression, resource))])
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
    },
  )

  it('take from the tuples of composites what fhirpath.js takes', () => {
    let tuples = 0
    for (const resource of examples) {
      const composites = parametersOf(resource.resourceType).filter(({ type }) => type === 'composite')
      for (const { paths, components } of composites) {
        paths.forEach((base, n) => {
          base.each(resource, (element, type) => {
            tuples++
            for (const component of components) {
              const expression = component.expression.replace('DateTime', 'dateTime')
              const expected = foundByFhirPathJs(
                expression,
                element,
                { resource },
                isResourceType(type) ? undefined : type,
              )
              expect(distinct(visited(component.paths[n]!, element, resource))).toEqual(distinct(expected))
            }
          })
        })
      }
    }
    expect(tuples).toBeGreaterThan(30)
  })

  it('have a value for most of what the examples were chosen for', () => {
    const withValue = examples.flatMap((resource) =>
      parametersOf(resource.resourceType)
        .filter(({ paths }) => visited(paths, resource).length > 0)
        .map(({ code }) => `${resource.resourceType}.${code}`),
    )
    expect(new Set(withValue).size).toBeGreaterThan(150)
  })
})

describe('compilePaths', () => {
  const [patient, , , observation] = examples as [Resource, Resource, Resource, Resource]

  it('gives one path for each type of a choice, and its JSON properties', () => {
    expect(compilePaths('Observation.effective', 'Observation').map(({ type, steps }) => [type, steps])).toEqual([
      ['dateTime', [{ name: 'effectiveDateTime', array: false }]],
      ['Period', [{ name: 'effectivePeriod', array: false }]],
      ['Timing', [{ name: 'effectiveTiming', array: false }]],
      ['instant', [{ name: 'effectiveInstant', array: false }]],
    ])
    expect(compilePaths('Observation.component.code.coding', 'Observation')[0]!.steps).toEqual([
      { name: 'component', array: true },
      { name: 'code', array: false },
      { name: 'coding', array: true },
    ])
  })

  it('has no steps for what jsonpath could not say', () => {
    const [filtered] = compilePaths("Patient.telecom.where(system = 'phone').value", 'Patient')
    expect(filtered!.steps).toBeUndefined()
  })

  it('leaves out what is said of other types', () => {
    expect(compilePaths('Person.name | Patient.name', 'Patient').map(({ type }) => type)).toEqual(['HumanName'])
    expect(compilePaths('Person.name', 'Patient')).toEqual([])
    expect(compilePaths('Resource.meta.tag', 'Patient').map(({ type }) => type)).toEqual(['Coding'])
  })

  it('knows backbones, also where their content is defined elsewhere', () => {
    expect(compilePaths('Observation.component', 'Observation')[0]!.type).toBe('Observation.component')
    expect(compilePaths('Questionnaire.item.item.item.linkId', 'Questionnaire')[0]!.type).toBe('string')
  })

  it.each([
    ["Patient.telecom.where(system = 'phone').value", ['555', '556']],
    ["Patient.telecom.where(system = 'phone' and use = 'mobile').value", ['556']],
    ["Patient.telecom.where(system != 'phone').value", ['a@example.org']], // nothing compares with no system
    ["Patient.telecom.where(system = 'email' or value = '555').value", ['555', 'a@example.org']],
    ['Patient.telecom.where(system.exists()).value', ['555', 'a@example.org', '556']],
    ["Patient.name.where(given = 'Ada').family", []], // two given names equal no single one
    ["Patient.extension('http://example.org/importance').value.as(CodeableConcept).text", ['vip']],
    ["Patient.extension.where(url = 'http://example.org/race').extension.value.code", ['x']],
    ["Patient.birthDate.extension('http://example.org/time').value", ['1980-05-01T03:00:00Z']],
    ['(Patient.name | Patient.contact.name).family', ['Ünal', 'Smith']],
    ['Patient.name[1].family', ['Smith']],
    ['Patient.name.first().family', ['Ünal']],
    ['Patient.`name`.family', ['Ünal', 'Smith']],
    ['Patient.gender.exists() and Patient.active = true', [true]],
  ])('compiles %s', (expression, expected) => {
    expect(compilePaths(expression, 'Patient').map(({ type }) => type)).not.toContain('dynamic')
    expect(valuesOf(expression, patient)).toEqual(expected)
    expect(evaluate(expression, patient)).toEqual(expected)
  })

  it('passes over the nulls that keep primitives beside their extensions', () => {
    const name = { given: ['Ada', null, 'Maria'], _given: [null, { id: 'x' }, null] }
    expect(valuesOf('Patient.name.given', { resourceType: 'Patient', name: [name] } as Resource)).toEqual([
      'Ada',
      'Maria',
    ])
  })

  it('starts from parts of a resource, with %resource around them', () => {
    const [start] = compilePaths('value.as(Quantity).value', 'Observation.component')
    expect(start!.steps!.map(({ name }) => name)).toEqual(['valueQuantity', 'value'])
    expect(compilePaths('value.as(DateTime) | value.as(Period)', 'Observation').map(({ type }) => type)).toEqual([
      'dateTime',
      'Period',
    ])
    const sequence = { resourceType: 'MolecularSequence', referenceSeq: { windowStart: 7 } }
    const around = compilePaths('%resource.referenceSeq.windowStart', 'MolecularSequence.variant')
    expect(visited(around, { start: 1 }, sequence)).toEqual([{ value: 7, type: 'integer' }])
  })

  it('leaves the rest of FHIRPath to the interpreter, with the type of each value', () => {
    const expression = "Observation.component.where(code.text.startsWith('s')).value"
    const paths = compilePaths(expression, 'Observation')
    expect(paths.map(({ type }) => type)).toEqual(['dynamic'])
    expect(visited(paths, observation).map(({ type }) => type)).toEqual(['Quantity', 'CodeableConcept'])

    const part = compilePaths(
      "value.select($this).as(Quantity) | %resource.code.where(text.contains('b'))",
      'Observation.component',
    )
    const component = { valueQuantity: { value: 1 } }
    expect(visited(part, component, observation).map(({ type }) => type)).toEqual(['Quantity', 'CodeableConcept'])
  })

  it.each([
    'Patient.nmae',
    'Patient.name.given.family',
    'Patient.name.(',
    'Patient..name',
    'Patient.deceased.as(Nothing)',
    '',
  ])('refuses %j', (expression) => expect(() => compilePaths(expression, 'Patient')).toThrow(Invalid))

  it('compiles no code that an expression brings along', () => {
    const text = "x\\'\\\"\\\\); globalThis.broken = true; (\\'\\u2028`"
    expect(valuesOf(`Patient.telecom.where(system = '${text}')`, patient)).toEqual([])
    expect(() => valuesOf('Patient.`name; globalThis.broken = true`', patient)).toThrow(Invalid)
    expect(globalThis).not.toHaveProperty('broken')
  })
})

describe('where(resolve() is T)', () => {
  it.each([
    // reference                                                                                points at a Patient
    [{ reference: 'Patient/1' }, true],
    [{ reference: 'Patient/1/_history/2' }, true],
    [{ reference: 'http://example.org/fhir/Patient/1' }, true],
    [{ reference: 'http://example.org/Group/Patient/1/_history/2' }, true],
    [{ reference: 'Group/1' }, false],
    [{ reference: 'Group/Patient' }, false],
    [{ reference: 'http://example.org/Patient/Group/1' }, false],
    [{ reference: 'OldPatient/1' }, false],
    [{ reference: '#p' }, true],
    [{ reference: '#g' }, false],
    [{ reference: '#gone' }, false],
    [{ reference: 'urn:uuid:2b1a3c5e-0000-4000-8000-000000000000' }, false],
    [{ reference: 'urn:uuid:2b1a3c5e-0000-4000-8000-000000000000', type: 'Patient' }, true],
    [{ reference: 'Group/1', type: 'Patient' }, false], // the URL knows better
    [{ identifier: { value: '1' }, type: 'Patient' }, true],
    [{ identifier: { value: '1' }, type: 'http://hl7.org/fhir/StructureDefinition/Patient' }, true],
    [{ identifier: { value: '1' }, type: 'Group' }, false],
    [{ identifier: { value: '1' } }, false],
    [{ display: 'a patient' }, false],
  ])('%j: %s', (subject, isPatient) => {
    const contained = [
      { resourceType: 'Patient', id: 'p' },
      { resourceType: 'Group', id: 'g', type: 'person', actual: true },
    ]
    const observation = { resourceType: 'Observation', contained, subject } as Resource
    const paths = compilePaths('Observation.subject.where(resolve() is Patient)', 'Observation')
    expect(visited(paths, observation)).toEqual(isPatient ? [{ value: subject, type: 'Reference' }] : [])
    expect(paths[0]!.targets).toEqual(['Patient'])
  })
})

describe('evaluate', () => {
  const observation = parseJson(
    '{"resourceType":"Observation","status":"final","code":{},"valueQuantity":{"value":1.10,"unit":"g"}}',
  )

  it('calculates with decimals that keep their digits', () => {
    expect(evaluate('Observation.value.value + 1', observation)).toEqual([decimalOf('2.10')])
    expect(evaluate('Observation.value.value > 1.05', observation)).toEqual([true])
  })

  it('knows %resource and what else is given', () => {
    expect(evaluate('%resource.status', observation)).toEqual(['final'])
    expect(evaluate('%limit > value.value', observation, { limit: 2 })).toEqual([true])
  })

  it('leaves nothing behind on the resource', () => {
    const resource = { resourceType: 'Patient', name: [{ family: 'x' }] }
    evaluate('name', resource)
    expect(Reflect.ownKeys(resource.name[0]!)).toEqual(['family'])
  })

  it.each(['name.(', 'nofunction()', 'name.given.single()'])('refuses %s', (expression) => {
    const patient = { resourceType: 'Patient', name: [{ given: ['a', 'b'] }] }
    expect(() => evaluate(expression, patient)).toThrow(Invalid)
  })
})
