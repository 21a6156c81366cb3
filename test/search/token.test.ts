import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type SearchServer, value } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const LOINC = 'http://loinc.org'

describe('codes with a system', () => {
  beforeAll(() => {
    const observation = (id: string, code: unknown, more = {}) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code,
      ...more,
    })
    return server.put(
      observation('loinc', { coding: [{ system: LOINC, code: '8480-6', display: 'Systolic blood pressure' }] }),
      observation('local', { coding: [{ system: 'http://local', code: '8480-6' }], text: 'Upper pressure' }),
      observation('both', {
        coding: [
          { system: LOINC, code: '8480-6' },
          { system: 'http://local', code: 'sys' },
        ],
      }),
      observation('bare', { coding: [{ code: '8480-6' }] }),
      observation('odd', { coding: [{ system: 'http://local', code: 'a|b,c$d\\e' }] }),
      observation('only-system', { coding: [{ system: 'http://local' }] }),
      observation('text', { text: 'blood pressure, lying' }, { dataAbsentReason: { text: 'refused' } }),
      observation('case', { coding: [{ system: LOINC, code: 'ABC' }] }),
    )
  })

  it.each([
    ['code=8480-6', ['bare', 'both', 'local', 'loinc']],
    [`code=${LOINC}|8480-6`, ['both', 'loinc']],
    ['code=http://local|8480-6', ['local']],
    ['code=|8480-6', ['bare']],
    ['code=http://local|', ['both', 'local', 'odd', 'only-system']],
    ['code=http://nowhere|', []],
    ['code=http://nowhere|8480-6', []],
    ['code=8480', []],
    ['code=abc', []],
    ['code=ABC', ['case']],
    ['code=sys,ABC', ['both', 'case']],
    ['code=sys&code=8480-6', ['both']],
    [`code=sys&code=${LOINC}|`, ['both']],
    ['code:not=8480-6', ['case', 'odd', 'only-system', 'text']],
    ['code:not=8480-6,ABC', ['odd', 'only-system', 'text']],
    ['data-absent-reason:not=x', ['bare', 'both', 'case', 'local', 'loinc', 'odd', 'only-system', 'text']],
    ['data-absent-reason:missing=false', ['text']],
    ['data-absent-reason:missing=true&code=ABC', ['case']],
    ['code:missing=true', []],
    ['code:text=PRESSURE', ['local', 'loinc', 'text']],
    ['code:text=blood pressure', ['loinc', 'text']],
    ['code:text=upper,systolic', ['local', 'loinc']],
    [`code=${value('http://local|a\\|b\\,c\\$d\\\\e')}`, ['odd']],
    [`code=${value('a\\|b\\,c\\$d\\\\e')}`, ['odd']],
    [`code=${value('ABC,a\\|b\\,c\\$d\\\\e')}`, ['case', 'odd']],
    ['combo-code=sys', ['both']],
    ['status=final&code=ABC', ['case']],
    ['status=http://hl7.org/fhir/observation-status|final&code=ABC', ['case']],
    ['status=http://elsewhere|final', []],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Observation?${query}`)).toEqual(expected)
  })

  it.each([
    [
      'code:exact=x',
      /:exact is not supported on Observation; this parameter takes :not :text :text-advanced :in :not-in :above :below :missing/,
    ],
    ['code:missing=maybe', /code:missing is true or false/],
    ['code:not:missing=true', /one modifier/],
    ['code=', /no value/],
    ['code:text=!', /no word/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Observation?${query}`)).toMatch(reason)
  })
})

