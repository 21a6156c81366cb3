import type { Bundle, Patient } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/patient-operation-match.html

const MRN = 'http://hospital/mrn'
const FAMILIES = ['Okafor', 'Lindqvist', 'Marsh', 'Petrov', 'Delgado', 'Haddad', 'Novak', 'Sato', 'Brandt', 'Quigley']
const GIVENS = ['Amara', 'Bjorn', 'Celia', 'Dimitri', 'Elena', 'Farid', 'Greta', 'Hiro', 'Ingrid', 'Jonas']
const STREETS = ['Elm', 'Oak', 'Hill', 'Mill', 'Lake', 'Park', 'River']

/** Person `n`: no two share name and birth date. */
const person = (n: number): Patient => ({
  resourceType: 'Patient',
  identifier: [{ system: MRN, value: `m${n}` }],
  name: [{ family: FAMILIES[n % 10], given: [GIVENS[Math.floor(n / 10) % 10]!] }],
  birthDate: `${1940 + (n % 70)}-${String((n % 12) + 1).padStart(2, '0')}-${String((n % 11) + 1).padStart(2, '0')}`,
  gender: n % 2 ? 'male' : 'female',
  telecom: [
    { system: 'phone', value: `+1 555 01${String(n).padStart(4, '0')}0` },
    { system: 'email', value: `p${n}@example.org` },
  ],
  address: [{ line: [`${n} ${STREETS[n % 7]} Street`], city: 'Springfield', postalCode: String(10000 + (n % 50)) }],
})

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  const special: Given[] = [
    {
      ...(person(1) as Given),
      id: 'twin',
      identifier: [{ system: MRN, value: 'twin' }],
      name: [{ family: FAMILIES[1], given: ['Zoltan'] }],
      telecom: undefined,
    },
    { ...(person(2) as Given), id: 'merged', link: [{ type: 'replaced-by', other: { reference: 'Patient/n2' } }] },
  ]
  const people = Array.from({ length: 200 }, (_, n) => ({ ...person(n), id: `n${n}` }))
  const entry = [...people, ...special].map((resource) => ({
    resource,
    request: { method: 'PUT', url: `Patient/${resource.id}` },
  }))
  expect((await server.transact(entry)).status).toBe(200)
})
afterAll(() => server.stop())

interface Match {
  id: string
  grade: string
  score: number
}
async function matches(resource: Patient, more: object[] = []): Promise<Match[]> {
  const body = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource }, ...more] }
  const bundle: Bundle = (await server.expect(200, 'POST Patient/$match', { body })).json
  expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'searchset' })
  return (bundle.entry ?? []).map(({ resource: found, search }) => {
    expect(search!.extension![0]!.url).toBe('http://hl7.org/fhir/StructureDefinition/match-grade')
    return { id: found!.id!, grade: search!.extension![0]!.valueCode!, score: search!.score! }
  })
}
const only = (value: boolean) => ({ name: 'onlyCertainMatches', valueBoolean: value })

type Change = (one: Patient) => Patient
const bare = ({ resourceType, name, birthDate, gender }: Patient): Patient => ({
  resourceType,
  name,
  birthDate,
  gender,
})
const named = (one: Patient, family: string | undefined, given: string | undefined): Patient => ({
  ...one,
  name: [{ ...(family && { family }), ...(given && { given: [given] }) }],
})
const familyOf = ({ name }: Patient) => name![0]!.family!
const givenOf = ({ name }: Patient) => name![0]!.given![0]!

/** What happens to a description on its way to us. */
const CHANGES: Record<string, Change> = {
  'nothing but the name, the birth date and the gender': bare,
  'the identifier alone': ({ resourceType, identifier, birthDate }) => ({ resourceType, identifier, birthDate }),
  'a letter wrong in the family name': (one) =>
    named(bare(one), familyOf(one).replace(/(.)(.)$/, '$2$1'), givenOf(one)),
  'an initial for the given name': (one) => named(one, familyOf(one), givenOf(one)[0]),
  'capitals and accents': (one) => named(bare(one), familyOf(one).toUpperCase(), givenOf(one).replace('a', 'á')),
  'another family name, by marriage': (one) => ({ ...named(one, 'Married', givenOf(one)), identifier: undefined }),
  'day and month of birth exchanged': (one) => ({
    ...one,
    identifier: undefined,
    birthDate: one.birthDate!.replace(/(\d\d)-(\d\d)$/, '$2-$1'),
  }),
  'the phone written otherwise, and no birth date': (one) => ({
    ...one,
    identifier: undefined,
    birthDate: undefined,
    telecom: [{ system: 'phone', value: one.telecom![0]!.value!.replace('+1 555 ', '(555) ') }],
  }),
  'moved, with another number': (one) => ({
    ...bare(one),
    telecom: [{ system: 'phone', value: '+1 555 999 9999' }],
    address: [{ line: ['1 Far Road'], city: 'Elsewhere', postalCode: '99999' }],
  }),
}

