import type { Parameters, ValueSet } from '@medplum/fhirtypes'
import { Random } from '../../seed/random.js'
import type { Answer } from '../client.js'
import type { Step } from '../drive.js'
import { typed } from '../releases/words.js'
import type { Workload } from '../workloads.js'

/** A code system with codes of it, any of which may be asked for. */
export interface Known {
  readonly url: string
  readonly codes: readonly string[]
  /** Its most general codes: many others are below one. */
  readonly top: readonly string[]
  /** Some codes with their displays. */
  readonly displays: readonly (readonly [code: string, display: string])[]
}

const clients = 10
const random = new Random('bench/terminology')

/** Requests whose share of what a bare route does is asked for, and those whose time is. */
export interface Workloads {
  readonly quick: readonly Workload[]
  readonly expansions: readonly Workload[]
}

export function terminologyWorkloads(snomed: Known, loinc: Known, rxnorm: Known, icd: Known): Workloads {
  const all = [snomed, loinc, rxnorm, icd]
  return {
    quick: [
      ...all.map((one) =>
        workload(`$lookup, ${nameOf(one.url)}`, () => `/CodeSystem/$lookup?${of(one, 'system')}`, found('display')),
      ),
      workload('$validate-code, code', () => `/CodeSystem/$validate-code?${of(random.pick(all), 'url')}`, isTrue),
      workload('$validate-code, display', () => withDisplay(random.pick(all)), isTrue),
      workload(
        '$validate-code, is-a',
        () => `/ValueSet/$validate-code?url=${isA(snomed)}&${of(snomed, 'system')}`,
        found('result'),
      ),
      workload(
        '$subsumes',
        () =>
          `/CodeSystem/$subsumes?system=${encoded(snomed.url)}&codeA=${random.pick(snomed.top)}&codeB=${random.pick(snomed.codes)}`,
        found('outcome'),
      ),
    ],
    expansions: [
      workload(
        '$expand, text',
        () => `/ValueSet/$expand?url=${encoded(`${snomed.url}?fhir_vs`)}&count=20&filter=${text(snomed)}`,
        expanded,
      ),
      workload(
        '$expand, text, ICD-10-CM',
        () => `/ValueSet/$expand?url=${encoded(`${icd.url}?fhir_vs`)}&count=20&filter=${text(icd)}`,
        expanded,
      ),
      workload(
        '$expand, is-a, a page',
        () => `/ValueSet/$expand?url=${isA(snomed)}&count=100&offset=${random.whole(0, 500)}`,
        expanded,
      ),
      workload('$expand, intensional', () => posted(intensional(snomed, loinc)), expanded),
      workload('$expand, text over four systems', () => posted(multiSystem(all), text(random.pick(all))), expanded),
    ],
  }
}

type Asked = string | { path: string; body: string }

function workload(name: string, ask: () => Asked, check: (answer: Answer) => string | undefined): Workload {
  const step: Step = async (client, sampled) => {
    const asked = ask()
    const answer =
      typeof asked === 'string' ? await client.get(asked) : await client.request('POST', asked.path, asked.body)
    if (answer.status !== 200)
      return { wrong: `${name} answered ${answer.status}: ${answer.body.toString().slice(0, 300)}` }
    return { wrong: sampled ? check(answer) : undefined }
  }
  return { name, clients, unit: 'requests', step }
}

const encoded = encodeURIComponent
const nameOf = (url: string) => url.split('/').at(-1)!
const text = ({ displays }: Known) => encoded(typed(random, random.pick(displays)[1]))
const of = ({ url, codes }: Known, name: string) => `${name}=${encoded(url)}&code=${encoded(random.pick(codes))}`
const isA = ({ url, top }: Known) => encoded(`${url}?fhir_vs=isa/${random.pick(top)}`)

function withDisplay({ url, displays }: Known): string {
  const [code, display] = random.pick(displays)
  return `/CodeSystem/$validate-code?url=${encoded(url)}&code=${encoded(code)}&display=${encoded(display)}`
}

const posted = (valueSet: ValueSet, filter?: string): Asked => {
  const resource = { name: 'valueSet', resource: valueSet }
  const parameter = [resource, { name: 'count', valueInteger: 20 }]
  if (filter) parameter.push({ name: 'filter', valueString: decodeURIComponent(filter) } as never)
  return { path: '/ValueSet/$expand', body: JSON.stringify({ resourceType: 'Parameters', parameter }) }
}

const draft = (include: NonNullable<ValueSet['compose']>['include']): ValueSet => ({
  resourceType: 'ValueSet',
  status: 'draft',
  compose: { include },
})

/** What is below one concept and not below another, and a class of terms. */
const intensional = (snomed: Known, loinc: Known): ValueSet => ({
  ...draft([
    { system: snomed.url, filter: [{ property: 'concept', op: 'is-a', value: random.pick(snomed.top) }] },
    { system: loinc.url, filter: [{ property: 'CLASS', op: '=', value: random.pick(['CHEM', 'MICRO', 'SERO']) }] },
  ]),
})

const multiSystem = (all: readonly Known[]): ValueSet => draft(all.map(({ url }) => ({ system: url })))

const parsed = <T>({ body }: Answer) => JSON.parse(body.toString()) as T
const parameterOf = (answer: Answer, name: string) =>
  parsed<Parameters>(answer).parameter?.find((one) => one.name === name)

const found = (name: string) => (answer: Answer) =>
  parameterOf(answer, name) ? undefined : `an answer has no ${name}: ${answer.body.toString().slice(0, 200)}`

const isTrue = (answer: Answer) =>
  parameterOf(answer, 'result')?.valueBoolean
    ? undefined
    : `a code is not valid: ${answer.body.toString().slice(0, 300)}`

const expanded = (answer: Answer) =>
  parsed<ValueSet>(answer).expansion?.total === undefined ? 'an expansion has no total' : undefined