describe('tokens of other types', () => {
  beforeAll(() =>
    server.put(
      {
        resourceType: 'Patient',
        id: 'a',
        active: true,
        gender: 'female',
        identifier: [{ system: 'http://mrn', value: '00123' }, { value: 'bare' }],
        telecom: [
          { system: 'phone', value: '(03) 5555 6473', use: 'work' },
          { system: 'email', value: 'a@example.org' },
        ],
        communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'nl' }] } }],
      },
      {
        resourceType: 'Patient',
        id: 'b',
        active: false,
        gender: 'male',
        identifier: [{ system: 'http://other', value: '00123' }],
        telecom: [{ system: 'email', value: '(03) 5555 6473' }],
        deceasedBoolean: true,
      },
      { resourceType: 'Patient', id: 'c', deceasedDateTime: '2020-01-01' },
      {
        resourceType: 'Group',
        id: 'g',
        type: 'person',
        actual: true,
        characteristic: [
          { code: { text: 'smoker' }, valueBoolean: true, exclude: false },
          {
            code: { text: 'kind' },
            valueCodeableConcept: { coding: [{ system: 'http://k', code: 'x' }] },
            exclude: true,
          },
        ],
      },
      {
        resourceType: 'ValueSet',
        id: 'vs',
        status: 'active',
        version: '1.0.2',
        url: 'http://example.org/vs',
        expansion: { timestamp: '2020', identifier: 'urn:uuid:e', contains: [{ system: 'http://s', code: 'leaf' }] },
      },
    ),
  )

  it.each([
    ['Patient?active=true', ['a']],
    ['Patient?active=false', ['b']],
    ['Patient?active=http://terminology.hl7.org/CodeSystem/special-values|true', ['a']],
    ['Patient?active=true,true', ['a']],
    ['Patient?active:missing=true', ['c']],
    ['Patient?active:not=true', ['b', 'c']],
    ['Patient?gender=female', ['a']],
    ['Patient?gender=female,male', ['a', 'b']],
    ['Patient?gender=http://hl7.org/fhir/administrative-gender|male', ['b']],
    ['Patient?gender=|male', ['b']],
    ['Patient?gender:not=male', ['a', 'c']],
    ['Patient?gender:missing=true', ['c']],
    ['Patient?identifier=00123', ['a', 'b']],
    ['Patient?identifier=http://mrn|00123', ['a']],
    ['Patient?identifier=|00123', []],
    ['Patient?identifier=|bare', ['a']],
    ['Patient?identifier=http://mrn|', ['a']],
    ['Patient?identifier=http://mrn|00123,http://other|00123', ['a', 'b']],
    ['Patient?identifier=http://mrn|00123&identifier=http://other|00123', []],
    ['Patient?identifier=http://mrn|00123&identifier=bare', ['a']],
    ['Patient?identifier:not=00123', ['c']],
    [`Patient?phone=${value('(03) 5555 6473')}`, ['a']],
    [`Patient?email=${value('(03) 5555 6473')}`, ['b']],
    [`Patient?telecom=${value('(03) 5555 6473')}`, ['a', 'b']],
    ['Patient?email=a@example.org', ['a']],
    ['Patient?language=nl', ['a']],
    ['Patient?deceased=true', ['b', 'c']],
    ['Patient?deceased=false', ['a']],
    ['Group?value=true', ['g']],
    ['Group?value=http://k|x', ['g']],
    ['Group?value=x', ['g']],
    ['Group?exclude=true&exclude=false', ['g']],
    ['Group?actual=true&type=person', ['g']],
    ['ValueSet?version=1.0.2', ['vs']],
    ['ValueSet?code=leaf', ['vs']],
    ['ValueSet?expansion=urn:uuid:e', ['vs']],
    ['Patient?_id=a', ['a']],
    ['Patient?_id=a,c,zz', ['a', 'c']],
    ['Patient?_id=a&_id=c', []],
    ['Patient?_id=vs', []],
    ['Patient?_id:missing=false', ['a', 'b', 'c']],
    ['Patient?_id:missing=true', []],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
    const { total } = await server.get(`${query}&_summary=count`)
    expect(total).toBe(expected.length)
  })
})

