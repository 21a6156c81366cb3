import { describe, expect, it } from 'vitest'
import { type SummaryMode, summarize } from '../../src/fhir/summary.js'

const meta = {
  tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }],
}
const patient = {
  resourceType: 'Patient',
  id: 'p1',
  text: { status: 'generated', div: '<div/>' },
  modifierExtension: [{ url: 'http://x', valueString: 'not a patient' }],
  name: [{ id: 'n', family: 'A', _family: { extension: [{ url: 'http://y' }] }, given: ['B'] }],
  maritalStatus: { text: 'm' },
  deceasedBoolean: true,
  contact: [{ gender: 'male' }],
  communication: [{ language: { text: 'en' }, preferred: true }],
  link: [{ id: 'l', other: { reference: 'Patient/2' }, type: 'seealso' }],
}
const observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ code: 'a', userSelected: true }] },
  text: { status: 'empty', div: '<div/>' },
  component: [{ code: { text: 'c' }, valueInteger: 1, interpretation: [{ text: 'n' }] }],
}

describe('_summary', () => {
  it('true keeps what is marked Σ, at every level', () => {
    expect(summarize(patient, 'true')).toEqual({
      resourceType: 'Patient',
      id: 'p1',
      meta,
      modifierExtension: patient.modifierExtension,
      name: [{ family: 'A', _family: patient.name[0]!._family, given: ['B'] }],
      deceasedBoolean: true,
      link: [{ other: { reference: 'Patient/2' }, type: 'seealso' }],
    })
  })

  it('true keeps what is mandatory below it', () => {
    expect(summarize(observation, 'true')).toEqual({
      resourceType: 'Observation',
      meta,
      status: 'final',
      code: { coding: [{ code: 'a', userSelected: true }] },
      component: [{ code: { text: 'c' }, valueInteger: 1 }],
    })
  })

  it('true summarizes the resources in a Bundle', () => {
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: observation }] }
    const { resource } = (summarize(bundle, 'true').entry as { resource: object }[])[0]!
    expect(resource).not.toHaveProperty('text')
    expect(resource).toHaveProperty('resourceType', 'Observation')
  })

  it('text keeps the narrative and the mandatory elements', () => {
    const { code, status, text } = observation
    expect(summarize(observation, 'text')).toEqual({ resourceType: 'Observation', meta, text, status, code })
  })

  it('data leaves out the narrative only', () => {
    const { text, ...rest } = patient
    expect(summarize(patient, 'data')).toEqual({ ...rest, meta })
  })

  it('false is the resource itself', () => {
    expect(summarize(patient, 'false')).toBe(patient)
  })

  it('count is not a form of a resource', () => {
    expect(() => summarize(patient, 'count')).toThrow(expect.objectContaining({ status: 400 }))
  })

  it.each<SummaryMode>(['true', 'text', 'data'])('%s leaves its argument alone', (mode) => {
    const before = structuredClone(patient)
    summarize(patient, mode)
    expect(patient).toEqual(before)
  })
})
