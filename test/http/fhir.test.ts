import { once } from 'node:events'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import Router from '@koa/router'
import { describe, expect, it, vi } from 'vitest'
import {
  Conflict,
  FhirError,
  Forbidden,
  Gone,
  Invalid,
  MethodNotAllowed,
  NotFound,
  PreconditionFailed,
  TooCostly,
  Unavailable,
} from '../../src/base/errors.js'
import { operations as all } from '../../src/features.js'
import type { Exchange } from '../../src/rest/exchange.js'
import { expectOutcome, outcomeIn, raw, serve } from './serve.js'

const json = { 'Content-Type': 'application/fhir+json' }
const post = (body: string | Buffer, headers: Record<string, string> = json): RequestInit => ({
  method: 'POST',
  headers,
  body: body as RequestInit['body'],
})

describe('an exchange', () => {
  it('has what the request said', async () => {
    const { fhir, exchanges } = await serve()
    await fetch(`${fhir}/Patient/a%2Fb/_history/2?name=%C3%A9&_format=json&_count=1`, {
      method: 'PUT',
      headers: {
        ...json,
        'Content-Type': 'Application/FHIR+json; charset=utf-8',
        Prefer: 'return=minimal, handling=lenient',
        'If-Match': 'W/"3"',
        'If-None-Match': 'W/"4"',
        'If-Modified-Since': 'Sun, 22 Nov 2026 04:37:08 GMT',
        'If-None-Exist': 'identifier=x|1',
        'Idempotency-Key': 'k1',
        'X-Request-Id': 'trace.1-a',
        'Accept-Language': 'de',
      },
      body: '{"resourceType":"Patient"}',
    })
    const { ctx, ...exchange } = exchanges[0]!
    expect(exchange).toEqual({
      method: 'PUT',
      path: ['Patient', 'a/b', '_history', '2'],
      query: 'name=%C3%A9&_count=1',
      base: fhir,
      prefer: { return: 'minimal', handling: 'lenient' },
      ifMatch: 'W/"3"',
      ifNoneMatch: 'W/"4"',
      ifModifiedSince: 'Sun, 22 Nov 2026 04:37:08 GMT',
      ifNoneExist: 'identifier=x|1',
      idempotencyKey: 'k1',
      acceptLanguage: 'de',
      contentType: 'application/fhir+json',
      body: '{"resourceType":"Patient"}',
    })
    expect(ctx).toMatchObject({ tenant: 1, principal: { subject: 'anonymous' }, requestId: 'trace.1-a' })
    expect(ctx.principal.scopes).toBeUndefined()
    expect(ctx.log.bindings()).toMatchObject({ requestId: 'trace.1-a', tenant: 1 })
    expect(ctx.log).toBe(ctx.log)
  })

  it.each([
    ['/fhir', []],
    ['/fhir/', []],
    ['/fhir?', []],
    ['/fhir/?_type=Patient', []],
    ['/fhir/Patient/', ['Patient']],
    ['/fhir/Patient/1', ['Patient', '1']],
    ['/fhir/Patient//1', ['Patient', '', '1']],
  ])('POST %s has the path %j', async (path, expected) => {
    const { url, exchanges } = await serve()
    await fetch(url + path, post('{}'))
    expect(exchanges[0]!.path).toEqual(expected)
  })

  it('merges the form of POST _search into the query', async () => {
    const { fhir, exchanges } = await serve()
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    await fetch(`${fhir}/Patient/_search?active=true`, post('name=a+b&_pretty=true&name=%C3%A9', form))
    await fetch(`${fhir}/Patient/_search?active=true`, { method: 'POST' })
    expect(exchanges[0]).toMatchObject({ method: 'POST', query: 'active=true&name=a+b&name=%C3%A9', body: undefined })
    expect(exchanges[1]).toMatchObject({ query: 'active=true', body: undefined })
    await expectOutcome(await fetch(`${fhir}/Patient/_search`, post('name=a&_format=ttl', form)), 406, 'not-supported')
    await expectOutcome(await fetch(`${fhir}/Patient/_search`, post('{}')), 415, 'not-supported')
  })

  it.each([
    ['its own Host', {}, {}, (port: number) => `http://127.0.0.1:${port}/fhir`],
    [
      'the Host a proxy names',
      {},
      { 'X-Forwarded-Host': 'a.example, b', 'X-Forwarded-Proto': 'https, http' },
      () => 'https://a.example/fhir',
    ],
    [
      'BASE_URL',
      { BASE_URL: 'https://c.example/x/' },
      { 'X-Forwarded-Host': 'a.example' },
      () => 'https://c.example/x/fhir',
    ],
  ])('has %s as its base', async (_, env, headers, base) => {
    const { fhir, port, exchanges } = await serve({ env })
    await fetch(`${fhir}/Patient`, { headers: headers as Record<string, string> })
    expect(exchanges[0]!.base).toBe(base(port))
  })

  it.each(['a"b', 'a/b', 'a<b', '[::1', 'a:b:c', 'a b'])('of the host %s is refused', async (host) => {
    const { fhir, exchanges } = await serve()
    await expectOutcome(await fetch(`${fhir}/Patient`, { headers: { 'X-Forwarded-Host': host } }), 400, 'invalid')
    expect(exchanges).toHaveLength(0)
  })
})

