import { expect } from 'vitest'
import { openServer as openRest, type RestServer } from '../rest/server.js'
import { storesWhatHasTheForm } from '../support/settings.js'

/** A resource as a test writes it. */
export type Given = { resourceType: string; id: string } & Record<string, unknown>

export interface Sent {
  /** `Patient/1` for a query on one resource. */
  on?: string
  variables?: Record<string, unknown>
  operationName?: string
  headers?: Record<string, string>
}

/** One of `errors`: https://hl7.org/fhir/R4/graphql.html#errors */
export interface QueryError {
  message: string
  locations?: { line: number; column: number }[]
  path?: (string | number)[]
  extensions: { resource: { resourceType: string; issue: { code: string; severity: string; diagnostics: string }[] } }
}

export interface GraphqlServer extends RestServer {
  put(...resources: Given[]): Promise<void>
  /** The data of a query. */
  data(query: string, sent?: Sent): Promise<unknown>
  /** The errors of a query that is refused, each with its OperationOutcome. */
  errors(status: number, query: string, sent?: Sent): Promise<QueryError[]>
}

/** A whole server in this process, on an empty database of its own. */
export async function openServer(settings: Record<string, string> = {}): Promise<GraphqlServer> {
  const server = await openRest({ ...storesWhatHasTheForm, ...settings })
  const ask = (query: string, { on, variables, operationName, headers }: Sent = {}) =>
    server.ask(`POST ${on ? `${on}/` : ''}$graphql`, {
      body: { query, variables, operationName },
      type: 'application/json',
      headers,
    })

  return {
    ...server,
    async put(...resources) {
      const entry = resources.map((resource) => ({
        resource,
        request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      }))
      const got = await server.transact(entry)
      expect(got.status, got.text).toBe(200)
    },
    async data(query, sent) {
      const got = await ask(query, sent)
      expect(got.status, `${query}: ${got.text.slice(0, 1000)}`).toBe(200)
      expect(got.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(Object.keys(got.json)).toEqual(['data'])
      return got.json.data
    },
    async errors(status, query, sent) {
      const got = await ask(query, sent)
      expect(got.status, `${query}: ${got.text.slice(0, 1000)}`).toBe(status)
      expect(got.json.data).toBe(null)
      const errors = got.json.errors as QueryError[]
      for (const { message, extensions } of errors) {
        expect(extensions.resource.resourceType).toBe('OperationOutcome')
        expect(extensions.resource.issue[0]).toMatchObject({ severity: 'error', diagnostics: message })
      }
      return errors
    },
  }
}
