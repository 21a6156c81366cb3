import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type SearchServer, value } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

describe('strings', () => {
  beforeAll(() =>
    server.put(
      {
        resourceType: 'Patient',
        id: 'jose',
        name: [{ family: 'Muñoz-García', given: ['José', 'María'], text: 'Don José' }],
        address: [{ line: ['Calle Mayor 5', '2º izq.'], city: 'Las Palmas', postalCode: '35001', country: 'ES' }],
      },
      { resourceType: 'Patient', id: 'eve', name: [{ family: 'van de Heuvel', given: ['Eve'], prefix: ['Dr.'] }] },
      {
        resourceType: 'Patient',
        id: 'evelyn',
        name: [{ family: 'Strauß', given: ['Evelyn'] }, { family: '100% \\ _x' }],
      },
      { resourceType: 'Patient', id: 'comma', name: [{ family: 'Smith, Jr.' }, { family: 'Ødegård' }] },
      { resourceType: 'Patient', id: 'long', name: [{ family: `${'x'.repeat(600)}y` }] },
      { resourceType: 'Patient', id: 'none' },
    ),
  )

  it.each([
    ['given=eve', ['eve', 'evelyn']],
    ['given=EVE', ['eve', 'evelyn']],
    ['given=Eve,Jos', ['eve', 'evelyn', 'jose']],
    ['given=eve&given=evel', ['evelyn']],
    ['given=ve', []],
    ['given:contains=VE', ['eve', 'evelyn']],
    ['given:contains=e', ['eve', 'evelyn', 'jose']],
    ['given:exact=Eve', ['eve']],
    ['given:exact=eve', []],
    ['given:exact=Jos', []],
    ['given:exact=Jose', []],
    ['given:exact=José,Evelyn', ['evelyn', 'jose']],
    ['given=jose', ['jose']],
    ['given=JOSÉ', ['jose']],
    ['given=Jose\u0301', ['jose']],
    ['family=munoz', ['jose']],
    ['family=garcia', []],
    ['family:contains=GARCIA', ['jose']],
    ['family=Van  De', ['eve']],
    ['family=de heuvel', []],
    ['family:contains=%25', ['evelyn']],
    ['family:contains=_', ['evelyn']],
    ['family:contains=0%25 \\\\\\\\ _', ['evelyn']],
    ['family=smith\\, jr', ['comma']],
    ['family=smith,strau', ['comma', 'evelyn']],
    ['family:exact=Smith\\, Jr.', ['comma']],
    ['family=xxxx', ['long']],
    ['family:missing=true', ['none']],
    ['family:missing=false&given:missing=true', ['comma', 'long']],
    ['name=don', ['jose']],
    ['name=maria', ['jose']],
    ['name=dr', ['eve']],
    ['name=eve&name=van', ['eve']],
    ['phonetic=eve', ['eve']],
    ['address=calle', ['jose']],
    ['address=las', ['jose']],
    ['address-city=las palmas', ['jose']],
    ['address-postalcode=350', ['jose']],
    ['address-country=es', ['jose']],
    ['name:text=maria', ['jose']],
    ['family:text=heuvel', ['eve']],
  ])('%s', async (query, expected) => {
    const escaped = query.replaceAll('\\\\\\\\', '%5C%5C')
    expect(await server.found(`Patient?${escaped}`)).toEqual(expected)
    expect(await server.found(`Patient?${escaped}&_sort=_id`)).toEqual(expected)
    expect((await server.get(`Patient?${escaped}&_summary=count`)).total).toBe(expected.length)
  })

  it('looks at what lies behind a comma only when it is escaped', async () => {
    expect(await server.found(`Patient?family=${value('smith\\, x')}`)).toEqual([])
    expect(await server.found(`Patient?family=${value('smith, x')}`)).toEqual(['comma', 'long'])
  })

  it('takes any character', async () => {
    for (const odd of ['\u0000', '\u{10ffff}', "'", '"; drop table resource; --', '\ud83d\ude00', '%', '\\'])
      for (const modifier of ['', ':exact', ':contains']) {
        const response = await fetch(`${server.base}/Patient?family${modifier}=${value(odd)}`)
        expect([200, 400], `${odd} ${await response.text()}`).toContain(response.status)
      }
  })

  it.each([
    ['family:in=x', /this parameter takes :exact :contains :text :text-advanced :missing/],
    ['family=', /no value/],
    ['family=x,', /no text to search for/],
    [`family=${'x'.repeat(501)}`, /at most 500 characters/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Patient?${query}`)).toMatch(reason)
  })
})

describe('words', () => {
  beforeAll(() =>
    server.put(
      {
        resourceType: 'Condition',
        id: 'narrated',
        subject: { reference: 'Patient/1' },
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Bone <b>Metastases</b> &amp; more</p></div>',
        },
        code: { text: 'Cancer of the lung' },
      },
      {
        resourceType: 'Condition',
        id: 'coded',
        subject: { reference: 'Patient/1', display: 'Ann Bone' },
        note: [{ text: 'Fractured' }],
      },
    ),
  )

  it.each([
    ['_text=bone', ['narrated']],
    ['_text=metastases bone', ['narrated']],
    ['_text=lung', []],
    ['_text=b', []],
    ['_content=bone', ['coded', 'narrated']],
    ['_content=lung,fractured', ['coded', 'narrated']],
    ['_content=lung fractured', []],
    ['_content=LUNG', ['narrated']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Condition?${query}`)).toEqual(expected)
  })
})

