import type { OperationOutcomeIssue, Patient, Task } from '@medplum/fhirtypes'
import type { Context } from '../../base/context.js'
import { NotFound, TooCostly, Unprocessable } from '../../base/errors.js'
import { cloneJson, parseJson } from '../../fhir/json.js'
import { eachReference, rewriteReferences } from '../../fhir/references.js'
import { hash, keyOf } from '../../search/hash.js'
import { referrersOf } from '../../search/referrers.js'
import type { Unit } from '../../store/store.js'
import type { Resource, Write } from '../../store/write.js'
import type { Core } from '../core.js'
import type { Exchange } from '../exchange.js'
import { operation, type Values } from '../operation.js'
import { checkResult, isReplaced, patientNamed, replaced, surviving } from './merge/patients.js'
import { changesOf, provenanceOf, taskOf } from './merge/record.js'

const asked = {
  'source-patient': '0..1 Reference',
  'source-patient-identifier': '0..* Identifier',
  'target-patient': '0..1 Reference',
  'target-patient-identifier': '0..* Identifier',
  'result-patient': '0..1 Patient',
  preview: '0..1 boolean',
} as const

/**
 * Makes one patient of two, in one transaction: what refers to the source refers to the target then, the source is
 * inactive and says who replaced it. What was changed is recorded in a Provenance, by which `$merge-undo` goes.
 * A reference to the source that somebody else writes at the same time stays: it leads to the target by that link.
 *
 * @throws Unprocessable  one of the two was merged into another before, or they are the same (422)
 * @throws TooCostly      more refers to the source than a transaction may have entries (422)
 * @see https://build.fhir.org/patient-operation-merge.html
 */
export const merge = operation({
  code: 'merge',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-merge',
  title: 'Merge two patients',
  description:
    'All that refers to the source patient refers to the target patient afterwards; the source is inactive and linked to the target.',
  on: { resource: ['Patient'], levels: ['type'] },
  affectsState: true,
  // What refers to a patient is of every type.
  needs: { letters: ['c', 'r', 'u', 's'], of: 'all' },
  in: asked,
  out: { input: '1..1 Parameters', outcome: '1..1 OperationOutcome', result: '1..1 Patient', task: '0..1 Task' },
  about: {
    'source-patient': 'Who is merged, and is inactive then',
    'source-patient-identifier': 'Of the source, all of them; instead of a reference or beside it',
    'target-patient': 'Who stays',
    'target-patient-identifier': 'Of the target, likewise',
    'result-patient': 'What the target becomes; otherwise it takes the identifiers of the source, as old ones',
    preview: 'Says what would be done, and does nothing',
    outcome: 'How many resources of which types refer to the target now',
    task: 'The record of the merge: $merge-undo takes it',
  },

  async handle({ core, ctx, exchange, params }) {
    const [source, target] = [
      await named(core, exchange, params, 'source'),
      await named(core, exchange, params, 'target'),
    ]
    if (source === target) throw new Unprocessable('source-patient and target-patient are the same')
    const done: Omit<Plan, 'writes'> & { task?: Task } = await core.store.transaction(async (unit) => {
      // Two merges of one patient wait for each other, whatever else they change.
      await unit.lock([source, target].map((id) => hash(`${ctx.tenant} merge ${id}`)))
      const plan = await planOf(core, exchange, unit, source, target, params)
      if (params.preview) return plan
      const written = await unit.write(ctx.tenant, plan.writes)
      const provenance = provenanceOf(changesOf(written), ctx.principal.subject, 'merge')
      const task = taskOf(source, target, provenance.id)
      const [, made] = await unit.write(ctx.tenant, [provenance, task], true)
      const result = parseJson(written[1]!.content!) as Patient
      return { ...plan, result, task: parseJson(made!.content!) as Task }
    })
    return {
      input: parseJson(exchange.body!) as never,
      outcome: { resourceType: 'OperationOutcome' as const, issue: issuesOf(done.counts, params.preview === true) },
      result: done.result,
      ...(done.task && { task: done.task }),
    }
  },
})

