import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { Unavailable } from '../../src/base/errors.js'
import type { Exchange } from '../../src/rest/exchange.js'
import { operation } from '../../src/rest/operation.js'
import { serve } from './serve.js'

/** Rows without end, or as many as asked for; `ended` tells that nobody wants more. */
function rows(most = Number.POSITIVE_INFINITY) {
  const state = { ended: false, stream: generate() }
  async function* generate() {
    try {
      for (let row = 1; row <= most; row++) {
        await new Promise((done) => setImmediate(done))
        yield `${row},${'x'.repeat(1000)}\n`
      }
    } finally {
      state.ended = true
    }
  }
  return state
}

describe('an answer that comes piece by piece', () => {
  it.each([undefined, 'gzip', 'br'])('is sent as it comes, with the encoding %s', async (encoding) => {
    const { stream } = rows(100)
    const { fhir, lines } = await serve({
      dispatch: () => ({ status: 200, headers: { Link: '<a>; rel="next"' }, contentType: 'text/csv', stream }),
    })
    const headers = { 'Accept-Encoding': encoding ?? 'identity' }
    const answer = await fetch(`${fhir}/Patient`, { headers })
    const text = await answer.text()
    expect(text.split('\n')).toHaveLength(101)
    expect(text).toMatch(/^1,x{1000}\n2,/)
    expect(answer.headers.get('content-encoding')).toBe(encoding ?? null)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/csv',
      link: '<a>; rel="next"',
      'x-request-id': expect.any(String),
      vary: 'Accept, Accept-Encoding',
    })
    expect(answer.headers.get('content-length')).toBeNull()
    expect(lines).toMatchObject([{ msg: 'request', status: 200, bytes: expect.any(Number) }])
    if (encoding) expect(lines[0]!.bytes).toBeLessThan(text.length / 10)
    else expect(lines[0]!.bytes).toBe(text.length)
  })

  it('waits for the client, and ends when it hangs up', async () => {
    const endless = rows()
    let signal: AbortSignal | undefined
    const { port, lines } = await serve({
      dispatch: ({ ctx }) => {
        signal = ctx.signal
        return { status: 200, contentType: 'text/csv', stream: endless.stream }
      },
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /fhir/Patient HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    expect(endless.ended).toBe(false)
    socket.destroy()
    await vi.waitFor(() => expect(endless.ended).toBe(true))
    await vi.waitFor(() => expect(lines).toMatchObject([{ msg: 'request', status: 499 }]))
    expect(signal!.reason).toBeInstanceOf(Unavailable)
  })

  it('ends what it waits for when the client hangs up', async () => {
    let ended = false
    async function* waiting({ ctx }: Exchange) {
      yield 'a\n'
      try {
        await new Promise((_, reject) => ctx.signal!.addEventListener('abort', () => reject(ctx.signal!.reason)))
      } finally {
        ended = true
      }
    }
    const { port, lines } = await serve({
      dispatch: (exchange) => ({ status: 200, contentType: 'text/csv', stream: waiting(exchange) }),
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /fhir/Patient HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    socket.destroy()
    await vi.waitFor(() => expect(ended).toBe(true))
    await vi.waitFor(() => expect(lines).toMatchObject([{ msg: 'request', status: 499 }]))
  })

  it('that breaks off takes the connection with it', async () => {
    async function* failing() {
      yield 'a\n'
      throw new Error('secret')
    }
    const { fhir, lines } = await serve({
      dispatch: () => ({ status: 200, contentType: 'text/csv', stream: failing() }),
    })
    await expect(fetch(`${fhir}/Patient`).then((answer) => answer.text())).rejects.toThrow()
    await vi.waitFor(() => expect(lines).toMatchObject([{ msg: 'request failed', level: 'error' }]))
  })

  it('is not made for HEAD', async () => {
    const endless = rows()
    const { fhir } = await serve({
      dispatch: () => ({ status: 200, contentType: 'text/csv', stream: endless.stream }),
    })
    const answer = await fetch(`${fhir}/Patient`, { method: 'HEAD' })
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'text/csv', ''])
  })

  it('may take longer than a request, once it has begun', async () => {
    const { stream } = rows(3)
    async function* slow() {
      for await (const row of stream) {
        await new Promise((done) => setTimeout(done, 100))
        yield row
      }
    }
    const { fhir } = await serve({
      env: { INGLE_REQUEST_TIMEOUT_MS: '150' },
      dispatch: () => ({ status: 200, contentType: 'text/csv', stream: slow() }),
    })
    expect((await (await fetch(`${fhir}/Patient`)).text()).split('\n')).toHaveLength(4)
  })
})

describe('an operation with formats of its own', () => {
  const report = (negotiates: boolean) =>
    operation({
      code: 'report',
      title: 'Report',
      description: 'A report',
      on: { levels: ['system'] },
      affectsState: false,
      needs: { letters: [], of: 'all' },
      ...(negotiates && { negotiates }),
      in: {},
      out: {},
      handle: async () => ({}),
    })

  it.each([
    ['$report?_format=csv', 'text/csv', 200, { accept: 'text/csv', format: 'csv' }],
    ['$report', 'text/csv;q=0.9', 200, { accept: 'text/csv;q=0.9', format: undefined }],
    ['$report?x=1&_format=xml', '*/*', 200, { accept: '*/*', format: 'xml', query: 'x=1' }],
  ])('%s with Accept: %s is asked', async (path, accept, status, expected) => {
    const dispatch = () => ({ status: 200, body: 'a', contentType: 'text/csv' })
    const { fhir, exchanges } = await serve({ operations: [report(true)], dispatch })
    expect((await fetch(`${fhir}/${path}`, { headers: { Accept: accept } })).status).toBe(status)
    expect(exchanges[0]).toMatchObject(expected)
  })

  it('is one that says so', async () => {
    const { fhir, exchanges } = await serve({ operations: [report(false)] })
    for (const asked of ['$report?_format=csv', 'Patient?_format=csv']) {
      expect((await fetch(`${fhir}/${asked}`)).status).toBe(406)
    }
    expect(exchanges).toEqual([])
  })
})
