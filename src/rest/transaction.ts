import { Invalid, type Issue, MultipleMatches, NotFound } from '../base/errors.js'
import { instantText } from '../base/instant.js'
import { newId } from '../store/identity.js'
import { MissingReferences } from '../store/integrity.js'
import type { Unit } from '../store/store.js'
import type { Write, Written } from '../store/write.js'
import { etag, isShown, writeAnswer } from './answers.js'
import { entryText, responseBundle } from './bundle-entry.js'
import type { Core } from './core.js'
import { allMatches, oneMatch } from './criteria.js'
import { deletedAnswer } from './delete.js'
import type { Answer, Exchange } from './exchange.js'
import { patchOf } from './patch.js'
import type { Interaction, Serving } from './serving.js'
import { inEntries, issuesByEntry } from './transaction-issues.js'
import { destinations, resolveReferences } from './transaction-references.js'
import { at, type Step, within } from './transaction-steps.js'
import { preconditions, updateOf } from './update.js'

/**
 * Spec order: deletes, creates, updates and patches, reads. https://hl7.org/fhir/R4/http.html#trules
 * @param sent  its entries, and what there is to say of them all the same
 * @param read  answers an entry that changes nothing
 */
export async function transaction(
  serving: Serving,
  exchange: Exchange,
  sent: Sent,
  read: Interaction,
): Promise<Answer> {
  const { tenant } = exchange.ctx
  let answers: string[] = []
  let numbers: number[] = []

  const done = serving.store.transaction(async (unit) => {
    const planned = await plan(unit, serving, exchange, sent)
    const { writes, reads, deletes, hidden, told } = planned
    answers = planned.answers
    numbers = planned.numbers
    // Handed over: whoever keeps the resources while the database works pays for it with every collection of garbage.
    const written = await unit.write(tenant, writes.splice(0), reads.length === 0)
    written.forEach((one, i) => {
      const deleted = deletes.get(numbers[i]!)
      if (deleted) deleted.written.push(one)
      else answers[numbers[i]!] = writtenText(exchange, one, told.get(numbers[i]!), !hidden.has(numbers[i]!))
    })
    for (const [n, { step, written }] of deletes)
      answers[n] = entryText(deletedAnswer(step.type, written, exchange), step.exchange)
    const inside = { ...serving, store: serving.store.within(unit) }
    for (const { n, exchange: one } of reads) answers[n] = await at(n, readText(inside, one, read))
  })
  await done.catch((cause) => {
    throw cause instanceof MissingReferences ? inEntries(cause, numbers) : cause
  })
  return { status: 200, body: responseBundle('transaction-response', answers) }
}

async function readText(serving: Serving, exchange: Exchange, read: Interaction): Promise<string> {
  return entryText(await read(serving, exchange), exchange)
}

/** A transaction as it was sent and checked. */
interface Sent {
  steps: () => Step[]
  issues: readonly Issue[]
}

interface Plan {
  writes: Write[]
  /** of the entries that `writes` stand for */
  numbers: number[]
  /** By number of the entry, which may come to no write or several; `written` is filled in when that is done. */
  deletes: Map<number, { step: Step; written: Written[] }>
  /** what there is to say of what each entry writes, by its number */
  told: Map<number, readonly Issue[]>
  /** of entries whose sender may not see what they write */
  hidden: Set<number>
  reads: Step[]
  /** of entries for which nothing is left to do, by their number */
  answers: string[]
}

async function plan(unit: Unit, core: Core, exchange: Exchange, sent: Sent): Promise<Plan> {
  const steps = sent.steps()
  const told = issuesByEntry(sent.issues, steps)
  const matched = await matches(unit, exchange, steps, core.config.maxConditionalDeletes)
  const ids = new Map(steps.filter(({ reads }) => !reads).map((step) => [step, idOf(step, matched.get(step)?.[0])]))
  checkIdentities(steps, ids, matched)
  const leadTo = await destinations(unit, exchange, steps, ids)
  const planned: Plan = {
    writes: [],
    numbers: [],
    deletes: new Map(),
    told,
    hidden: new Set(),
    reads: [],
    answers: [],
  }
  const { writes, numbers, answers } = planned
  for (const step of steps) {
    const { n, method, type } = step
    if (step.reads) {
      planned.reads.push(step)
      continue
    }
    const [match] = matched.get(step) ?? []
    if (method === 'POST' || method === 'PUT') within(n, () => resolveReferences(step, leadTo))
    if (method === 'POST' && match) {
      const { id, version, content } = match
      answers[n] = writtenText(exchange, { type, id, version, at: 0, outcome: 'unchanged', content })
      continue
    }
    if (!isShown(type, step.exchange)) planned.hidden.add(n)
    if (method === 'DELETE') planned.deletes.set(n, { step, written: [] })
    for (const write of within(n, () => writesOf(core, told, step, ids.get(step)!, matched.get(step)))) {
      writes.push(write)
      numbers.push(n)
    }
  }
  return planned
}

type Match = { id: string; version: number; content: string }