type Asked = Values<typeof asked>

const named = (core: Core, exchange: Exchange, params: Asked, of: 'source' | 'target') =>
  patientNamed(core, exchange, {
    name: `${of}-patient`,
    reference: params[`${of}-patient`],
    identifiers: params[`${of}-patient-identifier`],
  })

interface Plan {
  /** of source, target, and what refers to the source, in this order */
  writes: Write[]
  result: Patient
  /** by type, what refers to the source */
  counts: Map<string, number>
}

async function planOf(
  { config }: Core,
  { ctx, parameters }: Exchange,
  unit: Unit,
  sourceId: string,
  targetId: string,
  params: Asked,
): Promise<Plan> {
  const most = config.maxTransactionEntries
  const [from, to] = [`Patient/${sourceId}`, `Patient/${targetId}`]
  const of = { type: 'Patient', id: sourceId }
  const found = await referrersOf(unit.session, unit.finder, ctx, of, most + 1, parameters)
  if (found.length > most)
    throw new TooCostly(`More than ${most} resources refer to the source patient (INGLE_MAX_TRANSACTION_ENTRIES)`)
  const referrers = found.filter(
    ({ type, id, content }) =>
      !(type === 'Patient' && (id === sourceId || id === targetId)) && refersTo(String(content), from),
  )
  const [source, target] = [await patientIn(unit, ctx, sourceId), await patientIn(unit, ctx, targetId)]
  if (isReplaced(source)) throw new Unprocessable('The source patient was merged into another already')
  if (isReplaced(target)) throw new Unprocessable('The target patient was merged into another already')
  const given = params['result-patient'] as Patient | undefined
  if (given) checkResult(given, target, source, params['target-patient-identifier'])

  const patch = (type: string, id: string, apply: (now: Resource) => object): Write => ({
    kind: 'patch',
    type,
    id,
    apply: (now) => apply(now) as Resource,
  })
  const survivor = (now: Patient): Patient => (given ? cloneJson(given) : surviving(now, source))
  const writes: Write[] = [
    patch('Patient', sourceId, (now) => replaced(now as unknown as Patient, targetId)),
    patch('Patient', targetId, (now) => survivor(now as unknown as Patient)),
    ...referrers.map(({ type, id }) => patch(type, id, (now) => rewired(now, from, to))),
  ]
  const counts = new Map<string, number>()
  for (const { type } of referrers) counts.set(type, (counts.get(type) ?? 0) + 1)
  return { writes, result: survivor(target), counts }
}

async function patientIn(unit: Unit, ctx: Context, id: string): Promise<Patient> {
  const [found] = await unit.finder.byKeys(ctx, [keyOf(ctx.tenant, 'Patient', id)])
  if (!found) throw new NotFound(`Patient/${id} is not there`)
  return parseJson(found.content) as Patient
}

/** A reference to a version stays: it means what the source was then. */
function refersTo(content: string, name: string): boolean {
  let refers = false
  eachReference(parseJson(content) as Resource, ({ reference }) => {
    refers ||= reference === name
  })
  return refers
}

function rewired(resource: Resource, from: string, to: string): Resource {
  rewriteReferences(resource, (url) => (url === from ? to : undefined))
  return resource
}

function issuesOf(counts: ReadonlyMap<string, number>, isPreview: boolean): OperationOutcomeIssue[] {
  const verb = isPreview ? 'would refer' : 'refer'
  const total = [...counts.values()].reduce((a, b) => a + b, 0)
  const said = [
    `${total} resources ${verb} to the target patient instead of the source`,
    ...[...counts].sort().map(([type, n]) => `${type}: ${n}`),
    'Found by the references that search parameters index; a resource that names the source only elsewhere, such as in the author of a note, is left as it is',
  ]
  return said.map((diagnostics) => ({ severity: 'information', code: 'informational', diagnostics }))
}
