import type { OperationOutcome } from '@medplum/fhirtypes'
import { Invalid, type Issue } from '../../base/errors.js'
import { isResourceType } from '../../fhir/definitions.js'
import { parseJson, stringifyJson } from '../../fhir/json.js'
import { parseXml } from '../../fhir/xml/parse.js'
import { refusalOfDelete } from '../../store/integrity.js'
import type { Exchange } from '../exchange.js'
import { type Call, operation, type Values } from '../operation.js'
import { readParameters } from '../operation-parameters.js'
import { isObject, localized } from '../resource-body.js'
import { authorizeTypes } from '../scopes.js'

const asked = {
  resource: '0..1 Resource',
  mode: '0..1 code',
  profile: '0..* canonical',
  usageContext: '0..* Element',
} as const

const modes = ['create', 'update', 'delete', 'profile'] as const
type Mode = (typeof modes)[number]

/**
 * Says of a resource what a write would say of it, and stores nothing: the one that is sent, or at an instance the one
 * that is stored. What is wrong with it is in the outcome, whose status is 200; only what cannot be read is refused.
 *
 * @throws Invalid  the body is neither JSON nor XML, or the mode does not go with what was sent (400)
 * @see https://hl7.org/fhir/R4/resource-operation-validate.html
 */
export const validate = operation({
  code: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  title: 'Validate a resource',
  description:
    'Checks a resource against R4, the profiles it declares and those that are named, with the issues a write would have.',
  on: { resource: '*', levels: ['type', 'instance', 'system'] },
  affectsState: false,
  // What is sent is the sender's own; to validate what is stored takes a scope to read it.
  needs: { letters: [], of: 'type' },
  readsBody: true,
  in: asked,
  out: { return: '1..1 OperationOutcome' },
  about: {
    resource: 'May be the body itself; at an instance, what is stored when it is left out',
    mode: 'create, update, delete or profile',
    profile: 'Canonicals of profiles that the resource must meet beside those that it declares',
    usageContext: 'Taken, and of no effect: no rule here depends on the use',
  },

  async handle(call) {
    const { sent, mode: word, profile } = readCall(call)
    const mode = modeOf(word)
    if (mode === 'delete') return { return: outcomeOf(await deleteIssues(call)) }
    const { core, exchange } = call
    const resource = sent === undefined ? await stored(call, mode) : localized(exchange.base, sent)
    const issues = [
      ...(sent === undefined ? [] : placeIssues(call, mode, sent)),
      ...(await core.validation.issuesOf(exchange.ctx, resource, {
        profiles: profile,
        // Who asks whether it could be stored is told as a write would tell; all others are told what the standard says,
        // and what is not here is only not here now.
        ...(mode === 'create' || mode === 'update'
          ? { missing: 'error' as const }
          : { missing: 'warning' as const, vitalSigns: 'error' as const }),
        prefer: exchange.prefer,
      })),
    ]
    return { return: outcomeOf(issues) }
  },
})

const outcomeOf = (issues: Issue[]): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: issues.length > 0 ? issues : [ALL_OK],
})

const ALL_OK: Issue = { severity: 'information', code: 'informational', diagnostics: 'Nothing is wrong with it' }

/** "The server ignores the content, and checks that the nominated resource is allowed to be deleted." */
async function deleteIssues({ core: { store }, ctx, type, id }: Call<typeof asked>): Promise<Issue[]> {
  if (id === undefined) throw new Invalid('mode=delete is about an instance: [base]/Patient/1/$validate?mode=delete')
  authorizeTypes(ctx.principal, [type!], 'r')
  await store.read(ctx.tenant, type!, id)
  const refusal = await refusalOfDelete(store.session, store.references, ctx.tenant, { type: type!, id })
  return refusal?.issues ?? []
}

/** What the instance has now; read by who may read it. */
async function stored({ core, ctx, type, id }: Call<typeof asked>, mode: Mode | undefined): Promise<unknown> {
  if (id === undefined || mode === 'create' || mode === 'update')
    throw new Invalid('$validate needs the resource, as the body or as the parameter resource')
  authorizeTypes(ctx.principal, [type!], 'r')
  return parseJson((await core.store.read(ctx.tenant, type!, id)).content)
}

/** Whether the URL and the mode go with the resource. */
function placeIssues({ type, id }: Call<typeof asked>, mode: Mode | undefined, sent: unknown): Issue[] {
  if (!isObject(sent) || typeof sent.resourceType !== 'string') return []
  if (type !== undefined && isResourceType(sent.resourceType) && sent.resourceType !== type)
    return [fault('invalid', `The resource is a ${sent.resourceType}, the URL names ${type}`, 'resourceType')]
  if (mode === 'update' && id !== undefined && sent.id !== id)
    return [fault('invalid', `${type}.id is not the id of the URL`, `${type}.id`)]
  return []
}

const fault = (code: Issue['code'], diagnostics: string, expression: string): Issue => ({
  severity: 'error',
  code,
  diagnostics,
  expression: [expression],
})

type Asked = Values<typeof asked>

/**
 * A body of Parameters calls the operation, unless Parameters are what is validated: then they are the call when one of
 * them is a resource, and otherwise they are meant themselves.
 */
function readCall({ exchange, params, type }: Call<typeof asked>): Asked & { sent?: unknown } {
  if (exchange.body === undefined || exchange.body === '') return params
  const sent = parsed(exchange)
  const isCall = isObject(sent) && sent.resourceType === 'Parameters' && (type !== 'Parameters' || hasResource(sent))
  if (!isCall) return { ...params, sent }
  const { params: all } = readParameters({ ...validate, readsBody: false }, { ...exchange, body: stringifyJson(sent) })
  const { resource, ...others } = all as Asked
  return { ...others, ...(resource && { sent: resource }) }
}

const hasResource = ({ parameter }: Record<string, unknown>): boolean =>
  Array.isArray(parameter) &&
  parameter.some((one) => isObject(one) && one.name === 'resource' && isObject(one.resource))

const parsed = ({ body = '', contentType }: Exchange): unknown =>
  contentType?.endsWith('xml') ? parseXml(body) : parseJson(body)

function modeOf(mode: string | undefined): Mode | undefined {
  if (mode === undefined || modes.some((one) => one === mode)) return mode as Mode | undefined
  throw new Invalid(`mode is one of ${modes.join(', ')}`)
}