describe('an answer', () => {
  it('passes through as it is, with the headers of every answer', async () => {
    const body = '{"resourceType":"Patient","id":"1","name":[{"family":"Möller"}]}'
    const headers = { ETag: 'W/"1"', 'Last-Modified': 'Sun, 22 Nov 2026 04:37:08 GMT' }
    const { fhir } = await serve({ dispatch: () => ({ status: 200, headers, body }) })
    const answer = await fetch(`${fhir}/Patient/1`)
    expect(await answer.text()).toBe(body)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'private, no-cache',
      'content-length': String(Buffer.byteLength(body)),
      'content-type': 'application/fhir+json; charset=utf-8',
      etag: 'W/"1"',
      'last-modified': 'Sun, 22 Nov 2026 04:37:08 GMT',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{12}-[0-9a-z]+$/),
    })
  })

  it('to HEAD is that to GET without its body', async () => {
    const { fhir, exchanges } = await serve({ dispatch: () => ({ status: 200, body: '{"a":1}' }) })
    const answer = await fetch(`${fhir}/Patient/1`, { method: 'HEAD' })
    expect(answer.headers.get('content-length')).toBe('7')
    expect(await answer.text()).toBe('')
    expect(exchanges[0]!.method).toBe('GET')
  })

  it.each([
    [304, null],
    [204, null],
    [201, '0'],
  ])('%i without a body has the Content-Length %s', async (status, length) => {
    const { fhir } = await serve({ dispatch: () => ({ status }) })
    const answer = await fetch(`${fhir}/Patient/1`)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-length')).toBe(length)
    expect(answer.headers.get('content-type')).toBeNull()
  })

  it('is indented by _pretty=true, and decimals keep their digits', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: '{"value":1.10,"list":[1e2]}' }) })
    const answer = await fetch(`${fhir}/Observation/1?_pretty=true`)
    const text = await answer.text()
    expect(text).toContain('\n  "value": 1.10')
    expect(text).toContain('1e2')
    expect(answer.headers.get('content-length')).toBe(String(text.length))
  })

  it('that is not FHIR JSON names its own type', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: 'a,b', contentType: 'text/csv' }) })
    const answer = await fetch(`${fhir}/$report?_pretty=true`)
    expect(answer.headers.get('content-type')).toBe('text/csv')
    expect(await answer.text()).toBe('a,b')
  })
})

describe('the request id', () => {
  it.each(['abc', 'a.b-C9', '01890a5d-ac96-774b-bcce-b302099a8057', 'x'.repeat(64)])('%s is kept', async (id) => {
    const { fhir } = await serve()
    expect((await fetch(fhir, { headers: { 'X-Request-Id': id } })).headers.get('x-request-id')).toBe(id)
  })

  it.each(['x'.repeat(65), 'a b', 'a"b', 'a_b', 'é', '<script>'])('%s is replaced', async (id) => {
    const { fhir, lines } = await serve()
    const answer = await fetch(fhir, { headers: { 'X-Request-Id': id } })
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/)
    expect(JSON.stringify(lines)).not.toContain(id)
  })

  it('cannot bring a header of its own', async () => {
    const { port } = await serve()
    const head = 'GET /fhir HTTP/1.1\r\nHost: a\r\nConnection: close\r\n'
    for (const id of ['a\rSet-Cookie: b=1', 'a%0d%0aSet-Cookie: b=1', 'a\0b', 'a\\r\\nSet-Cookie: b=1']) {
      expect((await raw(port, `${head}X-Request-Id: ${id}\r\n\r\n`)).toLowerCase()).not.toContain('set-cookie')
    }
  })
})

