import { describe, expect, it } from 'vitest'
import { membersOf } from '../../src/fhir/members.js'

describe('membersOf', () => {
  it.each([
    ['Patient', 'name', 'HumanName'],
    ['Patient', 'contact', 'Patient.contact'], // a backbone
    ['Patient', 'deceasedDateTime', 'dateTime'], // a choice is spelled with its type
    ['Timing', 'repeat', 'Timing.repeat'],
    ['Questionnaire.item', 'item', 'Questionnaire.item'], // a contentReference
    ['Bundle.entry', 'resource', 'Resource'],
    ['date', 'extension', 'Extension'], // of the _name twin of a primitive
  ])('%s.%s holds %s', (owner, name, type) => {
    expect(membersOf(owner).get(name)?.type).toBe(type)
  })

  it.each([
    ['Patient', 'deceased'],
    ['Patient', 'shoeSize'],
    ['Nonsense', 'id'],
  ])('%s has no member %s', (owner, name) => {
    expect(membersOf(owner).has(name)).toBe(false)
  })
})