describe('Patient/$match', () => {
  it('is certain of who is described completely, and takes the Patient as the body', async () => {
    const { json } = await server.expect(200, 'POST Patient/$match', { body: person(7) })
    expect(json.total).toBe(1)
    expect(json.entry[0]).toMatchObject({ resource: { id: 'n7' }, search: { mode: 'match' } })
    expect(await matches(person(7), [only(true)])).toEqual([{ id: 'n7', grade: 'certain', score: 1 }])
  })

  it.each(Object.entries(CHANGES))('finds the one with %s first', async (_, change) => {
    for (const n of [11, 42, 77, 103, 158, 199]) {
      // no undefined members: they are not JSON
      const described = JSON.parse(JSON.stringify(change(person(n)))) as Patient
      expect((await matches(described))[0]?.id, JSON.stringify(described)).toBe(`n${n}`)
    }
  })

  it('is precise and complete over a deck of good and bad descriptions', async () => {
    let [right, wrong, missed] = [0, 0, 0]
    for (const change of Object.values(CHANGES)) {
      for (const n of [3, 29, 58, 91, 120, 171]) {
        const described = JSON.parse(JSON.stringify(change(person(n)))) as Patient
        const found = (await matches(described)).filter(({ grade }) => grade !== 'possible')
        right += found.filter(({ id }) => id === `n${n}`).length
        wrong += found.filter(({ id }) => id !== `n${n}`).length
        if (!found.some(({ id }) => id === `n${n}`)) missed++
      }
    }
    // nobody is known of whom all is made up
    for (const n of [500, 501, 502]) {
      const stranger = {
        ...person(n),
        name: [{ family: `Nobody${n}`, given: ['Xaver'] }],
        birthDate: `1931-0${n % 9 || 1}-02`,
      }
      wrong += (await matches({ ...stranger, telecom: undefined, address: undefined })).length
    }
    expect(right / (right + wrong), 'precision').toBeGreaterThanOrEqual(0.98)
    expect(right / (right + missed), 'recall').toBeGreaterThanOrEqual(0.9)
  })

  it('does not take a twin for the other', async () => {
    const found = await matches({ ...person(1), identifier: undefined } as Patient)
    expect(found[0]).toMatchObject({ id: 'n1', grade: 'certain' })
    expect(found.find(({ id }) => id === 'twin')?.grade ?? 'possible').toBe('possible')
  })

  it('leaves out what was merged into another, and keeps to count', async () => {
    expect((await matches(person(2))).map(({ id }) => id)).not.toContain('merged')
    expect(await matches({ resourceType: 'Patient', birthDate: '1941-02-02' }, [only(true)])).toEqual([])
    const both = await matches(bare(person(1)), [{ name: 'count', valuePositiveInt: 1 }])
    expect(both.map(({ id }) => id)).toEqual(['n1'])
  })

  it('says none is certain when two are', async () => {
    await server.expect(201, 'PUT Patient/copy', { body: { ...person(9), id: 'copy' } })
    expect((await matches(person(9))).map(({ id }) => id).sort()).toEqual(['copy', 'n9'])
    expect(await matches(person(9), [only(true)])).toEqual([])
  })

  it('looks at so many names and addresses, and letters of them, as a person has', async () => {
    const name = Array.from({ length: 21 }, (_, i) => ({ family: `Family${i}`, given: ['Ann'] }))
    const body = { resourceType: 'Patient', name }
    expect(await server.refused(422, 'POST Patient/$match', { body })).toContain('20 of a kind at most; Patient.name')
    // Each letter of the one with each of the other, that would be years.
    const long = (family: string) => ({ ...person(11), name: [{ family: family.repeat(500_000), given: ['Ann'] }] })
    await server.expect(201, 'PUT Patient/long', { body: { ...long('ba'), id: 'long' } })
    expect((await matches(long('ab') as Patient)).map(({ id }) => id)).toContain('long')
    await server.expect(204, 'DELETE Patient/long')
  })

  it('needs something to look for', async () => {
    const body = { resourceType: 'Patient', gender: 'male', name: [{ family: 'Solo' }] }
    expect(await server.refused(422, 'POST Patient/$match', { body })).toMatch(/nothing to look for/)
    await server.refused(400, 'POST Patient/$match', { body: { resourceType: 'Person' } })
  })
})