describe('a failure', () => {
  it.each([
    [new Invalid('wrong'), 400, 'invalid'],
    [new Forbidden('no'), 403, 'forbidden'],
    [new NotFound('Patient/1 is not known'), 404, 'not-found'],
    [new Conflict('two'), 409, 'conflict'],
    [new Gone('was deleted'), 410, 'deleted'],
    [new PreconditionFailed('stale'), 412, 'conflict'],
    [new TooCostly('long'), 422, 'too-costly'],
    [new Unavailable('away', { retryAfter: 7 }), 503, 'transient'],
  ])('%s is an OperationOutcome', async (error, status, code) => {
    const { fhir } = await serve({ dispatch: () => Promise.reject(error) })
    const answer = await fetch(`${fhir}/Patient/1`)
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '7' : null)
    expect(await expectOutcome(answer, status, code)).toBe(error.message)
  })

  it.each([
    ['thrown', () => Promise.reject(new TypeError('select secret from resource'))],
    ['known by no class', () => Promise.reject(new FhirError('Internal error', { cause: new Error('secret') }))],
    ['no Error at all', () => Promise.reject('secret')],
    ['a header that cannot be sent', async () => ({ status: 200, headers: { Location: 'secret\n' }, body: '{}' })],
  ])('that is unforeseen (%s) is 500 and says nothing', async (_, dispatch) => {
    const { fhir, lines } = await serve({ dispatch })
    const answer = await fetch(`${fhir}/Patient/123?name=secret`)
    expect(await expectOutcome(answer, 500, 'exception')).toBe('Internal error')
    expect(lines[0]).toMatchObject({
      level: 'error',
      msg: 'request failed',
      status: 500,
      requestId: answer.headers.get('x-request-id'),
      err: expect.anything(),
    })
  })

  it.each([
    ['PUT', '/fhir/Patient/1/_history/1', 'GET, HEAD'],
    ['DELETE', '/fhir', 'GET, HEAD, POST'],
    ['POST', '/fhir/metadata', 'GET, HEAD'],
    ['POST', '/fhir/Patient/1', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['GET', '/fhir/Patient/_search', 'POST'],
    ['PROPFIND', '/fhir/Patient', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
  ])('%s %s is 405 and Allow is %s', async (method, path, allow) => {
    const { url } = await serve({ dispatch: () => Promise.reject(new MethodNotAllowed('No')) })
    const answer = await fetch(url + path, { method })
    expect(answer.headers.get('allow')).toBe(allow)
    await expectOutcome(answer, 405, 'not-supported')
  })

  it('of the path: OPTIONS tells what there is', async () => {
    const { url } = await serve()
    const answer = await fetch(`${url}/fhir/metadata`, { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, HEAD'])
    await expectOutcome(await fetch(`${url}/fhir/a/b/c/d/e`, { method: 'OPTIONS' }), 404, 'not-found')
    await expectOutcome(await fetch(`${url}/fhir/Patient/%ff`), 400, 'invalid')
    await expectOutcome(await fetch(`${url}/fhir/Patient/%zz`), 400, 'invalid')
    await expectOutcome(await fetch(`${url}/fhirs`), 404, 'not-found')
    await expectOutcome(await fetch(`${url}/`, { method: 'POST' }), 404, 'not-found')
  })

  it('of negotiation is 406 and names what there is', async () => {
    const { fhir, exchanges } = await serve()
    const answer = await fetch(`${fhir}/Patient/1`, { headers: { Accept: 'text/turtle' } })
    expect(await expectOutcome(answer, 406, 'not-supported')).toContain('application/fhir+json')
    expect(exchanges).toHaveLength(0)
  })
})

describe('a body', () => {
  it.each([
    ['POST', '/Patient', 'application/json'],
    ['PUT', '/Patient/1', 'text/json'],
    ['POST', '/Binary', 'application/fhir+json; fhirVersion=4.0'],
    ['PATCH', '/Patient/1', 'application/json-patch+json'],
    ['PATCH', '/Patient/1', 'application/xml-patch+xml'],
    ['PATCH', '/Patient/1', 'application/fhir+json'],
  ])('%s %s may be %s', async (method, path, type) => {
    const { fhir, exchanges } = await serve()
    await fetch(fhir + path, { method, headers: { 'Content-Type': type }, body: '{}' })
    expect(exchanges[0]).toMatchObject({ contentType: type.split(';')[0], body: '{}' })
  })

  it.each([
    ['POST', '/Patient', 'application/xml-patch+xml', /application\/fhir\+json.*application\/fhir\+xml/],
    ['POST', '/Patient', 'application/fhir+ndjson', /application\/fhir\+json.*application\/fhir\+xml/],
    ['POST', '/Patient', 'application/fhir+xml; fhirVersion=5.0', /not supported/],
    ['POST', '/Patient', 'application/json-patch+json', /application\/fhir\+json/],
    ['POST', '/Patient', 'application/x-www-form-urlencoded', /application\/fhir\+json/],
    ['PATCH', '/Patient/1', 'application/merge-patch+json', /application\/json-patch\+json/],
    ['POST', '/Binary', 'image/png', /image\/png is not supported/],
    ['POST', '/Patient', 'application/fhir+json; charset=iso-8859-1', /charset iso-8859-1/],
    ['POST', '/Patient', 'application/fhir+json; fhirVersion=5.0', /not supported/],
    ['POST', '/Patient', '', /no Content-Type/],
  ])('%s %s may not be %s (415)', async (method, path, type, says) => {
    const { fhir, exchanges } = await serve()
    // fetch names a type for a string by itself, for bytes it does not
    const answer = await fetch(fhir + path, {
      method,
      headers: type ? { 'Content-Type': type } : {},
      body: Buffer.from('{}'),
    })
    expect(await expectOutcome(answer, 415, 'not-supported')).toMatch(says)
    expect(exchanges).toHaveLength(0)
  })

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is inflated from %s', async (encoding, compress) => {
    const { fhir, exchanges } = await serve()
    await fetch(`${fhir}/Patient`, post(compress('{"a":"é"}'), { ...json, 'Content-Encoding': encoding }))
    expect(exchanges[0]!.body).toBe('{"a":"é"}')
  })

  it('that is not what Content-Encoding says is refused', async () => {
    const { fhir } = await serve()
    const encoded = (encoding: string) => post('{}', { ...json, 'Content-Encoding': encoding })
    await expectOutcome(await fetch(`${fhir}/Patient`, encoded('gzip')), 400, 'invalid')
    await expectOutcome(await fetch(`${fhir}/Patient`, encoded('zstd')), 415, 'not-supported')
  })

  it('is UTF-8, with a byte order mark or without', async () => {
    const { fhir, exchanges } = await serve()
    await fetch(`${fhir}/Patient`, post(Buffer.from('\uFEFF{"a":"é"}')))
    expect(exchanges[0]!.body).toBe('{"a":"é"}')
    const answer = await fetch(`${fhir}/Patient`, post(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])))
    expect(await expectOutcome(answer, 400, 'invalid')).toBe('The body is not UTF-8')
  })

  it('over the limit is 413, announced, chunked or inflated', async () => {
    const { fhir, exchanges } = await serve({ env: { INGLE_MAX_BODY_BYTES: '10000' } })
    const large = Buffer.alloc(10_001, ' ')
    await fetch(`${fhir}/Patient`, post(large.subarray(1)))
    expect(exchanges).toHaveLength(1)
    const chunked = { ...post(large), body: new Blob([large]).stream(), duplex: 'half' } as RequestInit
    const bomb = gzipSync(Buffer.alloc(5_000_000, ' '))
    expect(bomb.length).toBeLessThan(10_000)
    for (const request of [post(large), chunked, post(bomb, { ...json, 'Content-Encoding': 'gzip' })]) {
      expect(await expectOutcome(await fetch(`${fhir}/Patient`, request), 413, 'too-long')).toContain('10000 bytes')
    }
    expect(exchanges).toHaveLength(1)
  })

  it('over the limit is answered while the client still sends', async () => {
    const { port } = await serve({ env: { INGLE_MAX_BODY_BYTES: '10000' } })
    const head = 'POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
    const megabytes = Buffer.alloc(8_000_000, ' ')
    const answer = await raw(port, `${head}Content-Length: ${megabytes.length}\r\n\r\n`, megabytes)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toMatch(/connection: close/i)
    expect(outcomeIn(answer).issue[0]!.code).toBe('too-long')
  })
})

