import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { broken, good } from '../support/structures.js'
import { openServer, type RestServer } from './server.js'

// Nothing that is not valid gets in, by whatever door (https://hl7.org/fhir/R4/http.html#Status-Codes).

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_BODY_BYTES: '2000000' })
})
afterAll(() => server.stop())

const all = good.flatMap(broken).map(({ how, resource }) => ({ how, resource }))
/** Every seventh of a few thousand: of each type some. */
const some = all.filter((_, i) => i % 7 === 0)

describe('of broken resources', () => {
  it('there are enough to mean something', () => {
    expect(some.length).toBeGreaterThan(250)
  })

  it('none is stored alone, by a batch or by a transaction', async () => {
    const type = (resource: Record<string, unknown>) => resource.resourceType as string
    const post = ({ resource }: { resource: Record<string, unknown> }) => ({
      resource,
      request: { method: 'POST', url: type(resource) },
    })
    for (const { how, resource } of some) {
      const { status, json } = await server.ask(`POST ${type(resource)}`, { body: resource })
      expect([how, status, json.resourceType]).toEqual([how, 400, 'OperationOutcome'])
    }
    const batch = await server.batch(some.map(post))
    expect(batch.status).toBe(200)
    expect(batch.json.entry).toHaveLength(some.length)
    for (const { response } of batch.json.entry) expect(response.status).toMatch(/^400/)
    for (const one of some.filter((_, i) => i % 10 === 0)) {
      const right = {
        resource: { resourceType: 'Basic', code: { text: 'b' } },
        request: { method: 'POST', url: 'Basic' },
      }
      const { status, json } = await server.transact([right, post(one)])
      expect([one.how, status]).toEqual([one.how, 400])
      expect(json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]/)
    }
    expect(await server.count()).toBe(0)
  }, 120_000)

  it('none comes about by an update or a patch', async () => {
    const { json } = await server.expect(201, 'POST Patient', { body: { resourceType: 'Patient', active: true } })
    const at = `Patient/${json.id}`
    await server.refused(422, `PUT ${at}`, { body: { resourceType: 'Patient', id: json.id, gender: 'x' } })
    const patch = (value: unknown) => ({
      body: [{ op: 'add', path: '/gender', value }],
      type: 'application/json-patch+json',
    })
    await server.refused(422, `PATCH ${at}`, patch('x'))
    for (const value of [1, null, ['male'], {}]) await server.refused(400, `PATCH ${at}`, patch(value))
    expect((await server.expect(200, `GET ${at}`)).json).toEqual(json)
    await server.expect(204, `DELETE ${at}`)
  })
})

describe('a body', () => {
  it.each([
    ['{"resourceType":"Patient",\n  "active": tru}', 'Line 2, column 13'],
    ['{"resourceType":"Patient"', 'Line 1, column 26'],
    ['{"resourceType":"Patient","active":true,"active":false}', 'it is there twice'],
    ['', 'no body'],
    ['null', ''],
    ['[]', ''],
    ['"Patient"', ''],
    ['{}', ''],
    ['{"resourceType":"Patience"}', ''],
    [
      '{"resourceType":"Observation","status":"final","code":{"text":"x"}}',
      'The body is a Observation, the URL names Patient',
    ],
    ['{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}', 'control characters'],
    ['{"resourceType":"Patient","name":[{"family":"a\\u0001b"}]}', 'U+0001'],
    ['{"resourceType":"Patient","name":[{"family":"\\ud800"}]}', ''],
    [
      `{"resourceType":"Patient","extension":${'[{"url":"u","extension":'.repeat(300)}[]${'}]'.repeat(300)}}`,
      'levels deep',
    ],
    ['['.repeat(900_000), ''],
  ])('%.60s is 400', async (body, says) => {
    const asked = { body, headers: { 'Content-Type': 'application/fhir+json' } }
    expect(await server.refused(400, 'POST Patient', asked)).toContain(says)
    expect(await server.refused(400, 'PUT Patient/a', asked)).toContain(says)
    await server.expect(404, 'GET Patient/a')
  })

  it('that is too large is 413, of another type 415', async () => {
    const large = { resourceType: 'Patient', name: [{ text: 'x'.repeat(2_000_000) }] }
    await server.refused(413, 'POST Patient', { body: large })
    const patient = '{"resourceType":"Patient"}'
    await server.refused(415, 'POST Patient', { body: '<Patient/>', type: 'application/xml-patch+xml' })
    await server.refused(415, 'POST Patient', { body: patient, type: 'text/plain' })
    await server.refused(415, 'PUT Patient/a', { body: patient, type: 'application/json-patch+json' })
    expect(await server.count()).toBe(0)
  })
})

