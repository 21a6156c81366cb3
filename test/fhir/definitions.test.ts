import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { build } from '../../src/fhir/definitions/build.js'
import {
  compartmentMembers,
  isResourceType,
  requiredCodes,
  resourceTypes,
  searchParameterDefinitions,
  typeDefinition,
} from '../../src/fhir/definitions.js'

const elementNames = (type: string) => typeDefinition(type)!.elements.map(({ name }) => name)
const element = (type: string, name: string) => typeDefinition(type)!.elements.find((found) => found.name === name)

describe('the definitions of R4', () => {
  it('have the 146 concrete resource types, sorted', () => {
    expect(resourceTypes).toHaveLength(146)
    expect([...resourceTypes]).toEqual([...resourceTypes].sort())
    expect(isResourceType('Patient')).toBe(true)
    for (const name of ['DomainResource', 'HumanName', 'SubscriptionStatus', 'constructor', '', undefined]) {
      expect(isResourceType(name)).toBe(false)
    }
  })

  it('have resources, data types, primitives and backbones', () => {
    expect(typeDefinition('Patient')).toMatchObject({ kind: 'resource', base: 'DomainResource' })
    expect(typeDefinition('HumanName')).toMatchObject({ kind: 'complex-type', base: 'Element' })
    expect(typeDefinition('date')).toMatchObject({ kind: 'primitive-type', elements: [] })
    expect(typeDefinition('date')?.regex).toContain('[0-9]')
    expect(typeDefinition('Patient.contact')).toMatchObject({ kind: 'backbone', base: 'BackboneElement' })
    expect(typeDefinition('Timing.repeat')).toMatchObject({ kind: 'backbone', base: 'Element' })
    expect(typeDefinition('Patent')).toBeUndefined()
  })

  it('have elements with cardinality, types and flags', () => {
    expect(element('Patient', 'deceased')).toEqual({
      name: 'deceased',
      min: 0,
      max: '1',
      choice: true,
      types: [{ code: 'boolean' }, { code: 'dateTime' }],
      isSummary: true,
      isModifier: true,
    })
    expect(element('Patient', 'generalPractitioner')).toEqual({
      name: 'generalPractitioner',
      min: 0,
      max: '*',
      types: [{ code: 'Reference', targets: ['Organization', 'Practitioner', 'PractitionerRole'] }],
    })
    expect(element('Patient', 'id')?.types).toEqual([{ code: 'id' }])
    expect(element('HumanName', 'id')?.types).toEqual([{ code: 'string' }])
    expect(element('Observation', 'status')).toMatchObject({
      min: 1,
      requiredValueSet: 'http://hl7.org/fhir/ValueSet/observation-status',
    })
    expect(element('Questionnaire.item', 'item')).toMatchObject({ contentReference: 'Questionnaire.item', types: [] })
  })

  it('name for every element a type that is defined', () => {
    for (const type of [...resourceTypes, 'HumanName', 'Timing', 'ElementDefinition', 'Dosage']) {
      for (const { types, contentReference } of typeDefinition(type)!.elements) {
        for (const code of contentReference ? [contentReference] : types.map(({ code }) => code)) {
          expect(typeDefinition(code), `${type}: ${code}`).toBeDefined()
        }
      }
    }
  })

  it('leave out what the package adds to R4, and keep what it drops', () => {
    expect(elementNames('Meta')).toEqual([
      'id',
      'extension',
      'versionId',
      'lastUpdated',
      'source',
      'profile',
      'security',
      'tag',
    ])
    expect(elementNames('Binary')).not.toContain('url')
    expect(elementNames('ResearchStudy')).not.toContain('comparisonGroup')
    expect(typeDefinition('ResearchStudy.comparisonGroup')).toBeUndefined()
    expect(typeDefinition('EvidenceVariable.characteristic.definitionByCombination')).toBeUndefined()
    expect(elementNames('EvidenceVariable.characteristic')).toContain('groupMeasure')
    expect(element('AuditEvent.source', 'observer')?.types[0]?.targets).not.toContain('Bot')
    expect(isResourceType('Project')).toBe(false)
  })

  it('have the codes of required bindings, where they can be enumerated', () => {
    expect(requiredCodes('http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1')).toEqual([
      'male',
      'female',
      'other',
      'unknown',
    ])
    expect(requiredCodes('http://hl7.org/fhir/ValueSet/resource-types')).toContain('Patient')
    expect(requiredCodes('http://hl7.org/fhir/ValueSet/mimetypes')).toBeUndefined()
  })

  it('have the search parameters, with a description for each base', () => {
    const definitions = searchParameterDefinitions()
    expect(definitions).toHaveLength(1377)
    const date = definitions.find(({ url }) => url.endsWith('/clinical-date'))
    expect(date).toMatchObject({ code: 'date', type: 'date' })
    expect(date?.comparator).toContain('sa')
    expect(date?.descriptions.Flag).toBe('Time period when flag is active')
    expect(definitions.find(({ code }) => code === 'code-value-quantity')?.component).toHaveLength(2)
    for (const { base, descriptions, url } of definitions) {
      expect(Object.keys(descriptions).sort(), url).toEqual([...base].sort())
    }
  })

  it('have the patient compartment', () => {
    expect(compartmentMembers('Patient').Observation).toEqual(['subject', 'performer'])
    expect(compartmentMembers('Patient').Organization).toBeUndefined()
  })

  it('cannot be changed', () => {
    expect(() => (typeDefinition('Patient')!.elements as unknown[]).push({})).toThrow(TypeError)
    expect(() => (resourceTypes as string[]).push('Patent')).toThrow(TypeError)
  })

  it('are small enough to load at every start', () => {
    expect(statSync(join(root, 'build', 'r4.json')).size).toBeLessThan(3_000_000)
  })
})

describe('build', () => {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'definitions-'))
    writeFileSync(join(home, 'package.json'), '{}')
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  })
  afterAll(() => rmSync(home, { recursive: true }))

  it('writes the definitions once, and again when they are older than what they come from', () => {
    const output = join(home, 'build', 'r4.json')
    expect(build(home)).toBe(true)
    expect(JSON.parse(readFileSync(output, 'utf8')).types.Patient.kind).toBe('resource')
    expect(build(home)).toBe(false)
    utimesSync(output, 0, 0)
    expect(build(home)).toBe(true)
  })
})