describe('time', () => {
  it('is up for a handler: 503, its signal aborts, and what it says later is not sent', async () => {
    let signal: AbortSignal | undefined
    const { fhir } = await serve({
      env: { INGLE_REQUEST_TIMEOUT_MS: '150' },
      dispatch: async ({ ctx }) => {
        signal = ctx.signal
        await new Promise((resolve) => setTimeout(resolve, 400))
        return { status: 200, body: '{}' }
      },
    })
    const answer = await fetch(`${fhir}/Patient`)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await expectOutcome(answer, 503, 'timeout')).toContain('150 ms')
    expect(signal!.aborted).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 350))
    expect((await fetch(`${fhir}/metadata`)).status).toBe(503) // the same connection still works
  })

  it('is up for a slow body: 408, while others are served', async () => {
    const { fhir, port, exchanges } = await serve({ env: { INGLE_REQUEST_TIMEOUT_MS: '300' } })
    const head =
      'POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n'
    const slow = raw(port, head, '{"a":')
    expect((await fetch(`${fhir}/Patient/1`)).status).toBe(200)
    const answer = await slow
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(outcomeIn(answer).issue[0]).toMatchObject({
      code: 'timeout',
      diagnostics: expect.stringContaining('300 ms'),
    })
    expect(exchanges).toHaveLength(1)
  })

  it('is up for good: a body that is whole after its 408 goes nowhere', async () => {
    const { port, exchanges } = await serve({ env: { INGLE_REQUEST_TIMEOUT_MS: '150' } })
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
    )
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 408 /)
    socket.write('}')
    await once(socket, 'close')
    expect(exchanges).toHaveLength(0)
  })

  it('is not spent on a client that has hung up', async () => {
    let reason: unknown
    const { port, lines } = await serve({
      dispatch: ({ ctx }) =>
        new Promise((_, reject) => {
          ctx.signal!.addEventListener('abort', () => {
            reason = ctx.signal!.reason
            reject(reason)
          })
        }),
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /fhir/Patient HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'connect')
    setTimeout(() => socket.destroy(), 50)
    await vi.waitFor(() => expect(reason).toBeInstanceOf(Unavailable))
    expect(lines).toMatchObject([{ msg: 'request', status: 499 }])
  })
})