describe('identifiers of a type', () => {
  const V2 = 'http://terminology.hl7.org/CodeSystem/v2-0203'
  beforeAll(() =>
    server.put(
      {
        resourceType: 'Person',
        id: 'typed',
        identifier: [
          {
            type: { coding: [{ system: V2, code: 'MR' }, { code: 'loose' }], text: 'Medical record number' },
            system: 'http://hospital',
            value: '4|46,053',
          },
          { type: { coding: [{ system: V2, code: 'SB' }] }, value: '123' },
        ],
      },
      { resourceType: 'Person', id: 'other', identifier: [{ type: { text: 'Insurance' }, value: '123' }] },
    ),
  )

  it.each([
    [`identifier:of-type=${V2}|MR|4\\|46\\,053`, ['typed']],
    [`identifier:of-type=${V2}|SB|123`, ['typed']],
    [`identifier:of-type=${V2}|MR|123`, []], // type and value of different identifiers
    [`identifier:of-type=${V2}|SB|123,${V2}|XX|123`, ['typed']],
    ['identifier:text=record', ['typed']],
    ['identifier:text=insurance', ['other']],
    ['identifier=123', ['other', 'typed']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Person?${query}`)).toEqual(expected)
  })

  it.each([
    [`identifier:of-type=${V2}|MR`, /right is system\|code\|value/],
    ['identifier:of-type=|MR|1', /right is system\|code\|value/],
    ['gender:of-type=a|b|c', /gender:of-type is not supported on Person; this parameter takes :not/],
    ['identifier:in=http://x', /identifier:in is not supported on Person; this parameter takes .*:of-type/],
  ])('%s is refused', async (query, reason) => {
    expect(await server.refused(`Person?${query}`)).toMatch(reason)
  })
})

describe('phone numbers, however they are written', () => {
  const person = (id: string, number: string, system = 'phone') => ({
    resourceType: 'RelatedPerson',
    id,
    patient: { reference: 'Patient/a' },
    telecom: [{ system, value: number }],
  })
  beforeAll(() =>
    server.put(
      person('national', '(555) 010-0199'),
      person('full', '+1 555 010 0199'),
      person('uri', 'tel:+1-555-010-0199;ext=7'),
      person('trunk', '1.555.010.0199'),
      person('dutch', '+31 20 123 4567'),
      person('amsterdam', '020-123 4567'),
      person('mail', '5550100199@example.org', 'email'),
      person('words', 'by the reception'),
    ),
  )

  const american = ['full', 'national', 'trunk', 'uri']
  it.each([
    ['(555) 010-0199', american],
    ['+15550100199', american],
    ['+1 (555) 010-0199', american],
    ['1-555-010-0199', american],
    ['0015550100199', american],
    ['+445550100199', ['national']], // of another country, or of none that is told
    ['+31201234567', ['amsterdam', 'dutch']],
    ['0201234567', ['amsterdam', 'dutch']],
    ['201234567', ['amsterdam', 'dutch']],
    ['0100199', []],
    ['by the reception', ['words']],
  ])('phone=%s', async (number, expected) => {
    expect(await server.found(`RelatedPerson?phone=${value(number)}`)).toEqual(expected)
    expect(await server.found(`RelatedPerson?telecom=${value(number)}`)).toEqual(expected)
    const rest = [...american, 'dutch', 'amsterdam', 'mail', 'words'].filter((id) => !expected.includes(id))
    expect(await server.found(`RelatedPerson?telecom:not=${value(number)}`)).toEqual(rest.sort())
  })

  it('a plus sign that was not escaped', async () => {
    expect(await server.found('RelatedPerson?phone=+15550100199')).toEqual(american)
  })
})

describe('what every resource has', () => {
  beforeAll(() =>
    server.put(
      {
        resourceType: 'Basic',
        id: 'tagged',
        code: { text: 'x' },
        meta: {
          source: 'http://example.org/app#1',
          profile: ['http://example.org/StructureDefinition/p', 'http://example.org/StructureDefinition/q|2'],
          tag: [{ system: 'http://tags', code: 't1' }, { code: 'loose' }],
          security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
        },
      },
      { resourceType: 'Basic', id: 'plain', code: { text: 'y' } },
    ),
  )

  it.each([
    ['_tag=t1', ['tagged']],
    ['_tag=http://tags|t1', ['tagged']],
    ['_tag=http://tags|', ['tagged']],
    ['_tag=|loose', ['tagged']],
    ['_tag=|t1', []],
    ['_tag:not=t1', ['plain']],
    ['_tag:missing=true', ['plain']],
    ['_security=R', ['tagged']],
    ['_security:missing=true', ['plain']],
    ['_profile=http://example.org/StructureDefinition/p', ['tagged']],
    ['_profile=http://example.org/StructureDefinition/q|2', ['tagged']],
    ['_profile=http://example.org/StructureDefinition', []],
    ['_profile:missing=true', ['plain']],
    ['_profile:below=http://example.org/StructureDefinition', ['tagged']],
    ['_profile:below=http://example.org/StructureDefinition/q', ['tagged']],
    ['_profile:below=http://example.org/Structure', []],
    ['_profile:above=http://example.org/StructureDefinition/p/x', ['tagged']],
    ['_source:below=http://example.org', ['tagged']],
    ['_source:below=http://example.org/other', []],
    [`_source=${value('http://example.org/app#1')}`, ['tagged']],
    ['_source=http://example.org/app', []],
    ['_source:missing=false', ['tagged']],
    ['_id=tagged&_tag=t1&_lastUpdated=gt2020', ['tagged']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Basic?${query}`)).toEqual(expected)
    expect(await server.found(`?_type=Basic&${query}`)).toEqual(expected)
  })
})
