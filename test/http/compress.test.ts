import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { serve } from './serve.js'

// https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding

const long = JSON.stringify({ resourceType: 'Patient', name: [{ text: 'Möller '.repeat(200) }] })
const short = '{"resourceType":"Patient"}'
const decoded: Record<string, (bytes: Buffer) => Buffer> = { br: brotliDecompressSync, gzip: gunzipSync }

/** As it comes over the wire: fetch would undo the compression. */
function get(url: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer }>((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, bytes: Buffer.concat(chunks) }),
      )
    })
    sent.on('error', reject).end()
  })
}

describe('an answer', () => {
  it.each([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['identity;q=0, gzip', 'gzip'],
    ['deflate', undefined],
    ['identity', undefined],
    ['gzip;q=0', undefined],
    ['gzip; q=0.0, br ;q=0', undefined],
    ['*;q=0', undefined], // leaves nothing: it is as if nothing had been said
    ['', undefined],
    ['nonsense', undefined],
  ])('for Accept-Encoding: %s is coded as %s', async (accepted, coding) => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, headers: { ETag: 'W/"1"' }, body: long }) })
    const { headers, bytes } = await get(`${fhir}/Patient/1`, { 'Accept-Encoding': accepted })
    expect(headers['content-encoding']).toBe(coding)
    expect((coding ? decoded[coding]!(bytes) : bytes).toString()).toBe(long)
    expect(headers).toMatchObject({
      'content-length': String(bytes.length),
      'content-type': 'application/fhir+json; charset=utf-8',
      etag: 'W/"1"',
      vary: 'Accept, Accept-Encoding',
    })
    if (coding) expect(bytes.length).toBeLessThan(long.length / 4)
  })

  it('that is short is sent as it is, unless the client does not take it so', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: short }) })
    for (const accepted of ['gzip, br', '*', 'identity, gzip']) {
      expect((await get(`${fhir}/Patient/1`, { 'Accept-Encoding': accepted })).bytes.toString()).toBe(short)
    }
    for (const accepted of ['gzip, identity;q=0', 'gzip, *;q=0']) {
      const { headers, bytes } = await get(`${fhir}/Patient/1`, { 'Accept-Encoding': accepted })
      expect([headers['content-encoding'], gunzipSync(bytes).toString()]).toEqual(['gzip', short])
    }
  })

  it('is sent as it is to whom does not ask', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: long }) })
    const { headers, bytes } = await get(`${fhir}/Patient/1`, {})
    expect([headers['content-encoding'], bytes.toString()]).toEqual([undefined, long])
  })

  it('to HEAD has the headers of GET', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: long }) })
    const accept = { 'Accept-Encoding': 'gzip' }
    const [whole, head] = [await get(`${fhir}/Patient/1`, accept), await get(`${fhir}/Patient/1`, accept, 'HEAD')]
    expect(head.bytes).toHaveLength(0)
    expect(head.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': whole.headers['content-length'],
    })
  })

  it.each([
    ['0', long, undefined],
    ['0', short, undefined],
    ['20', short, 'gzip'],
    ['1000000', long, undefined],
  ])('from INGLE_COMPRESS_FROM_BYTES=%s on', async (from, body, coding) => {
    const { fhir } = await serve({ env: { INGLE_COMPRESS_FROM_BYTES: from }, dispatch: () => ({ status: 200, body }) })
    const { headers } = await get(`${fhir}/Patient/1`, { 'Accept-Encoding': 'gzip' })
    expect(headers['content-encoding']).toBe(coding)
  })

  it('in XML is compressed too, and counted as it is sent', async () => {
    const { fhir, lines } = await serve({ dispatch: () => ({ status: 200, body: long }) })
    const { bytes } = await get(`${fhir}/Patient/1?_format=xml`, { 'Accept-Encoding': 'br' })
    expect(brotliDecompressSync(bytes).toString()).toContain('<text value="Möller ')
    expect(lines[0]).toMatchObject({ bytes: bytes.length })
  })

  it('without a body has none', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 304, headers: { ETag: 'W/"1"' } }) })
    const { status, headers } = await get(`${fhir}/Patient/1`, { 'Accept-Encoding': 'gzip' })
    expect([status, headers['content-encoding'], headers.vary]).toEqual([304, undefined, 'Accept, Accept-Encoding'])
  })
})
