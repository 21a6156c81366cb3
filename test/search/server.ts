import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes'
import { expect, onTestFinished } from 'vitest'
import { readConfig } from '../../src/base/config.js'
import { start } from '../../src/start.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'
import { storesWhatHasTheForm } from '../support/settings.js'

/** A resource as a test writes it: an id, and only the elements that matter. */
export type Given = { resourceType: string; id: string } & Record<string, unknown>

/** A search of the whole server or a type, without the base: `Patient?name=eve`. */
type Query = string

export interface SearchServer {
  /** FHIR base: `http://127.0.0.1:40123/fhir` */
  base: string
  database: FreshDatabase
  /** Several in transactions, one by an update of its own. */
  put(...resources: Given[]): Promise<void>
  remove(...references: string[]): Promise<void>
  get(query: Query, headers?: Record<string, string>): Promise<Bundle>
  /** Ids of the matches, in the order of the answer. */
  ids(query: Query): Promise<string[]>
  /** Ids of the matches of all pages, sorted. */
  found(query: Query): Promise<string[]>
  /** Ids page by page, by the `next` links. */
  pages(query: Query): AsyncGenerator<{ ids: string[]; bundle: Bundle }>
  /** The diagnostics of a search that is refused with this status. */
  refused(query: Query, status?: number): Promise<string>
  stop(): Promise<void>
}

/** A whole server in this process, on an empty database of its own. */
export async function openServer(settings: Record<string, string> = {}): Promise<SearchServer> {
  const database = await freshDatabase()
  const config = readConfig({
    DATABASE_URL: database.url,
    PORT: '0',
    LOG_LEVEL: 'silent',
    INGLE_POOL_MIN: '1',
    INGLE_POOL_MAX: '8',
    ...storesWhatHasTheForm,
    ...settings,
  })
  const running = await start(config, () => {})
  const base = `${running.url}/fhir`
  // Links start with BASE_URL, where that is set; the server is here all the same.
  const urlOf = (query: string) => `${base}/${query.replace(/^https?:.*?\/fhir\//, '')}`

  const server: SearchServer = {
    base,
    database,
    async put(...resources) {
      if (resources.length === 1) return update(base, resources[0]!)
      for (let at = 0; at < resources.length; at += 500) {
        const entry = resources.slice(at, at + 500).map((resource) => ({
          resource,
          request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
        }))
        await transact(base, entry)
      }
    },
    async remove(...references) {
      await transact(
        base,
        references.map((url) => ({ request: { method: 'DELETE', url } })),
      )
    },
    async get(query, headers) {
      const response = await fetch(urlOf(query), { headers })
      const text = await response.text()
      expect(response.status, `${query}: ${text.slice(0, 500)}`).toBe(200)
      return JSON.parse(text)
    },
    async ids(query) {
      return matches(await server.get(query))
    },
    async found(query) {
      const all: string[] = []
      for await (const { ids } of server.pages(query)) all.push(...ids)
      return all.sort()
    },
    async *pages(query) {
      let url: string | undefined = query
      while (url) {
        const bundle: Bundle = await server.get(url)
        yield { ids: matches(bundle), bundle }
        url = linkOf(bundle, 'next')
      }
    },
    async refused(query, status = 400) {
      const response = await fetch(urlOf(query))
      const outcome = (await response.json()) as OperationOutcome
      expect(response.status, `${query}: ${JSON.stringify(outcome)}`).toBe(status)
      expect(outcome.resourceType).toBe('OperationOutcome')
      return outcome.issue[0]!.diagnostics!
    },
    async stop() {
      await running.stop()
      await database.drop()
    },
  }
  return server
}

/** For one test alone. */
export async function serverOfTest(settings?: Record<string, string>): Promise<SearchServer> {
  const server = await openServer(settings)
  onTestFinished(() => server.stop())
  return server
}

const headers = { 'Content-Type': 'application/fhir+json', Prefer: 'return=minimal' }

async function update(base: string, resource: Given): Promise<void> {
  const url = `${base}/${resource.resourceType}/${resource.id}`
  const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(resource) })
  expect([200, 201], await response.text()).toContain(response.status)
}

async function transact(base: string, entry: unknown[]): Promise<void> {
  const response = await fetch(base, {
    method: 'POST',
    headers,
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
  })
  expect(response.status, await response.text()).toBe(200)
}

export const linkOf = (bundle: Bundle, relation: string): string | undefined =>
  bundle.link?.find((link) => link.relation === relation)?.url

const entriesOf = (bundle: Bundle, mode: string) => (bundle.entry ?? []).filter(({ search }) => search?.mode === mode)

export const matches = (bundle: Bundle): string[] => entriesOf(bundle, 'match').map(({ resource }) => resource!.id!)

/** `Type/id` of what was included, sorted. */
export const included = (bundle: Bundle): string[] =>
  entriesOf(bundle, 'include')
    .map(({ resource }) => `${(resource as Resource).resourceType}/${resource!.id}`)
    .sort()

/** Diagnostics of the outcome entry. */
export const warnings = (bundle: Bundle): string[] =>
  entriesOf(bundle, 'outcome').flatMap(({ resource }) =>
    (resource as OperationOutcome).issue.map(({ diagnostics }) => diagnostics!),
  )

export const value = encodeURIComponent
