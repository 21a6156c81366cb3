// https://hl7.org/fhir/R4/bundle.html, documents.html, messaging.html
import { describe, expect, it } from 'vitest'
import { errorsIn, said } from './validated.js'

type Json = Record<string, unknown>

const BASE = 'http://example.org/fhir'
const uuid = (n: number) => `urn:uuid:c757873d-ec9a-4326-a141-55${n}f43239520`
const basic = (id?: string, more: Json = {}) => ({
  resourceType: 'Basic',
  ...(id && { id }),
  code: { text: 'a' },
  ...more,
})
const entry = (fullUrl: string | undefined, resource?: Json, more: Json = {}) => ({
  ...(fullUrl && { fullUrl }),
  ...(resource && { resource }),
  ...more,
})
const bundle = (type: string, entry: Json[], more: Json = {}) => ({ resourceType: 'Bundle', type, entry, ...more })

describe('the fullUrl of an entry', () => {
  it.each<[string, Json, string[]]>([
    ['that ends as its resource has it', bundle('collection', [entry(`${BASE}/Basic/a`, basic('a'))]), []],
    ['that is a UUID', bundle('collection', [entry(uuid(1), basic())]), []],
    ['that is relative', bundle('collection', [entry('Basic/a', basic('a'))]), ['Bundle.entry[0]']],
    ['with another id', bundle('collection', [entry(`${BASE}/Basic/b`, basic('a'))]), ['Bundle.entry[0]']],
    ['with another type', bundle('collection', [entry(`${BASE}/Patient/a`, basic('a'))]), ['Bundle.entry[0]']],
    ['of a resource without id', bundle('collection', [entry(`${BASE}/Basic/a`, basic())]), ['Bundle.entry[0]']],
    ['that is not there', bundle('collection', [entry(undefined, basic('a'))]), ['Bundle.entry[0]']],
    ['that is no UUID', bundle('collection', [entry('urn:uuid:a', basic())]), ['Bundle.entry[0].fullUrl']],
    [
      'that is not there in a transaction',
      bundle('transaction', [entry(undefined, basic(), { request: { method: 'POST', url: 'Basic' } })]),
      [],
    ],
  ])('%s', async (_name, resource, wanted) => {
    expect(await errorsIn(resource)).toEqual(wanted)
  })
})

describe('links', () => {
  const link = (...relations: string[]) =>
    relations.map((relation) => ({ relation, url: 'http://example.org/fhir/Basic' }))
  it.each<[string, string, string[], string[]]>([
    ['pages of search results', 'searchset', ['self', 'first', 'next', 'last'], []],
    ['one of them twice', 'searchset', ['self', 'first', 'self', 'first'], ['Bundle.link[2]', 'Bundle.link[3]']],
    ['pages of a collection', 'collection', ['self', 'next'], ['Bundle.link[1].relation']],
  ])('%s', async (_name, type, relations, wanted) => {
    expect(await errorsIn({ resourceType: 'Bundle', type, link: link(...relations) })).toEqual(wanted)
  })
})

describe('search results', () => {
  const link = [{ relation: 'self', url: `${BASE}/Basic?code=a` }]
  const found = (mode: string | undefined, resource?: Json) =>
    entry(
      `${BASE}/${resource?.resourceType ?? 'Basic'}/${resource?.id ?? 'a'}`,
      resource,
      mode ? { search: { mode } } : {},
    )
  it.each<[string, Json[], string[]]>([
    ['a match', [found('match', basic('a'))], []],
    ['a match of another type', [found('match', { resourceType: 'Patient', id: 'a' })], ['Bundle.entry[0].resource']],
    ['something included', [found('include', { resourceType: 'Patient', id: 'a' })], []],
    ['an outcome that is none', [found('outcome', basic('a'))], ['Bundle.entry[0].resource']],
  ])('%s', async (_name, entries, wanted) => {
    expect(await errorsIn(bundle('searchset', entries, { link }))).toEqual(wanted)
  })

  it('without a resource', async () => {
    const entries = [{ fullUrl: uuid(1), search: { mode: 'match' } }]
    expect(await errorsIn(bundle('searchset', entries, { link }))).toContain('Bundle.entry[0]')
  })
})

describe('a document', () => {
  const composition = (more: Json = {}) => ({
    resourceType: 'Composition',
    id: 'c',
    status: 'final',
    type: { text: 'a' },
    date: '2020',
    title: 'a',
    author: [{ reference: 'Practitioner/p' }],
    ...more,
  })
  const practitioner = { resourceType: 'Practitioner', id: 'p' }
  const document = (...entries: Json[]) =>
    bundle('document', entries, { identifier: { system: 'urn:a', value: 'a' }, timestamp: '2020-01-01T00:00:00Z' })
  const author = entry(`${BASE}/Practitioner/p`, practitioner)
  const at = (more?: Json) => entry(`${BASE}/Composition/c`, composition(more))
  const linked = { subject: { reference: 'Practitioner/p' } }

  it.each<[string, Json, string[]]>([
    ['whose references are answered', document(at(), author), []],
    ['without its author', document(at()), ['Bundle.entry[0].resource.author[0]']],
    [
      'whose author is at another server',
      document(at(), entry('http://other.org/Practitioner/p', practitioner)),
      ['Bundle.entry[0].resource.author[0]', 'Bundle.entry[1]'],
    ],
    [
      'with the author twice',
      document(at(), author, author),
      ['Bundle', 'Bundle.entry[0].resource.author[0]', 'Bundle.entry[2]'],
    ],
    [
      'with something that nothing leads to',
      document(at(), author, entry(`${BASE}/Basic/a`, basic('a'))),
      ['Bundle.entry[2]'],
    ],
    ['with something that leads to it', document(at(), author, entry(`${BASE}/Basic/a`, basic('a', linked))), []],
    ['that begins with something else', document(author, at()), ['Bundle']],
    ['without entries', { ...document(), entry: undefined }, ['Bundle', 'Bundle']],
    [
      'whose section leads nowhere',
      document(at({ section: [{ title: 'a', entry: [{ reference: uuid(1) }] }] }), author),
      ['Bundle.entry[0].resource.section[0].entry[0]'],
    ],
  ])('%s', async (_name, resource, wanted) => {
    const { entry, ...rest } = resource
    expect((await errorsIn(entry ? resource : rest)).sort()).toEqual(wanted)
  })
})

describe('a message', () => {
  const header = (reference: string) => ({
    resourceType: 'MessageHeader',
    eventUri: 'http://example.org/event',
    source: { endpoint: 'http://example.org' },
    focus: [{ reference }],
  })
  it('must hold what it is about', async () => {
    const entries = [entry(uuid(1), header(uuid(2))), entry(uuid(2), basic())]
    expect(await errorsIn(bundle('message', entries))).toEqual([])
    expect(await errorsIn(bundle('message', entries.slice(0, 1)))).toEqual(['Bundle.entry[0].resource.focus[0]'])
  })

  it('should hold nothing else', async () => {
    const entries = [entry(uuid(1), header(uuid(2))), entry(uuid(2), basic()), entry(uuid(3), basic())]
    expect(await said(bundle('message', entries))).toEqual([
      'warning Bundle.entry[2]: is not linked to the first entry of the message, in either direction',
    ])
  })
})
