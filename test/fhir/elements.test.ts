import { describe, expect, it } from 'vitest'
import { elements } from '../../src/fhir/elements.js'

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }
const observation = {
  resourceType: 'Observation',
  id: 'o1',
  meta: { versionId: '2', tag: [{ system: 'http://t', code: 'a' }] },
  text: { status: 'generated', div: '<div/>' },
  status: 'final',
  code: { text: 'Weight', coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  subject: { reference: 'Patient/1', display: 'Ann' },
  effectiveDateTime: '2020-01-01',
  _effectiveDateTime: { extension: [{ url: 'http://x', valueCode: 'y' }] },
  valueQuantity: { value: 70, unit: 'kg', code: 'kg' },
  component: [
    { code: { text: 'A' }, valueString: 'x', interpretation: [{ text: 'n' }] },
    { code: { text: 'B' }, valueString: 'y' },
  ],
}

describe('_elements', () => {
  it('keeps the named, the mandatory, id and meta, and says that it is not all', () => {
    expect(elements(observation, ['subject'])).toEqual({
      resourceType: 'Observation',
      id: 'o1',
      meta: { versionId: '2', tag: [{ system: 'http://t', code: 'a' }, subsetted] },
      status: 'final',
      code: observation.code,
      subject: observation.subject,
    })
  })

  it.each([['value'], ['value[x]'], ['valueQuantity'], ['Observation.value']])('%s names the choice', (name) => {
    expect(elements(observation, [name]).valueQuantity).toEqual(observation.valueQuantity)
  })

  it('keeps the extensions of a primitive with it', () => {
    expect(elements(observation, ['effective'])).toMatchObject({
      effectiveDateTime: '2020-01-01',
      _effectiveDateTime: observation._effectiveDateTime,
    })
  })

  it('descends by dots, keeping what is mandatory there', () => {
    const { component, valueQuantity, subject } = elements(observation, ['component.value', 'value.unit'])
    expect(component).toEqual([
      { code: { text: 'A' }, valueString: 'x' },
      { code: { text: 'B' }, valueString: 'y' },
    ])
    expect(valueQuantity).toEqual({ unit: 'kg' })
    expect(subject).toBeUndefined()
  })

  it.each([[['subject', 'subject.display']], [['subject.display', 'subject']]])('%j is all of subject', (names) => {
    expect(elements(observation, names).subject).toEqual(observation.subject)
  })

  it('names what it does not know, and what there is', () => {
    const ask = () => elements(observation, ['status', 'shoeSize', 'code.colour'])
    expect(ask).toThrow(/^_elements: Observation has no shoeSize, code\.colour; it has .*\beffective\b/)
    expect(ask).toThrow(expect.objectContaining({ status: 400 }))
  })

  it('tags once and leaves its argument alone', () => {
    const before = structuredClone(observation)
    const once = elements(observation, ['subject'])
    expect(elements(once, ['subject'])).toEqual(once)
    expect(observation).toEqual(before)
  })
})
