import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resourceTypes } from '../../src/fhir/definitions.js'
import { searchParameters } from '../../src/search/parameters.js'
import { openServer, type RestServer } from '../rest/server.js'
import { minimal } from '../support/minimal.js'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  const { json } = await server.batch(
    resourceTypes.map((type) => ({ resource: minimal(type), request: { method: 'POST', url: type } })),
  )
  expect((json as Bundle).entry!.filter(({ response }) => response!.status !== '201 Created')).toEqual([])
})
afterAll(() => server.stop())

/** What breaks out of a string, an array, a pattern, a comment or a path when somebody forgets to bind it. */
const hostile = [
  "' or '1'='1",
  `"; drop table resource; --{"a"}`,
  '\\',
  '\u0000',
  "|'",
  "gt'",
  "5|'|'",
  "Patient/' or true",
  `$$'$1%_(?=(a+)+$)${'9'.repeat(400)}`,
]

// Rows of a statement that was broken out of would be all of them, and an error of the database a 500.
it.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text]))(
  '%s is a value like another for every parameter',
  async (_, text) => {
    const urls = resourceTypes.flatMap((type) =>
      [...searchParameters(type).keys()].map((code) => `${type}?${code}=${encodeURIComponent(text)}&_count=1`),
    )
    const { json } = await server.batch(urls.map((url) => ({ request: { method: 'GET', url } })))
    const wrong = (json as Bundle).entry!.flatMap(({ response, resource }, n) => {
      const { status } = response!
      const some = status.startsWith('200') && ((resource as Bundle).entry ?? []).length > 0
      return !some && /^[24]/.test(status) ? [] : [`${urls[n]} → ${status}${some ? ' with matches' : ''}`]
    })
    expect(wrong).toEqual([])
  },
  60_000,
)

it('nor do names, modifiers, sorts and links', async () => {
  for (const text of hostile) {
    const value = encodeURIComponent(text)
    for (const query of [
      `${value}=1`,
      `code:${value}=1`,
      `subject:${value}.name=1`,
      `subject:Patient.${value}=1`,
      `_has:Condition:${value}:code=1`,
      `_has:${value}:patient:code=1`,
      `_sort=${value}`,
      `_include=${value}`,
      `_include=Observation:${value}`,
      `_elements=${value}`,
      `_summary=${value}`,
      `_count=${value}`,
      `_total=${value}`,
      `_cursor=${value}`,
      `_offset=${value}`,
    ]) {
      const { status, text: body } = await server.ask(`GET Observation?${query}`)
      // `_elements` of names that are none leaves what is mandatory.
      expect(query.startsWith('_elements') ? [200, 400] : [400], `${query}: ${body.slice(0, 300)}`).toContain(status)
    }
  }
  expect(await server.count()).toBe(resourceTypes.length)
})

const narrative = (text: string) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`,
})
const form = 'application/x-www-form-urlencoded'
const many = (n: number, part: string) => Array.from({ length: n }, (_, i) => part + i)

it.each([
  ['names', 'Patient', ['name', 'given', 'family', 'address'].map((code) => `${code}=${many(18_000, 'a')}`).join('&')],
  ['circles', 'Location', `near=${Array(20_000).fill('1|2')}`],
  ['identifiers', 'Patient', `identifier=${many(20_001, 'a')}`],
  ['words', 'Patient', `_content=${many(1001, 'a').join(' ')}`],
])('so many %s that no statement takes them are refused', async (_, type, body) => {
  const { json } = await server.expect(422, `POST ${type}/_search`, { body, type: form })
  expect(json.issue[0]).toMatchObject({ code: 'too-costly', diagnostics: expect.stringMatching(/more than \d+/) })
})

it.each([
  ['a uri of very many paths', { resourceType: 'ValueSet', status: 'active', url: `http://x/${'a/'.repeat(400_000)}` }],
  ['a uri of slashes', { resourceType: 'ValueSet', status: 'active', url: `http://x${'/'.repeat(400_000)}y` }],
  [
    'a narrative of very many tags',
    { resourceType: 'Basic', code: { text: 'x' }, text: narrative('<b>a</b>'.repeat(100_000)) },
  ],
  ['a name of one long word', { resourceType: 'Patient', name: [{ family: 'sch'.repeat(300_000) }] }],
])(
  '%s is indexed in no more time than it takes to read',
  async (_, body) => {
    await server.expect(201, `POST ${body.resourceType}`, { body })
  },
  5000,
)

it('a narrative of tags without an end is refused', async () => {
  const body = { resourceType: 'Basic', code: { text: 'x' }, text: narrative('<b '.repeat(300_000)) }
  await server.refused(422, 'POST Basic', { body })
}, 5000)

it('a uri lies under paths of 2000 characters, and no longer one is asked for', async () => {
  const path = `http://long/${'a/'.repeat(900)}`
  const body = { resourceType: 'ValueSet', status: 'active', url: `${path}${'b/'.repeat(900)}c` }
  const { json } = await server.expect(201, 'POST ValueSet', { body })
  const found = await server.expect(200, `GET ValueSet?url:below=${path}`)
  expect(found.json.entry.map(({ resource }: { resource: { id: string } }) => resource.id)).toEqual([json.id])
  for (const modifier of ['below', 'above'])
    expect(await server.refused(400, `GET ValueSet?url:${modifier}=${body.url}`)).toContain('2000 characters')
})
