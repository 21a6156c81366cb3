import type { OperationOutcome, Parameters, ParametersParameter, Resource } from '@medplum/fhirtypes'
import { Invalid } from '../../../base/errors.js'
import { toOutcome } from '../../../base/outcome.js'
import { stringifyJson } from '../../../fhir/json.js'
import { refusal } from '../../../terminology/messages.js'
import { type Call, type Operation, operation, type Specs } from '../../operation.js'
import { parametersOf, readParameters } from '../../operation-parameters.js'
import { aboutCommon, common } from './asked.js'
import { validateCodeOfCodeSystem, validateCodeOfValueSet } from './validate-code.js'

/** What counts for every validation that does not say otherwise. */
const shared = {
  url: '0..1 uri',
  valueSet: '0..1 ValueSet',
  valueSetVersion: '0..1 string',
  'lenient-display-validation': '0..1 boolean',
  'valueset-membership-only': '0..1 boolean',
  activeOnly: '0..1 boolean',
  abstract: '0..1 boolean',
  inferSystem: '0..1 boolean',
  date: '0..1 dateTime',
  ...common,
} as const

/** So many in one request: each costs as much as a request of its own. */
const MOST = 1000

const declared = {
  code: 'batch-validate-code',
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: { validation: '1..* Resource', ...shared },
  out: { validation: '1..* Resource' },
  about: {
    validation: `Parameters of a $validate-code, ${MOST} at most; answered in their order, each by Parameters or by an OperationOutcome`,
    url: 'Of the value set, for all validations that name none',
    valueSet: 'The value set itself, likewise',
    ...aboutCommon,
  },
} as const

/** @see https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/ "batch validation" */
export const batchValidateCodeOfValueSet = operation({
  ...declared,
  title: 'Value Set based Validation of many codes',
  description:
    'Many validations in one request: each as $validate-code of ValueSet, or of CodeSystem where it names no value set.',
  on: { resource: ['ValueSet'], levels: ['type'] },
  handle: (call) =>
    all(call, (names) =>
      names.has('url') || names.has('valueSet') ? validateCodeOfValueSet : validateCodeOfCodeSystem,
    ),
})

export const batchValidateCodeOfCodeSystem = operation({
  ...declared,
  title: 'Code System based Validation of many codes',
  description: 'Many validations in one request, each as $validate-code of CodeSystem.',
  on: { resource: ['CodeSystem'], levels: ['type'] },
  handle: (call) => all(call, () => validateCodeOfCodeSystem),
})

type Choice = (names: ReadonlySet<string>) => Operation

async function all(call: Call<typeof declared.in>, choice: Choice): Promise<{ validation: never[] }> {
  const { validation, ...sharing } = call.params
  if (validation.length > MOST) throw new Invalid(`$batch-validate-code takes ${MOST} validations at most`)
  const answers: (Parameters | OperationOutcome)[] = []
  for (const one of validation) {
    // Nobody waits for the rest when the client is gone.
    call.ctx.signal?.throwIfAborted()
    answers.push(await answered(call, one as unknown as Resource, sharing, choice))
  }
  return { validation: answers as never[] }
}

const CODED = ['code', 'coding', 'codeableConcept']

async function answered(
  { core, ctx, exchange, type }: Call<Specs>,
  asked: Resource,
  sharing: Record<string, unknown>,
  choice: Choice,
): Promise<Parameters | OperationOutcome> {
  try {
    if (asked.resourceType !== 'Parameters') throw new Invalid('A validation is a Parameters resource')
    const names = namesIn(asked)
    if (!CODED.some((name) => names.has(name))) throw refusal('nothingToValidate', {}, { Kind: Invalid })
    const given = Object.keys(sharing).filter((name) => isGiven(sharing[name]))
    const chosen = choice(new Set([...names, ...given]))
    const { params } = readParameters(chosen, { ...exchange, query: '', body: stringifyJson(asked) })
    for (const name of given) if (name in chosen.in && !isGiven(params[name])) params[name] = sharing[name]
    const values = await chosen.handle({ core, ctx, exchange, type, params, search: [] })
    return parametersOf(chosen, values as Record<string, unknown>)
  } catch (error) {
    const { status, outcome } = toOutcome(error)
    if (status >= 500) throw error
    return outcome
  }
}

/** Of what was sent, which has not been looked at yet. */
function namesIn({ parameter }: Parameters): ReadonlySet<string> {
  const all: readonly (ParametersParameter | null)[] = Array.isArray(parameter) ? parameter : []
  return new Set(all.flatMap((one) => one?.name ?? []))
}

const isGiven = (value: unknown) => value !== undefined && !(Array.isArray(value) && value.length === 0)