describe('names as they sound', () => {
  const alike = [
    ['Smith', 'Smyth'],
    ['Catherine', 'Katharine'],
    ['Stephen', 'Steven'],
    ['Philips', 'Fillips'],
    ['Knight', 'Nite'],
    ['Wright', 'Rite'],
    ['Schroder', 'Skroter'],
    ['Jackson', 'Jaxon'],
    ['Thompson', 'Thomson'],
    ['Geoffrey', 'Jeffrey'],
    ['Müller', 'Muler'],
  ] as const
  beforeAll(() =>
    server.put(
      ...alike.map(([family], i) => ({
        resourceType: 'Practitioner',
        id: `s${i}`,
        name: [{ family, given: ['Ann'] }],
      })),
      { resourceType: 'Practitioner', id: 'other', name: [{ family: '王', given: ['小'] }] },
    ),
  )

  it.each(alike.filter(([name]) => name !== 'Thompson').map(([name, sound]) => [sound, name] as const))(
    'phonetic=%s finds %s',
    async (sound, name) => {
      const id = `s${alike.findIndex(([family]) => family === name)}`
      expect(await server.found(`Practitioner?phonetic=${value(sound)}`)).toEqual([id])
      expect(await server.found(`Practitioner?phonetic=${value(`${sound} anne`)}`)).toEqual([id])
      expect(await server.found(`Practitioner?phonetic=${value(`${sound} bob`)}`)).toEqual([])
    },
  )

  it('a name in other letters is only itself', async () => {
    expect(await server.found(`Practitioner?phonetic=${value('王')}`)).toEqual(['other'])
    expect(await server.found(`Practitioner?phonetic=${value('李')}`)).toEqual([])
    expect(await server.refused('Practitioner?phonetic=!')).toMatch(/there is no name to search for/)
  })
})

describe('uris', () => {
  beforeAll(() =>
    server.put(
      { resourceType: 'ValueSet', id: 'a', status: 'draft', url: 'http://example.org/fhir/ValueSet/a' },
      { resourceType: 'ValueSet', id: 'ab', status: 'draft', url: 'http://example.org/fhir/ValueSet/a/b,c' },
      { resourceType: 'ValueSet', id: 'oid', status: 'draft', url: 'urn:oid:1.2.3' },
      { resourceType: 'ValueSet', id: 'none', status: 'draft' },
    ),
  )

  it.each([
    ['url=http://example.org/fhir/ValueSet/a', ['a']],
    ['url=http://example.org/fhir/ValueSet/A', []],
    ['url=http://example.org/fhir/ValueSet/a/b\\,c', ['ab']],
    ['url=http://example.org/fhir/ValueSet/a,urn:oid:1.2.3', ['a', 'oid']],
    ['url=urn:oid:1.2', []],
    ['url:missing=true', ['none']],
    ['url:missing=false', ['a', 'ab', 'oid']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`ValueSet?${query}`)).toEqual(expected)
  })

  it.each([
    ['url:below=http://example.org/fhir/ValueSet/a', ['a', 'ab']],
    ['url:below=http://example.org/fhir/ValueSet/', ['a', 'ab']],
    ['url:below=http://example.org', ['a', 'ab']],
    ['url:below=http://example.org/fhir/ValueSet/a/b\\,c', ['ab']],
    ['url:below=http://example.org/fhir/Value', []], // a segment of the path, not a beginning of the text
    ['url:below=http://example.or', []],
    ['url:below=urn:oid:1.2', []], // a urn has no path
    ['url:below=urn:oid:1.2.3', ['oid']],
    ['url:above=http://example.org/fhir/ValueSet/a/b\\,c/d', ['a', 'ab']],
    ['url:above=http://example.org/fhir/ValueSet/a', ['a']],
    ['url:above=http://example.org/fhir', []],
    ['url:above=urn:oid:1.2.3,http://example.org/fhir/ValueSet/a/x', ['a', 'oid']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`ValueSet?${query}`)).toEqual(expected)
  })

  it('refuses modifiers it does not have', async () => {
    expect(await server.refused('ValueSet?url:exact=http://example.org')).toMatch(/takes :above :below :missing/)
  })
})
