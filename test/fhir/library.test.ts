import type { CodeSystem, Resource, ValueSet } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { archive, shipped } from '../../src/fhir/definitions/shipped.js'
import { byCanonical, overlay } from '../../src/fhir/library.js'

const versions = async (type: 'CodeSystem' | 'StructureDefinition' | 'ValueSet', url: string, library = shipped) =>
  (await library.withUrl(type, url)).map(({ version }) => version)

describe('what is shipped', () => {
  it.each([
    ['StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/Patient', ['4.0.1']],
    ['StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/bodyweight', ['4.0.1']],
    ['StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace', ['4.0.1']],
    ['StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/SimpleQuantity', ['4.0.1']],
    ['StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/string', ['4.0.1']],
    ['ValueSet', 'http://hl7.org/fhir/ValueSet/observation-status', ['4.0.1']],
    ['CodeSystem', 'http://hl7.org/fhir/observation-status', ['4.0.1']],
    // HL7 Terminology goes on with what R4 published, in versions that began anew
    ['CodeSystem', 'http://terminology.hl7.org/CodeSystem/condition-clinical', ['3.0.0', '4.0.1']],
    [
      'CodeSystem',
      'http://terminology.hl7.org/CodeSystem/v3-NullFlavor',
      [expect.stringMatching(/^\d\./), '2018-08-12'],
    ],
    ['CodeSystem', 'http://terminology.hl7.org/CodeSystem/v2-0203', [expect.stringMatching(/^\d\./), '2.9']],
    ['StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/SubscriptionStatus', []],
    ['ValueSet', 'http://hl7.org/fhir/ValueSet/observation-status|4.0.1', []],
    ['ValueSet', 'constructor', []],
  ] as const)('%s %s in versions %j', async (type, url, expected) => {
    expect(await versions(type, url)).toEqual(expected)
  })

  it('is what HL7 published, without prose', async () => {
    const meta = await byCanonical(shipped, 'StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/Meta')
    const paths = meta!.snapshot!.element.map(({ path }) => path)
    expect(paths).toEqual(
      ['', '.id', '.extension', '.versionId', '.lastUpdated', '.source', '.profile', '.security', '.tag'].map(
        (path) => `Meta${path}`,
      ),
    )
    expect(meta).not.toHaveProperty('text')
    expect(meta).not.toHaveProperty('differential')
    expect(meta!.snapshot!.element.every((element) => element.mapping === undefined)).toBe(true)
  })

  it('has a NamingSystem by each of its unique ids', async () => {
    const [byOid] = await shipped.withUrl('NamingSystem', '2.16.840.1.113883.4.1')
    const [byUri] = await shipped.withUrl('NamingSystem', 'http://hl7.org/fhir/sid/us-ssn')
    expect(byOid).toMatchObject({ resourceType: 'NamingSystem', kind: 'identifier' })
    expect(byUri).toEqual(byOid)
  })

  it('can be read to the last one, has its own url in each, and nobody can change it', () => {
    for (const type of ['StructureDefinition', 'ValueSet', 'CodeSystem', 'ConceptMap'] as const) {
      const urls = archive().urls(type)
      expect(urls.length).toBeGreaterThan(10)
      for (const url of urls) for (const one of archive().withUrl(type, url)) expect(one.url).toBe(url)
    }
    const [system] = archive().withUrl('CodeSystem', 'http://hl7.org/fhir/observation-status')
    expect(() =>
      (system as { version: string }).version.concat((system!.concept as unknown[]).push({}) as never),
    ).toThrow(TypeError)
  })
})

describe('what a request brings along', () => {
  const url = 'http://example.org/fhir/CodeSystem/colours'
  const system = (version: string | undefined, at = url): CodeSystem => ({
    resourceType: 'CodeSystem',
    id: 'colours',
    url: at,
    version,
    status: 'active',
    content: 'complete',
  })
  const status = 'http://hl7.org/fhir/observation-status'

  it('lies over what is there: highest version first, before all of the lower layer', async () => {
    const library = overlay(shipped, [
      system('1.2.0'),
      system('1.10.0'),
      system('1.10.0-ballot'),
      system('0.1', status),
    ])
    expect(await versions('CodeSystem', url, library)).toEqual(['1.10.0', '1.10.0-ballot', '1.2.0'])
    expect(await versions('CodeSystem', status, library)).toEqual(['0.1', '4.0.1'])
    expect((await byCanonical(library, 'CodeSystem', `${url}|1.2.0`))?.version).toBe('1.2.0')
    expect(await byCanonical(library, 'CodeSystem', `${url}|7`)).toBeUndefined()
    expect((await byCanonical(library, 'CodeSystem', `${status}|4.0.1`))?.concept).not.toEqual([])
  })

  it('replaces the same version of the same url', async () => {
    const library = overlay(shipped, [system('4.0.1', status)])
    expect(await versions('CodeSystem', status, library)).toEqual(['4.0.1'])
    expect((await byCanonical(library, 'CodeSystem', status))?.concept).toBeUndefined()
    expect((await byCanonical(shipped, 'CodeSystem', status))?.concept).toBeDefined()
  })

  it('has one revision for one content, over one library', () => {
    const revision = (...resources: Resource[]) => overlay(shipped, resources).revision
    expect(revision(system('1'))).toBe(revision(system('1')))
    expect(revision(system('1'))).not.toBe(revision(system('2')))
    const set: ValueSet = { resourceType: 'ValueSet', url, status: 'active' }
    expect(overlay(overlay(shipped, [set]), [system('1')]).revision).not.toBe(revision(system('1')))
    expect(overlay(shipped, [{ resourceType: 'Patient' }])).toBe(shipped)
  })

  it('has no logical ids: those are of what is stored', async () => {
    expect(await overlay(shipped, [system('1')]).withId('CodeSystem', 'colours')).toBeUndefined()
  })
})
