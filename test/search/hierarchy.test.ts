import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type SearchServer, value } from './server.js'

// :above and :below on references: parts of resources of one type, and versions of canonicals.
// https://hl7.org/fhir/R4/search.html#reference

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const location = (id: string, part?: string): Given => ({
    resourceType: 'Location',
    id,
    ...(part && { partOf: { reference: `Location/${part}` } }),
  })
  const encounter = (id: string, at: string): Given => ({
    resourceType: 'Encounter',
    id,
    status: 'finished',
    class: { code: 'AMB' },
    location: [{ location: { reference: `Location/${at}` } }],
  })
  await server.put(
    location('site'),
    location('house', 'site'),
    location('wing', 'house'),
    location('room', 'wing'),
    location('elsewhere'),
    location('circle-a', 'circle-b'),
    location('circle-b', 'circle-a'),
    encounter('at-site', 'site'),
    encounter('in-wing', 'wing'),
    encounter('in-room', 'room'),
    encounter('away', 'elsewhere'),
    encounter('round', 'circle-a'),
    { resourceType: 'Organization', id: 'trust', name: 'Trust' },
    { resourceType: 'Organization', id: 'clinic', name: 'Clinic', partOf: { reference: 'Organization/trust' } },
    { resourceType: 'Patient', id: 'p', managingOrganization: { reference: 'Organization/clinic' } },
  )
  const response = (id: string, questionnaire: string): Given => ({
    resourceType: 'QuestionnaireResponse',
    id,
    status: 'completed',
    questionnaire,
  })
  await server.put(
    response('none', 'http://example.org/q'),
    response('v1', 'http://example.org/q|1'),
    response('v12', 'http://example.org/q|1.2'),
    response('v123', 'http://example.org/q|1.2.3'),
    response('v10', 'http://example.org/q|10'),
  )
})
afterAll(() => server.stop())

describe('parts of parts', () => {
  it.each([
    ['Encounter?location:below=Location/site', ['at-site', 'in-room', 'in-wing']],
    ['Encounter?location:below=wing', ['in-room', 'in-wing']],
    ['Encounter?location:below=room,elsewhere', ['away', 'in-room']],
    ['Encounter?location:above=Location/room', ['at-site', 'in-room', 'in-wing']],
    ['Encounter?location:above=site', ['at-site']],
    ['Encounter?location:below=circle-b', ['round']],
    ['Encounter?location:below=nowhere', []],
    ['Encounter?location=site', ['at-site']],
    ['Location?partof:below=house', ['room', 'wing']],
    ['Location?partof:above=room', ['house', 'room', 'wing']],
    ['Patient?organization:below=trust', ['p']],
    ['Patient?organization:above=trust', []],
    ['Location?_has:Encounter:location:_id=in-room&partof:below=site', ['room']],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
    expect((await server.get(`${query}&_summary=count`)).total).toBe(expected.length)
  })

  it('a full url of this server', async () => {
    const url = value(`${server.base}/Location/wing`)
    expect(await server.found(`Encounter?location:below=${url}`)).toEqual(['in-room', 'in-wing'])
  })

  it('follows what is stored now', async () => {
    await server.put({ resourceType: 'Location', id: 'elsewhere', partOf: { reference: 'Location/site' } })
    expect(await server.found('Encounter?location:below=site')).toEqual(['at-site', 'away', 'in-room', 'in-wing'])
    await server.put({ resourceType: 'Location', id: 'elsewhere' })
    expect(await server.found('Encounter?location:below=site')).toEqual(['at-site', 'in-room', 'in-wing'])
  })

  it.each([
    ['Encounter?patient:below=p', /has no parts of its kind/],
    ['Encounter?location:below=Patient/p', /right is the id of a Location/],
    ['Encounter?location:beneath=x', /this parameter takes :identifier :above :below :Location :missing/],
  ])('%s is refused', async (query, reason) => {
    expect(await server.refused(query)).toMatch(reason)
  })
})

describe('versions of a canonical', () => {
  const q = (version: string) => value(`http://example.org/q|${version}`)
  it.each([
    [`questionnaire=${value('http://example.org/q')}`, ['none', 'v1', 'v10', 'v12', 'v123']],
    [`questionnaire=${q('1')}`, ['v1']],
    [`questionnaire:below=${q('1')}`, ['v1', 'v12', 'v123']],
    [`questionnaire:below=${q('1.2')}`, ['v12', 'v123']],
    [`questionnaire:above=${q('1.2.3')}`, ['v1', 'v12', 'v123']],
    [`questionnaire:above=${q('1.2.9')}`, ['v1', 'v12']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`QuestionnaireResponse?${query}`)).toEqual(expected)
  })

  it('needs a version', async () => {
    expect(await server.refused('QuestionnaireResponse?questionnaire:below=http://example.org/q')).toMatch(
      /right is url\|version/,
    )
  })
})
