import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'

export interface Received {
  headers: IncomingMessage['headers']
  text: string
  bundle: Bundle
}

type Answer = { status: number; headers?: Record<string, string>; diagnostics?: string }

/** What a FHIR server does with bundles, in memory: enough to watch the command line tools from the other side. */
export class FakeServer {
  readonly received: Received[] = []
  readonly stored = new Map<string, Resource>()
  /** May refuse a request, or cut its connection. */
  refuse: (received: Received, number: number) => Answer | 'cut' | undefined = () => undefined
  /** May refuse an entry of a batch. */
  refuseEntry: (entry: BundleEntry) => Answer | undefined = () => undefined
  url = ''
  private serial = 0
  private readonly server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method === 'GET') return response.end('{"resourceType":"CapabilityStatement"}')
    const text = Buffer.concat(chunks).toString()
    const received = { headers: request.headers, text, bundle: JSON.parse(text) as Bundle }
    this.received.push(received)
    const refused = this.refuse(received, this.received.length)
    if (refused === 'cut') return request.socket.destroy()
    response.setHeader('content-type', 'application/fhir+json')
    if (refused) {
      response.writeHead(refused.status, refused.headers)
      return response.end(JSON.stringify(outcome(refused.diagnostics)))
    }
    const entry = received.bundle.entry?.map((item) => ({ response: this.answer(item, received.bundle.type) }))
    response.end(JSON.stringify({ resourceType: 'Bundle', type: `${received.bundle.type}-response`, entry }))
  })

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/fhir`
    return this
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  count(type: string) {
    return [...this.stored.values()].filter(({ resourceType }) => resourceType === type).length
  }

  private answer(item: BundleEntry, bundleType: Bundle['type']) {
    const refused = bundleType === 'batch' ? this.refuseEntry(item) : undefined
    if (refused) return { status: String(refused.status), outcome: outcome(refused.diagnostics) }
    const { method, url, ifNoneExist } = item.request!
    const key = ifNoneExist ? `${url}?${ifNoneExist}` : method === 'POST' ? `${url}/${++this.serial}` : (url as string)
    const known = this.stored.has(key)
    if (!known || method === 'PUT') this.stored.set(key, item.resource as Resource)
    return { status: known ? '200 OK' : '201 Created' }
  }
}

const outcome = (diagnostics = 'refused') => ({
  resourceType: 'OperationOutcome' as const,
  issue: [{ severity: 'error' as const, code: 'invalid' as const, diagnostics }],
})
