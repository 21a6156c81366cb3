import type { Bundle, CapabilityStatement, OperationOutcome, Resource } from '@medplum/fhirtypes'
import { expect } from 'vitest'
import { readConfig } from '../../src/base/config.js'
import { start } from '../../src/start.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'

/** A resource as a test writes it: only the elements that matter. */
export type Given = { resourceType: string; id?: string } & Record<string, unknown>

export interface Asked {
  /** JSON text as it is, or a value that is made JSON. */
  body?: unknown
  type?: string
  headers?: Record<string, string>
}

/** An HTTP answer with its body read. */
export interface Got {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every type
  json: any
}

export interface RestServer {
  /** FHIR base: `http://127.0.0.1:40123/fhir` */
  base: string
  database: FreshDatabase
  /** @param request  `GET Patient/1`; the URL may be absolute */
  ask(request: string, asked?: Asked): Promise<Got>
  /** Sends it; anything but the status expected fails with what came instead. */
  expect(status: number, request: string, asked?: Asked): Promise<Got>
  /** @returns the diagnostics of the refusal */
  refused(status: number, request: string, asked?: Asked): Promise<string>
  transact(entry: unknown[], headers?: Record<string, string>): Promise<Got>
  batch(entry: unknown[], headers?: Record<string, string>): Promise<Got>
  /** How many resources there are of a type, or in all. */
  count(type?: string): Promise<number>
  stop(): Promise<void>
}

/** A whole server in this process, on an empty database of its own. */
export async function openServer(settings: Record<string, string> = {}): Promise<RestServer> {
  const database = await freshDatabase()
  const environment = {
    DATABASE_URL: database.url,
    PORT: '0',
    LOG_LEVEL: 'silent',
    INGLE_POOL_MIN: '1',
    // Most tests are about something else, and store only what that takes; references.test.ts has the default.
    INGLE_REFERENCES: 'off',
  }
  const running = await start(readConfig({ ...environment, INGLE_POOL_MAX: '20', ...settings }), () => {})
  const base = `${running.url}/fhir`

  const ask: RestServer['ask'] = async (request, { body, type = 'application/fhir+json', headers } = {}) => {
    const [method, url = ''] = request.split(/ (.*)/s)
    const answer = await fetch(url.startsWith('http') ? url : `${base}/${url}`, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': type }), ...headers },
      body: body === undefined || typeof body === 'string' ? (body as string | undefined) : JSON.stringify(body),
    })
    const text = await answer.text()
    const isJson = /[+/]json/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, text, json: isJson && text ? JSON.parse(text) : undefined }
  }
  const expecting: RestServer['expect'] = async (status, request, asked) => {
    const got = await ask(request, asked)
    expect(got.status, `${request}: ${got.text.slice(0, 1000)}`).toBe(status)
    return got
  }
  const bundle = (type: string) => (entry: unknown[], headers?: Record<string, string>) =>
    ask('POST ', { body: { resourceType: 'Bundle', type, entry }, headers })

  return {
    base,
    database,
    ask,
    expect: expecting,
    async refused(status, request, asked) {
      const { json, headers } = await expecting(status, request, asked)
      const outcome = json as OperationOutcome
      expect(outcome.resourceType).toBe('OperationOutcome')
      expect(outcome.id).toBe(headers.get('x-request-id'))
      expect(outcome.issue[0]!.severity).toBe('error')
      return outcome.issue[0]!.diagnostics!
    },
    transact: bundle('transaction'),
    batch: bundle('batch'),
    async count(type = '') {
      return (await expecting(200, `GET ${type}?_summary=count`)).json.total
    },
    async stop() {
      await running.stop()
      await database.drop()
    },
  }
}

/** Ids of the matches of a searchset, or of what a history names. */
export const idsOf = ({ json }: Got): string[] =>
  ((json as Bundle<Resource>).entry ?? [])
    .filter(({ search }) => search?.mode !== 'outcome')
    .map(({ resource, fullUrl }) => resource?.id ?? fullUrl!.split('/').at(-1)!)

export const linkOf = ({ json }: Got, relation: string): string | undefined =>
  (json as Bundle).link?.find((link) => link.relation === relation)?.url

export const statementOf = ({ json }: Got): CapabilityStatement => json
