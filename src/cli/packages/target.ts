import { Endpoint, isPassing } from '../load/endpoint.js'

/** The server that packages are loaded into: by HTTP, or from inside its process. */
export interface Target {
  /** @param path  below the FHIR base, with its query: `ValueSet?_tag=…`; empty for a batch */
  ask(method: 'GET' | 'POST', path: string, body?: string): Promise<Reply>
}

export interface Reply {
  status: number
  body: string
  /** Content-Location of what was asked for and is not done yet. */
  contentLocation?: string
}

/**
 * A server that is reached by HTTP.
 * @param url  FHIR base
 */
export function serverTarget(url: string): Target & { close(): void } {
  // A conflict is one with a search parameter that is there, and stays one.
  const endpoint = new Endpoint(url, 2, undefined, (status) => status !== 409 && isPassing(status))
  return {
    async ask(method, path, body) {
      const way = path === '' ? path : `/${path}`
      const { status, body: text, headers } = await endpoint.send(method, way, body, { prefer: 'return=minimal' })
      return { status, body: text, contentLocation: headers['content-location'] }
    },
    close: () => endpoint.close(),
  }
}

export interface Request {
  method: 'PUT' | 'DELETE'
  url: string
  /** Only where nothing is yet. */
  ifNoneMatch?: '*'
  /** JSON text */
  resource?: string
}

export interface Outcome {
  status: number
  /** What the server says of a refusal; empty otherwise. */
  reason: string
}

interface BundleText {
  entry?: {
    resource?: Record<string, unknown>
    response?: { status?: string; outcome?: OutcomeText }
  }[]
  link?: { relation: string; url: string }[]
  issue?: OutcomeText['issue']
}

interface OutcomeText {
  issue?: { severity?: string; diagnostics?: string; code?: string; expression?: string[] }[]
}

/**
 * Requests as one transaction: for the server it is one change of its definitions, and not one after the other.
 * @returns false when it refuses them; then nothing was done
 */
export async function transact(target: Target, requests: readonly Request[]): Promise<boolean> {
  const { status } = await target.ask('POST', '', bundleOf('transaction', requests))
  return status < 300
}

/**
 * Requests as one batch: each is done or refused by itself.
 * @returns for each its outcome
 * @throws Error  the server answers otherwise
 */
export async function batch(target: Target, requests: readonly Request[]): Promise<Outcome[]> {
  const answer = await asked(target, 'POST', '', bundleOf('batch', requests))
  return requests.map((_, i) => {
    const { status = '0', outcome } = answer.entry?.[i]?.response ?? {}
    const code = Number.parseInt(status, 10)
    return { status: code, reason: code < 300 ? '' : (reasonOf(outcome) ?? status) }
  })
}

function bundleOf(type: 'batch' | 'transaction', requests: readonly Request[]): string {
  const entry = requests.map(
    ({ resource, ...request }) => `{${resource ? `"resource":${resource},` : ''}"request":${JSON.stringify(request)}}`,
  )
  return `{"resourceType":"Bundle","type":"${type}","entry":[${entry.join(',')}]}`
}

/** Every match of a search, page by page. */
export async function* matches(target: Target, path: string): AsyncGenerator<Record<string, unknown>> {
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: BundleText = await asked(target, 'GET', next)
    for (const { resource } of page.entry ?? []) if (resource) yield resource
    const url: string | undefined = page.link?.find(({ relation }) => relation === 'next')?.url
    // Servers name pages by their full address, which need not be the one that we use.
    next = url?.replace(/^.*?\/fhir\/?(?=[A-Z?])/, '')
  }
}

/** @throws Error  it is refused: with what the server says */
async function asked(target: Target, method: 'GET' | 'POST', path: string, body?: string): Promise<BundleText> {
  const answer = await target.ask(method, path, body)
  const read = answer.body === '' ? {} : (JSON.parse(answer.body) as BundleText)
  if (answer.status < 300) return read
  throw new Error(`The server refuses ${method} ${path.split('?')[0] || 'a batch'}: ${reasonOf(read) ?? answer.status}`)
}

function reasonOf(outcome: OutcomeText | undefined): string | undefined {
  const faults = (outcome?.issue ?? []).filter(({ severity }) => severity === 'error' || severity === 'fatal')
  const said = faults.map(({ diagnostics, code, expression }) =>
    [diagnostics ?? code, expression ? `(${expression.join(', ')})` : ''].join(' ').trim(),
  )
  return said.length > 0 ? said.join('; ') : undefined
}