describe('beside FHIR', () => {
  it('a page points to /fhir/metadata', async () => {
    const { url } = await serve()
    const answer = await fetch(url)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
    const page = await answer.text()
    expect(page).toContain('href="/fhir/metadata?_pretty=true"')
    expect(page).toContain(`<code>${url}/fhir</code>`)
    expect(page).toContain('Nobody is asked for a token')
    const codes = [...page.matchAll(/OperationDefinition\/[\w-]+"><code>\$([\w-]+)</g)].map(([, code]) => code!)
    expect(codes).toEqual(all.map(({ code }) => code).sort())
  })

  it('the page has the public address, and says when a token is asked for', async () => {
    const { url } = await serve({
      env: {
        BASE_URL: 'https://fhir.example.org/a&b',
        INGLE_AUTH_JWKS_URL: 'https://id.example.org/jwks',
        INGLE_AUTH_ISSUER: 'https://id.example.org',
        INGLE_AUTH_AUDIENCE: 'fhir',
      },
    })
    const page = await (await fetch(url)).text()
    expect(page).toContain('<code>https://fhir.example.org/a&amp;b/fhir</code>')
    expect(page).toContain('asks for a bearer token')
  })

  it('other routes answer with the same headers, and fail with an OperationOutcome', async () => {
    const router = new Router()
    router.get('/livez', (koa) => {
      koa.body = 'ok'
    })
    router.get('/broken', () => {
      throw new Error('secret')
    })
    const { url } = await serve({ routes: [router] })
    const answer = await fetch(`${url}/livez`, { headers: { 'X-Request-Id': 'probe' } })
    expect(await answer.text()).toBe('ok')
    expect(answer.headers.get('x-request-id')).toBe('probe')
    expect(await expectOutcome(await fetch(`${url}/broken`), 500, 'exception')).toBe('Internal error')
    await expectOutcome(await fetch(`${url}/nowhere`), 404, 'not-found')
  })
})

describe('the log and the metrics', () => {
  it('have a line and a count for each request, without ids or values', async () => {
    const { fhir, lines, metrics } = await serve({
      dispatch: async (exchange: Exchange) => ({ status: 200, body: `{"${exchange.method}":1}` }),
    })
    await fetch(`${fhir}/Patient/chalmers-1?name=Chalmers`, { headers: { 'X-Request-Id': 'r1' } })
    await fetch(`${fhir}/Patient`, post('{}'))
    expect(lines).toMatchObject([
      { level: 'info', requestId: 'r1', method: 'GET', template: '/Patient/{id}?name', status: 200, bytes: 9 },
      { level: 'info', method: 'POST', template: '/Patient', status: 200, bytes: 10 },
    ])
    expect(lines[0]!.ms).toBeGreaterThan(0)
    expect(JSON.stringify(lines)).not.toMatch(/chalmers/i)
    const numbers = await metrics.registry.metrics()
    expect(numbers).toContain('http_requests_total{interaction="read",type="Patient",status="2xx"} 1')
    expect(numbers).toContain('http_requests_total{interaction="create",type="Patient",status="2xx"} 1')
  })
})
