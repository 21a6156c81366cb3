import type { Bundle } from '@medplum/fhirtypes'
import type { Answer, Client } from './client.js'
import type { Done, Step } from './drive.js'
import { counts, mix, type Query, sortedPage } from './queries.js'
import type { Sample } from './sample.js'
import { type CycleType, cycle, type Template } from './templates.js'

export interface Workload {
  name: string
  /** Connections that ask at a time. */
  clients: number
  /** What a figure counts per second. */
  unit: 'resources' | 'requests'
  step: Step
}

/** What the workloads send and ask for. */
export interface Material {
  /** Transactions of POSTs and how many resources each has. */
  bundles: { body: Buffer; resources: number }[]
  templates: Record<CycleType, Template>
  sample: Sample
}

export function workloads({ bundles, templates, sample }: Material): Workload[] {
  return [
    { name: 'transaction bundles', clients: 16, unit: 'resources', step: transactions(bundles) },
    { name: 'CRUD cycle', clients: 32, unit: 'requests', step: crud(templates) },
    { name: 'read by id', clients: 32, unit: 'requests', step: reads(sample) },
    { name: 'patient-scoped sorted page', clients: 32, unit: 'requests', step: searches([sortedPage], sample) },
    { name: `search mix, ${mix.length} kinds`, clients: 32, unit: 'requests', step: searches(mix, sample) },
    { name: 'counts', clients: 8, unit: 'requests', step: searches(counts, sample) },
  ]
}

function transactions(bundles: Material['bundles']): Step {
  let next = 0
  return async (client, sampled) => {
    const { body, resources } = bundles[next++ % bundles.length]!
    const answer = await client.request('POST', '', body)
    if (answer.status !== 200 || !isJson(answer)) return wrong('POST of a transaction', answer)
    if (sampled) {
      const { entry = [] } = parse<Bundle>(answer)
      const created = entry.filter(({ response }) => response?.status?.startsWith('201')).length
      if (created !== resources) return { wrong: `${created} of ${resources} entries of a transaction were created` }
    }
    return { units: resources }
  }
}

/** One client's way round: create nine linked resources; read, update and delete each; in as many requests as steps. */
function crud(templates: Material['templates']): Step {
  const perClient = new WeakMap<Client, AsyncGenerator<Done>>()
  return async (client) => {
    let requests = perClient.get(client)
    if (!requests) {
      requests = around(client, templates)
      perClient.set(client, requests)
    }
    try {
      return (await requests.next()).value as Done
    } catch (error) {
      perClient.delete(client) // a generator that threw is over; the next step begins anew
      throw error
    }
  }
}

async function* around(client: Client, templates: Material['templates']): AsyncGenerator<Done> {
  for (;;) {
    const references = new Map<string, string>()
    const made: { type: CycleType; id: string }[] = []
    for (const type of cycle) {
      const answer = await client.request('POST', `/${type}`, templates[type](references))
      const id = new RegExp(`\\r\\nlocation: [^\\r]*/${type}/([A-Za-z0-9.-]+)`, 'i').exec(answer.head)?.[1]
      if (answer.status !== 201 || !id) {
        yield wrong(`POST ${type}`, answer)
        break // what would follow refers to it
      }
      references.set(type, `${type}/${id}`)
      made.push({ type, id })
      yield {}
    }
    for (const { type, id } of made) {
      const answer = await client.get(`/${type}/${id}`)
      yield answer.status === 200 && answer.body.includes(id) ? {} : wrong(`GET ${type}`, answer)
    }
    for (const { type, id } of made) {
      const answer = await client.request('PUT', `/${type}/${id}`, changed(templates[type](references, id)))
      yield answer.status === 200 && /\r\netag: W\/"2"/i.test(answer.head) ? {} : wrong(`PUT ${type}`, answer)
    }
    for (const { type, id } of made.reverse()) {
      const answer = await client.request('DELETE', `/${type}/${id}`)
      yield answer.status === 200 || answer.status === 204 ? {} : wrong(`DELETE ${type}`, answer)
    }
  }
}

/** A change that every resource can have. */
const changed = (resource: string) => `{"language":"en",${resource.slice(1)}`

function reads({ references }: Sample): Step {
  return async (client) => {
    const reference = references[Math.floor(Math.random() * references.length)]!
    const answer = await client.get(`/${reference}`)
    const isRight = answer.status === 200 && isJson(answer) && answer.body.includes(reference.split('/')[1]!)
    return isRight ? {} : wrong(`GET ${reference.split('/')[0]}`, answer)
  }
}

/** Asks one of the queries, by chance; counts are parsed always, pages when they are sampled. */
function searches(queries: Query[], sample: Sample): Step {
  return async (client, sampled) => {
    const { name, path, check } = queries[Math.floor(Math.random() * queries.length)]!
    const answer = await client.get(path(sample))
    if (answer.status !== 200 || !isJson(answer) || !answer.body.includes('"searchset"')) return wrong(name, answer)
    if ((sampled || name.startsWith('count')) && !check(parse<Bundle>(answer)))
      return { wrong: `${name}: not what was asked for` }
    return {}
  }
}

const parse = <T>({ body }: Answer) => JSON.parse(body.toString()) as T

/** Begins and ends as a JSON object does. */
const isJson = ({ body }: Answer) => body[0] === 0x7b && body.subarray(-2).includes('}')

const wrong = (what: string, { status, body }: Answer): Done => ({
  wrong: `${what} answered ${status}: ${body.toString().match(/"diagnostics": ?"([^"]*)"/)?.[1] ?? body.toString().slice(0, 80)}`,
})
