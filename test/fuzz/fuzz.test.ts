import type { OperationOutcome } from '@medplum/fhirtypes'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { population } from '../../src/cli/seed/population.js'
import { openServer, type RestServer } from '../rest/server.js'
import { good } from '../support/structures.js'
import { mangled, mutated, random } from './mutation.js'

/*
 * Resources that were changed at random, through every door: no answer is a 5xx, and nothing that is not valid is stored.
 * `npm run fuzz` sends 20,000 of them, a build fewer; FUZZ_SEED makes others.
 */
const COUNT = Number(process.env.FUZZ ?? 480)
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122)
const AT_ONCE = 60

type Json = Record<string, unknown>

let server: RestServer
beforeAll(async () => {
  server = await openServer({
    INGLE_POOL_MAX: '10',
    INGLE_VALIDATION_DEFINITIONS: 'full',
    INGLE_VALIDATION_VITAL_SIGNS: 'error',
  })
})
afterAll(() => server.stop())

const seeds: Json[] = [
  ...good.filter(({ resourceType }) => resourceType !== 'Parameters' && resourceType !== 'Bundle'),
  ...[...population({ patients: 4, seed: SEED })].flatMap(({ entry }) =>
    entry!.map(({ resource }) => resource as unknown as Json),
  ),
]

interface Sent {
  resource: Json
  /** of the entry's answer */
  status: string
  location?: string
}

/** As a URL can say it. */
const wordOf = (value: unknown) => (typeof value === 'string' && /^[\w-]{1,64}$/.test(value) ? value : 'none')
const typeOf = ({ resourceType }: Json) => (wordOf(resourceType) === 'none' ? 'Patient' : wordOf(resourceType))

/** Each alone, as one entry of a batch or transaction; `request` is what the door makes of it. */
async function batch(
  resources: readonly Json[],
  type: 'batch' | 'transaction',
  method: 'POST' | 'PUT',
): Promise<Sent[]> {
  const entries = resources.map((resource) => {
    const url = method === 'PUT' ? `${typeOf(resource)}/${wordOf(resource.id)}` : typeOf(resource)
    return { resource, request: { method, url } }
  })
  if (type === 'batch') {
    const { status, json } = await server.batch(entries)
    expect(status, JSON.stringify(json)).toBeLessThan(500)
    return resources.map((resource, i) => ({
      resource,
      ...json.entry?.[i]?.response,
      status: json.entry?.[i]?.response.status ?? String(status),
    }))
  }
  return Promise.all(
    entries.map(async (entry) => {
      const { status, json } = await server.transact([entry])
      const answer = json?.entry?.[0]?.response
      return { resource: entry.resource, status: answer?.status ?? String(status), location: answer?.location }
    }),
  )
}

async function alone(resources: readonly Json[], text: (resource: Json) => string): Promise<Sent[]> {
  return Promise.all(
    resources.map(async (resource) => {
      const { status, headers } = await server.ask(`POST ${typeOf(resource)}`, {
        body: text(resource),
      })
      return { resource, status: String(status), location: headers.get('location') ?? undefined }
    }),
  )
}

/** What is there is patched to become what was changed. */
async function patched(resources: readonly Json[]): Promise<Sent[]> {
  const body = { resourceType: 'Patient', active: true, name: [{ family: 'P', given: ['Q'] }], text: good[0]!.text }
  return Promise.all(
    resources.map(async (resource) => {
      const { json } = await server.expect(201, 'POST Patient', { body })
      const [key, value] = Object.entries(resource).at(-1) ?? ['active', null]
      const operations = [{ op: 'add', path: `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, value }]
      const { status, headers } = await server.ask(`PATCH Patient/${json.id}`, {
        body: operations,
        type: 'application/json-patch+json',
      })
      return { resource, status: String(status), location: headers.get('location') ?? `Patient/${json.id}` }
    }),
  )
}

/** @returns how many of them are stored */
async function checkStored(sent: readonly Sent[]): Promise<number> {
  for (const { status, resource } of sent)
    expect(Number(status.slice(0, 3)), JSON.stringify(resource)).toBeLessThan(500)
  const stored = sent.filter(({ status, location }) => /^20/.test(status) && location)
  const urls = stored.map(({ location }) => location!.replace(`${server.base}/`, '').replace(/\/_history.*/, ''))
  const { json } = await server.batch(urls.map((url) => ({ request: { method: 'GET', url: `${url}/$validate` } })))
  for (const [i, { resource, response }] of (json.entry ?? []).entries()) {
    expect(response.status, urls[i]).toMatch(/^200/)
    const errors = (resource as OperationOutcome).issue.filter(({ severity }) => severity === 'error')
    expect(errors, JSON.stringify(stored[i]!.resource)).toEqual([])
  }
  return stored.length
}

it(`${COUNT} resources, changed at random`, async () => {
  const next = random(SEED)
  let stored = 0
  for (let n = 0; n < COUNT; n += AT_ONCE) {
    const resources = Array.from({ length: AT_ONCE }, () => mutated(next, seeds[Math.floor(next() * seeds.length)]!))
    const doors = [
      () => batch(resources, 'batch', 'POST'),
      () => batch(resources, 'batch', 'PUT'),
      () => batch(resources, 'transaction', 'POST'),
      () => alone(resources, JSON.stringify),
      () => alone(resources, (resource) => mangled(next, JSON.stringify(resource))),
      () => patched(resources),
    ]
    stored += await checkStored(await doors[(n / AT_ONCE) % doors.length]!())
  }
  // Some changes leave a resource right, or the run would show nothing of what is stored.
  expect(stored).toBeGreaterThan(COUNT / 100)
}, 3_600_000)
