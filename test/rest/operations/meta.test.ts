import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/resource-operation-meta.html, -meta-add and -meta-delete

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  const label = (code: string, more = {}) => ({ system: 'http://labels', code, ...more })
  await server.expect(201, 'PUT Patient/a', {
    body: {
      resourceType: 'Patient',
      id: 'a',
      meta: { tag: [label('t1', { display: 'One' })], profile: ['http://p1'] },
    },
  })
  await server.expect(201, 'PUT Patient/b', {
    body: { resourceType: 'Patient', id: 'b', meta: { tag: [label('t1'), { code: 'bare' }], security: [label('s1')] } },
  })
  await server.expect(201, 'PUT Patient/none', { body: { resourceType: 'Patient', id: 'none' } })
  await server.expect(201, 'PUT Basic/c', {
    body: { resourceType: 'Basic', id: 'c', code: { text: 'x' }, meta: { tag: [label('t2')] } },
  })
  await server.expect(201, 'PUT Patient/gone', {
    body: { resourceType: 'Patient', id: 'gone', meta: { tag: [label('t3')] } },
  })
  await server.expect(204, 'DELETE Patient/gone')
})
afterAll(() => server.stop())

const metaIn = ({ json }: { json: { parameter: { name: string; valueMeta: unknown }[] } }) => {
  expect(json).toMatchObject({ resourceType: 'Parameters', parameter: [{ name: 'return' }] })
  // biome-ignore lint/suspicious/noExplicitAny: looked into by the tests
  return json.parameter[0]!.valueMeta as any
}
const given = (meta: object) => ({
  body: { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: meta }] },
})
const codes = (codings: { code: string }[] = []) => codings.map(({ code }) => code)

describe('$meta', () => {
  it('of a resource is its meta', async () => {
    const meta = metaIn(await server.expect(200, 'GET Patient/a/$meta'))
    expect(meta).toMatchObject({ versionId: '1', profile: ['http://p1'], tag: [{ code: 't1' }] })
    expect(meta.lastUpdated).toBeDefined()
    await server.refused(404, 'GET Patient/nobody/$meta')
    await server.refused(410, 'GET Patient/gone/$meta')
  })

  it('of a type and of the server is each label once', async () => {
    expect(metaIn(await server.expect(200, 'GET Patient/$meta'))).toEqual({
      profile: ['http://p1'],
      security: [{ system: 'http://labels', code: 's1' }],
      tag: [{ code: 'bare' }, { system: 'http://labels', code: 't1', display: 'One' }],
    })
    const all = metaIn(await server.expect(200, 'POST $meta', { body: { resourceType: 'Parameters' } }))
    expect(codes(all.tag)).toEqual(['bare', 't1', 't2'])
    expect(metaIn(await server.expect(200, 'GET Observation/$meta'))).toEqual({})
    await server.refused(404, 'GET Colour/$meta')
  })
})

describe('$meta-add and $meta-delete', () => {
  it('change what is there to be changed, in a new version that is found by it', async () => {
    await server.expect(201, 'PUT Patient/x', {
      body: {
        resourceType: 'Patient',
        id: 'x',
        birthDate: '2000',
        meta: { tag: [{ system: 'http://x', code: 'old' }] },
      },
    })
    const added = given({
      tag: [
        { system: 'http://x', code: 'old', display: 'again' },
        { system: 'http://x', code: 'new' },
      ],
      security: [{ system: 'http://x', code: 'R' }],
      profile: ['http://p9'],
    })
    const meta = metaIn(await server.expect(200, 'POST Patient/x/$meta-add', added))
    expect(meta).toMatchObject({ versionId: '2', profile: ['http://p9'], security: [{ code: 'R' }] })
    expect(meta.tag).toEqual([
      { system: 'http://x', code: 'old' },
      { system: 'http://x', code: 'new' },
    ])
    expect((await server.expect(200, 'GET Patient/x')).json).toMatchObject({ birthDate: '2000', meta })
    expect((await server.expect(200, 'GET Patient?_security=http://x|R')).json.entry).toHaveLength(1)

    expect(metaIn(await server.expect(200, 'POST Patient/x/$meta-add', added)).versionId).toBe('2')

    const removed = given({
      tag: [{ system: 'http://x', code: 'old' }],
      security: [{ code: 'R' }],
      profile: ['http://p9'],
    })
    const less = metaIn(await server.expect(200, 'POST Patient/x/$meta-delete', removed))
    expect(less).toMatchObject({ versionId: '3', tag: [{ code: 'new' }], security: [{ code: 'R' }] })
    expect(less.profile).toBeUndefined()
    expect(metaIn(await server.expect(200, 'POST Patient/x/$meta-delete', removed)).versionId).toBe('3')
    expect((await server.expect(200, 'GET Patient?_tag=http://x|old')).json.entry).toBeUndefined()
  })

  it('of two at once lose nothing', async () => {
    await server.expect(201, 'PUT Patient/busy', { body: { resourceType: 'Patient', id: 'busy' } })
    const names = Array.from({ length: 12 }, (_, i) => `n${i}`)
    await Promise.all(
      names.map((code) =>
        server.expect(200, 'POST Patient/busy/$meta-add', given({ tag: [{ system: 'http://s', code }] })),
      ),
    )
    const { tag } = metaIn(await server.expect(200, 'GET Patient/busy/$meta'))
    expect(codes(tag).sort()).toEqual([...names].sort())
  })

  it.each([
    [404, 'Patient/nobody', { tag: [{ code: 'a' }] }, /no resource of this type and id/],
    [410, 'Patient/gone', { tag: [{ code: 'a' }] }, /was deleted/],
    [400, 'Patient/a', { tags: [{ code: 'a' }] }, /not an element of Meta/],
    [404, 'Colour/a', { tag: [{ code: 'a' }] }, /not a resource type/],
  ])('%i on %s', async (status, place, meta, reason) => {
    expect(await server.refused(status, `POST ${place}/$meta-add`, given(meta))).toMatch(reason)
  })
})
