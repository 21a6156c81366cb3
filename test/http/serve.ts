import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { OperationOutcome } from '@medplum/fhirtypes'
import type { DestinationStream } from 'pino'
import { expect, onTestFinished } from 'vitest'
import { readConfig } from '../../src/base/config.js'
import { openLog } from '../../src/base/log.js'
import { openMetrics } from '../../src/base/metrics.js'
import { operations as all } from '../../src/features.js'
import { type AppOptions, createApp } from '../../src/http/app.js'
import { openRateLimit } from '../../src/http/rate-limit.js'
import { createServer } from '../../src/http/server.js'
import type { Answer, Exchange } from '../../src/rest/exchange.js'
import { Places } from '../../src/rest/interactions.js'
import type { Operation } from '../../src/rest/operation.js'
import { Operations } from '../../src/rest/operations.js'

interface Options extends Pick<AppOptions, 'routes'> {
  /** The environment that the server is configured by. */
  env?: Record<string, string>
  /** What can be called; otherwise what the server has. */
  operations?: readonly Operation[]
  dispatch?: (exchange: Exchange) => Promise<Answer> | Answer
}

/** The door over real sockets, with a dispatch of the test's own in place of the interactions. */
export async function serve({
  env = {},
  operations = all,
  dispatch = () => ({ status: 200, body: '{}' }),
  routes,
}: Options = {}) {
  const config = readConfig(env)
  const lines: Record<string, unknown>[] = []
  const to: DestinationStream = { write: (line) => void lines.push(JSON.parse(line)) }
  const log = openLog('info', to)
  const exchanges: Exchange[] = []
  const metrics = openMetrics(['Patient', 'Observation'])
  const rateLimit = openRateLimit(config, log)
  const app = createApp({
    config,
    places: new Places(new Operations(operations)),
    log,
    metrics,
    rateLimit,
    routes,
    dispatch: async (exchange) => {
      exchanges.push(exchange)
      return dispatch(exchange)
    },
  })
  const server = createServer(app, config).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await rateLimit?.close()
  })
  return { port, url: `http://127.0.0.1:${port}`, fhir: `http://127.0.0.1:${port}/fhir`, exchanges, lines, metrics }
}

/** The answer is an OperationOutcome of that status, whose id is the request's. */
export async function expectOutcome(response: Response, status: number, code: string): Promise<string> {
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8')
  const outcome = (await response.json()) as OperationOutcome
  expect(outcome.resourceType).toBe('OperationOutcome')
  expect(outcome.id).toBe(response.headers.get('x-request-id'))
  expect(outcome.id).toMatch(/^[A-Za-z0-9.-]{1,64}$/)
  expect(outcome.issue[0]).toMatchObject({ severity: 'error', code })
  return outcome.issue[0]!.diagnostics!
}

/** Sends bytes as they are and gives back all that arrives until the server closes the connection. */
export async function raw(port: number, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  for (const part of parts) socket.write(part)
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  await once(socket, 'close')
  return received
}

/** The OperationOutcome at the end of a raw answer. */
export function outcomeIn(answer: string): OperationOutcome {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
}
