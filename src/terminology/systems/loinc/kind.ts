import type { ValueSet } from '@medplum/fhirtypes'
import { Unprocessable } from '../../../base/errors.js'
import type { Kind } from '../../stored/kind.js'
import type { TabledCodeSystem } from '../../stored/loaded.js'
import { Ordinals } from '../../stored/ordinals.js'

export const LOINC = 'http://loinc.org'

/** Filters that no other system has: https://terminology.hl7.org/LOINC.html#filters */
const filters: Readonly<Record<string, (system: TabledCodeSystem, value: string) => Promise<Ordinals | undefined>>> = {
  LIST: answersOf,
  'answers-for': answersOf,
  /** A part and all below it in the hierarchy of components, without itself. */
  async ancestor(system, value) {
    const found = (await system.rows.withKeys([keyOf(value)])).get(keyOf(value))
    if (!found) throw new Unprocessable(`The filter is about the code ${value}, which is not in LOINC`)
    return found.below.minus(Ordinals.range(found.ordinal, found.ordinal + 1))
  },
  /** Of a panel its members. */
  async parent(system, value) {
    const members = await system.rows.withValue('panel', [value.toUpperCase()])
    return members.isEmpty ? undefined : members
  },
}

function keyOf(code: string): string {
  return code.toUpperCase()
}

export const loincKind: Kind & { keyOf(code: string): string } = {
  name: 'loinc',
  keyOf,

  async filter(system, property, op, value) {
    return op === '=' && Object.hasOwn(filters, property) ? filters[property]!(system, value) : undefined
  },

  /** https://terminology.hl7.org/LOINC.html#implicit-value-sets */
  async implicitValueSet(url, [latest]) {
    const [, code] = /^http:\/\/loinc\.org\/vs(?:\/(.+))?$/.exec(url) ?? [undefined, undefined]
    if (!latest || !url.startsWith(`${LOINC}/vs`) || (code === undefined && url !== `${LOINC}/vs`)) return undefined
    if (code === undefined) return valueSet(url, 'All of LOINC')
    const concept = (await latest.locate([code])).get(code)
    if (!concept || !/^L[LP]\d/i.test(code))
      throw new Unprocessable(`${url} is about ${code}, which is no part or answer list of LOINC ${latest.version}`)
    const property = /^LL/i.test(code) ? 'LIST' : 'ancestor'
    return valueSet(url, concept.display ?? code, [{ property, op: '=', value: concept.code }])
  },
}

type Filters = NonNullable<NonNullable<ValueSet['compose']>['include'][number]['filter']>

const valueSet = (url: string, title: string, filter?: Filters): ValueSet => ({
  resourceType: 'ValueSet',
  url,
  title,
  status: 'active',
  compose: { include: [{ system: LOINC, filter }] },
})

/** Of an answer list its answers, of a term those of its lists. */
async function answersOf(system: TabledCodeSystem, value: string): Promise<Ordinals> {
  const code = value.toUpperCase()
  if (code.startsWith('LL')) return system.rows.withValue('answers-for', [code])
  const concept = (await system.locate([code])).get(code)
  const lists = concept?.properties.filter((one) => one.code === 'answer-list').map((one) => String(one.value)) ?? []
  return lists.length ? system.rows.withValue('answers-for', lists) : Ordinals.none
}
