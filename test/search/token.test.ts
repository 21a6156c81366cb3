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
    ['code:exact=x', /:exact is not supported on Observation; this parameter takes :not :text :missing/],
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
    [`_source=${value('http://example.org/app#1')}`, ['tagged']],
    ['_source=http://example.org/app', []],
    ['_source:missing=false', ['tagged']],
    ['_id=tagged&_tag=t1&_lastUpdated=gt2020', ['tagged']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Basic?${query}`)).toEqual(expected)
    expect(await server.found(`?_type=Basic&${query}`)).toEqual(expected)
  })
})
