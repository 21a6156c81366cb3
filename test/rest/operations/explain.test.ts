import type { OperationOutcome } from '@medplum/fhirtypes'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAdministrator } from '../../../src/rest/scopes.js'
import { storesWhatHasTheForm } from '../../support/settings.js'
import { type Got, idsOf, openServer, type RestServer } from '../server.js'

// $explain and _explain=true: how a search is answered, in the words of FHIR.

let server: RestServer

beforeAll(async () => {
  server = await openServer(storesWhatHasTheForm)
  const entry = Array.from({ length: 300 }, (_, i) => [
    {
      resource: {
        resourceType: 'Patient',
        id: `p${i}`,
        gender: i % 2 ? 'male' : 'female',
        name: [{ family: `Secretname${i}` }],
        birthDate: '1970-01-01',
      },
      request: { method: 'PUT', url: `Patient/p${i}` },
    },
    {
      resource: {
        resourceType: 'Observation',
        id: `o${i}`,
        status: i % 100 ? 'final' : 'preliminary',
        code: { coding: [{ system: 'http://loinc.org', code: `15074-${i % 10}` }] },
        subject: { reference: `Patient/p${i % 30}` },
        effectiveDateTime: '2024-03-01',
      },
      request: { method: 'PUT', url: `Observation/o${i}` },
    },
  ]).flat()
  expect((await server.transact(entry)).status).toBe(200)
  const session = new pg.Client(server.database.connection)
  await session.connect()
  await session.query('vacuum analyze')
  await session.end()
})
afterAll(() => server.stop())

const issuesOf = (outcome: OperationOutcome, text: string) =>
  outcome.issue.filter(({ details }) => details?.text === text).map(({ diagnostics }) => diagnostics!)

async function explained(type: string, query: string): Promise<OperationOutcome> {
  return (await server.expect(200, `GET ${type}/$explain?${query}`)).json
}

describe('$explain', () => {
  it.each<[string, string, string, RegExp, RegExp]>([
    [
      'Observation',
      'status=preliminary',
      'status',
      /^status: the token index leads to its matches; 3 Observation have it, by kept totals$/,
      /tokens.*rows expected: 3; rows read: 3;/,
    ],
    [
      'Observation',
      'patient=p7',
      'patient',
      /^patient: the index of patients leads to its matches/,
      /One patient's rows are walked.*rows read: 10;/,
    ],
    [
      'Observation',
      'patient=p7&status=final',
      'status',
      /^status: asked of every row that is read; 297 Observation have it/,
      /rows found for the page and one more: 10/,
    ],
    [
      'Patient',
      '_id=p1,p2',
      '_id',
      /^_id: the index of ids leads/,
      /fetched by their ids; indexes used: ids; rows expected: 2; rows read: 2/,
    ],
    [
      'Patient',
      'family=secretname29',
      'family',
      /^family: the string index leads to its matches; about \d+ Patient have it, by a guess$/,
      /strings.*rows found for the page and one more: 11/,
    ],
    [
      'Observation',
      'date=ge2024-01-01&_sort=-date',
      'date',
      /^date: the index of the main date is walked where it can hold/,
      /walked in the order of the page.*main date/,
    ],
    [
      'Observation',
      'subject:Patient.gender=male&subject:Patient.birthdate=1970',
      'subject:Patient.gender',
      /the Patient that it leads to were looked up first: \d+/,
      /rows read/,
    ],
    ['Patient', 'gender=male&_sort=-_lastUpdated', 'gender', /150 Patient have it, by kept totals/, /rows expected/],
    [
      'Patient',
      '_has:Observation:patient:status=preliminary',
      '_has:Observation:patient:status',
      /those that some Observation refers to were looked up first: [123]/,
      /ids/,
    ],
  ])('%s?%s', async (type, query, name, condition, page) => {
    const outcome = await explained(type, query)
    expect(issuesOf(outcome, name)[0]).toMatch(condition)
    expect(issuesOf(outcome, type)[0]).toMatch(page)
  })

  it.each([
    ['Patient', 'birthdate:missing=true&_sort=name', 'No index leads to the matches'],
    [
      'Patient',
      'gender=male&_sort=family',
      'No index has the order of _sort=family: birthdate and _lastUpdated have one',
    ],
    ['Patient', 'family:contains=et', 'three characters or more'],
    ['Patient', 'gender:not=male', 'an index leads only to what they are'],
  ])('of %s?%s says what would help', async (type, query, advice) => {
    expect(issuesOf(await explained(type, query), 'what would help').join('\n')).toContain(advice)
  })

  it('tells an administrator the plan, and nobody a value', async () => {
    const outcome = await explained('Patient', 'family=secretname12&gender=male&birthdate=1970-01-01')
    const [plan] = issuesOf(outcome, 'SQL plan')
    expect(plan).toMatch(/Index.*using (resource|string)_/)
    expect(plan).toMatch(/actual time=.* rows=\d+/)
    expect(plan).toContain('$1')
    expect(plan).toMatch(/Shared Hit Blocks: \d+/)
    for (const value of ['secretname', '1970', "'male"]) expect(JSON.stringify(outcome)).not.toContain(value)
  })

  it('names what was left out, and refuses what cannot be asked', async () => {
    const { json } = await server.expect(200, 'GET Patient/$explain?colour=red', {
      headers: { Prefer: 'handling=lenient' },
    })
    expect(json.issue[0]).toMatchObject({ severity: 'warning', code: 'not-supported' })
    expect(await server.refused(400, 'GET Patient/$explain?colour=red')).toContain('has no search parameter colour')
    expect(await server.refused(400, 'GET ?_explain=true&_lastUpdated=gt2020')).toContain('name them in _type')
    expect(await server.refused(400, 'GET Patient?_explain=maybe')).toContain('true, false')
    const form = await server.expect(200, 'POST Patient/$explain', {
      body: { resourceType: 'Parameters', parameter: [{ name: 'gender', valueString: 'male' }] },
    })
    expect(issuesOf(form.json, 'gender')[0]).toContain('150 Patient have it')
  })
})

