import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { outcomeIn, raw, serve } from './serve.js'

it.each([
  ['is not HTTP', 'hello\r\n\r\n', 400, 'structure'],
  ['has a head of 40 kB', `GET /fhir HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'too-long'],
  [
    'says its length twice',
    'POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    400,
    'structure',
  ],
])('a request that %s is answered with an OperationOutcome', async (_, request, status, code) => {
  const { port } = await serve()
  const answer = await raw(port, request)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  const { resourceType, id, issue } = outcomeIn(answer)
  expect({ resourceType, issue }).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code }] })
  expect(answer).toContain(`X-Request-Id: ${id}\r\n`)
})

it('a search URL of 30 kB is read', async () => {
  const { fhir, exchanges } = await serve()
  await fetch(`${fhir}/Patient?_id=${'x'.repeat(30_000)}`)
  expect(exchanges[0]!.query).toHaveLength(30_004)
})

it('1,000 slow clients do not keep others waiting, and are sent away', async () => {
  const { fhir, port } = await serve({ env: { INGLE_REQUEST_TIMEOUT_MS: '5000' } })
  const slow = await Promise.all(Array.from({ length: 1000 }, (_, i) => slowClient(port, i % 2 === 0)))
  onTestFinished(() => {
    for (const { socket } of slow) socket.destroy()
  })
  let sentAway = 0
  for (const { socket } of slow) socket.once('close', () => sentAway++)
  for (let i = 0; i < 50; i++) expect((await fetch(`${fhir}/Patient/1`)).status).toBe(200)
  // All were answered while all of the slow ones were still there.
  expect(sentAway).toBe(0)
  for (const { answer } of slow) expect(await answer).toMatch(/^HTTP\/1.1 408 .*"code":"timeout"/s)
})

/** Sends half a head, or a head and half a body, and then nothing. */
async function slowClient(port: number, inHead: boolean): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n')
  if (!inHead) socket.write('Content-Length: 9\r\n\r\n{')
  let received = ''
  socket.on('data', (bytes) => {
    received += bytes
  })
  return { socket, answer: once(socket, 'close').then(() => received) }
}