describe('a URL', () => {
  it.each([
    [404, 'GET Patience/1'],
    [404, 'GET patient/1'],
    [404, 'GET Patience'],
    [404, 'GET Patience/_history'],
    [404, 'GET Resource/1'],
    [404, 'GET DomainResource'],
    [404, 'GET Element/1'],
    [404, 'GET _foo'],
    [404, 'GET Patient/1'],
    [404, 'GET Patient/1/_history'],
    [404, 'GET Patient/1/_history/1'],
    [404, 'GET Patient/1/name'],
    [404, 'GET Patient/1/2/3/4/5'],
    [404, 'GET Encounter/$everything'],
    [404, 'POST Patient/$nothing'],
    [404, 'GET $nothing'],
    [404, 'GET Patience/$nothing'],
    [405, 'DELETE metadata'],
    [405, 'PATCH '],
    [405, 'PUT '],
    [405, 'DELETE '],
    [405, 'POST Patient/1'],
    [405, 'PUT Patient/1/_history/1'],
    [405, 'DELETE Patient/1/_history'],
    [405, 'GET Patient/_search'],
    [405, 'POST _history'],
    [400, 'GET Patient?nonsense=1'],
    [400, 'GET Patient?constructor=1'],
    [400, 'GET Patient?toString=1'],
    [400, 'GET Patient?__proto__=1'],
    [400, 'GET Patient/_history?nonsense=1'],
    [400, 'GET Patient?_count=-1'],
    [400, 'GET Patient?_count=x'],
    [400, 'GET Patient?_cursor=nonsense'],
    [400, 'GET Patient/_history?_cursor=nonsense'],
    [400, 'GET Patient?_summary=nonsense'],
    [400, 'GET Patient?birthdate=nonsense'],
    [400, 'GET Patient?name=%00'],
    [400, 'DELETE Patient'],
    [400, 'DELETE Patient?nonsense=1'],
    [400, 'DELETE Patient?_sort=name'],
  ])('%i %s', async (status, request) => {
    expect(await server.refused(status, request)).toBeTruthy()
  })

  it.each([
    [404, 'GET Pateint/1', 'Pateint is not a resource type of FHIR R4 (is Patient meant?)'],
    [404, 'GET Zzz/1', 'Zzz is not a resource type of FHIR R4'],
    [
      404,
      'GET Patient/1/$evrything',
      /^There is no operation \$evrything here \(is \$everything meant\?\); here are .*\$meta/,
    ],
    [404, 'GET $nonsense', /^There is no operation \$nonsense here; here are .*\$graphql/],
    [404, 'GET Patient/1/_history/1/$meta', 'There is no operation $meta here; here are none'],
    [405, 'GET Patient/_search', 'GET is not possible here; possible are POST'],
    [405, 'DELETE metadata', 'DELETE is not possible here; possible are GET, HEAD'],
    [400, 'GET Patient?nmae=x', /^Patient has no search parameter nmae; is name meant\? It has _content, .*phonetic/],
    [400, `GET Patient?${'n'.repeat(5000)}=x`, /^Patient has no search parameter n+; it has _content/],
  ])('%i %s says what would be right', async (status, request, says) => {
    expect(await server.refused(status, request)).toEqual(typeof says === 'string' ? says : expect.stringMatching(says))
  })

  it('of the base takes a Bundle, and says where another resource belongs', async () => {
    const body = { resourceType: 'Patient' }
    expect(await server.refused(400, 'POST ', { body })).toMatch(
      /of type Patient is created by POST \[base\]\/Patient$/,
    )
    expect(await server.refused(400, 'POST ', { body: {} })).toMatch(/batch or transaction$/)
  })

  it('that is no place has no methods: Allow', async () => {
    const { headers } = await server.expect(405, 'POST Patient/1')
    expect(headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, DELETE')
  })
})

describe('an id', () => {
  it.each(['a_b', 'a b', 'ü', 'x'.repeat(65), 'a$', 'a|b', '%00', 'a%2Fb'])('%s is not one', async (id) => {
    const url = id.startsWith('%') || id.includes('%2F') ? id : encodeURIComponent(id)
    await server.refused(400, `PUT Patient/${url}`, { body: { resourceType: 'Patient', id: decodeURIComponent(url) } })
    await server.refused(404, `GET Patient/${url}`)
  })

  it.each(['a', 'A.b-9', '-', '.x', 'x'.repeat(64), '0'])('%s is one', async (id) => {
    await server.expect(201, `PUT Patient/${id}`, { body: { resourceType: 'Patient', id } })
    await server.expect(200, `GET Patient/${id}`)
    await server.expect(204, `DELETE Patient/${id}`)
  })

  it('of the body is that of the URL', async () => {
    expect(await server.refused(400, 'PUT Patient/a', { body: { resourceType: 'Patient', id: 'b' } })).toContain(
      'Patient.id',
    )
    expect(await server.refused(400, 'PUT Patient/a', { body: { resourceType: 'Patient' } })).toContain(
      'Patient.id is missing',
    )
    await server.refused(400, 'PUT Patient/a', { body: { resourceType: 'Basic', id: 'a', code: { text: 'b' } } })
  })
})