describe('isAdministrator', () => {
  it.each<[string[] | undefined, boolean]>([
    [undefined, true], // nobody is asked for a token
    [['system/*.cruds'], true],
    [['system/*.rs', 'system/*.cud'], true],
    [['system/*.rs'], false],
    [['patient/*.cruds'], false],
    [['system/Patient.cruds'], false],
  ])('with %j: %s', (scopes, may) => {
    expect(isAdministrator({ subject: 'a', scopes })).toBe(may)
  })
})

describe('_explain=true', () => {
  const outcomeOf = ({ json }: Got): OperationOutcome =>
    json.entry.find(({ search }: { search: { mode: string } }) => search.mode === 'outcome').resource

  it('stands beside the matches', async () => {
    const got = await server.expect(200, 'GET Observation?status=preliminary&_explain=true&_total=accurate')
    expect(idsOf(got)).toHaveLength(3)
    expect(issuesOf(outcomeOf(got), 'status')[0]).toContain('the token index')
    expect(issuesOf(outcomeOf(got), '_total')).toEqual(['_total: is kept: nothing is counted'])
    expect(got.json.total).toBe(3)
  })

  it('explains each of several types, and a count', async () => {
    const got = await server.expect(
      200,
      'GET ?_type=Patient,Observation&_lastUpdated=gt2020-01-01&_explain=true&_count=3',
    )
    expect(
      outcomeOf(got).issue.filter(({ details }) => details?.text === 'Patient' || details?.text === 'Observation')
        .length,
    ).toBeGreaterThanOrEqual(2)
    const counted = await server.expect(200, 'GET Patient?gender=male&_explain=true&_summary=count')
    expect(counted.json.total).toBe(150)
    expect(issuesOf(outcomeOf(counted), 'gender')[0]).toContain('150')
  })

  it('is not told where it was not asked for', async () => {
    const { text } = await server.expect(200, 'GET Observation?status=preliminary&_explain=false')
    expect(text).not.toContain('OperationOutcome')
  })
})