/** What the criteria of conditional entries match, with the criteria locked until the transaction ends. */
async function matches(
  unit: Unit,
  exchange: Exchange,
  steps: readonly Step[],
  mostDeletes: number,
): Promise<Map<Step, Match[]>> {
  const conditional = steps.filter((step) => step.criteria)
  const found = new Map<Step, Match[]>()
  if (conditional.length === 0) return found
  await unit.lock(conditional.map((step) => step.criteria!.name))
  for (const step of conditional) {
    const criteria = step.criteria!
    if (step.method === 'DELETE')
      found.set(step, await at(step.n, allMatches(unit.finder, exchange, criteria, mostDeletes)))
    else {
      const match = await at(step.n, oneMatch(unit.finder, exchange, criteria))
      if (match) found.set(step, [match])
    }
  }
  const deleted = new Set(
    steps
      .filter(({ method }) => method === 'DELETE')
      .flatMap((step) => identities(step, step.id === undefined ? found.get(step) : [{ id: step.id }])),
  )
  const creates = new Map<bigint, Step>()
  for (const step of conditional) {
    // Deletes come first: what one of them takes is no longer there to keep a create from creating.
    if (step.method === 'POST' && identities(step, found.get(step)).some((one) => deleted.has(one))) found.delete(step)
    if (step.method === 'DELETE' || found.has(step)) continue
    within(step.n, () => checkUnmatched(step, creates))
  }
  return found
}

/**
 * @param creates  entries that create because the criteria of this name match nothing
 * @throws NotFound  there is nothing to patch
 * @throws Invalid   two would create
 */
function checkUnmatched(step: Step, creates: Map<bigint, Step>): void {
  if (step.method === 'PATCH') throw new NotFound(`The criteria match no ${step.type}`)
  const { name } = step.criteria!
  const twin = creates.get(name)
  if (twin) throw new Invalid(`Entry ${twin.n} is conditional on the same criteria: both would create`)
  creates.set(name, step)
}

const identities = ({ type }: Step, those: readonly { id: string }[] = []) => those.map(({ id }) => `${type}/${id}`)

function idOf({ method, id, entry }: Step, match: Match | undefined): string {
  return match?.id ?? id ?? (method === 'PUT' && entry.resource?.id ? entry.resource.id : newId())
}

/** "If any resource identities overlap, the server SHALL return an error." */
function checkIdentities(
  steps: readonly Step[],
  ids: ReadonlyMap<Step, string>,
  matched: ReadonlyMap<Step, readonly Match[]>,
) {
  const seen = new Map<string, number>()
  for (const step of steps) {
    if (step.reads || (step.method === 'POST' && step.criteria)) continue
    const isSeveral = step.method === 'DELETE' && step.criteria
    for (const identity of identities(step, isSeveral ? matched.get(step) : [{ id: ids.get(step)! }])) {
      const first = seen.get(identity)
      if (first !== undefined)
        throw new Invalid(`Entry ${first} changes the same resource; a transaction changes each one once`, {
          expression: [`Bundle.entry[${step.n}].request.url`],
        })
      seen.set(identity, step.n)
    }
  }
}

/** Of a DELETE by criteria as many as match; of what reads none. */
function writesOf(core: Core, told: Plan['told'], step: Step, id: string, matched: readonly Match[] = []): Write[] {
  const { n, method, type, entry, exchange, criteria } = step
  switch (method) {
    case 'POST':
      return [{ kind: 'create', type, id, resource: entry.resource! }]
    case 'PUT': {
      const conditions = preconditions(exchange)
      const match = matched[0]?.id
      if (criteria && match === undefined && entry.resource!.id === undefined)
        return [{ kind: 'create', type, id, resource: entry.resource! }]
      return [
        criteria
          ? updateOf(type, entry.resource!, match, conditions)
          : { kind: 'put', type, id, resource: entry.resource!, ...conditions },
      ]
    }
    case 'PATCH':
      return [patchOf(core, exchange, type, id, ({ issues }) => told.set(n, issues))]
    case 'DELETE': {
      const conditions = preconditions(exchange)
      if (conditions.ifMatch && matched.length > 1)
        throw new MultipleMatches(`If-Match is about one resource; the criteria match ${matched.length}`)
      const ids = criteria ? matched.map((one) => one.id) : [id]
      return ids.map((one) => ({ kind: 'delete', type, id: one, ...conditions }))
    }
    default:
      return []
  }
}

const PHRASES = { created: '201 Created', updated: '200 OK', unchanged: '200 OK', deleted: '204 No Content' } as const

/** Written by hand: a bundle has hundreds of these. */
function writtenText(exchange: Exchange, written: Written, issues?: readonly Issue[], isShown = true): string {
  const { base, prefer } = exchange
  const { type, id, version, at, outcome, content } = written
  if (prefer.return === 'OperationOutcome') return entryText(writeAnswer(written, exchange, issues), exchange)
  const modified = at ? `,"lastModified":"${instantText(at)}"` : ''
  const location = `"location":"${base}/${type}/${id}/_history/${version}",`
  const isWanted = isShown && prefer.return === 'representation' && content !== undefined
  const resource = isWanted ? `"resource":${content},` : ''
  return `{${resource}"response":{"status":"${PHRASES[outcome]}",${location}"etag":${JSON.stringify(etag(version))}${modified}}}`
}
