import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { type Library, overlay } from '../../src/fhir/library.js'
import type { MembershipQuestion } from '../../src/fhir/terminology.js'
import { Terminologies } from '../../src/terminology/terminologies.js'

// What validation asks of terminology, for many codes at once.

const nothing: Library = {
  revision: 'nothing',
  withUrl: async () => [],
  withId: async () => undefined,
  urls: async () => [],
}
const SHIPS = 'http://harbour.example/cs/ships'
const FLAGS = 'http://harbour.example/cs/flags'
const vs = (id: string) => `http://harbour.example/vs/${id}`

const ships: CodeSystem = {
  resourceType: 'CodeSystem',
  url: SHIPS,
  version: '2',
  status: 'active',
  content: 'complete',
  concept: [
    {
      code: 'boat',
      property: [{ code: 'notSelectable', valueBoolean: true }],
      concept: [{ code: 'punt', display: 'Punt', designation: [{ language: 'de', value: 'Stocherkahn' }] }],
    },
    { code: 'galley', display: 'Galley', property: [{ code: 'status', valueCode: 'retired' }] },
  ],
}
const flags: CodeSystem = {
  resourceType: 'CodeSystem',
  url: FLAGS,
  status: 'active',
  content: 'fragment',
  concept: [{ code: 'red', display: 'Red' }],
}
const valueSet = (id: string, compose: ValueSet['compose']): ValueSet => ({
  resourceType: 'ValueSet',
  url: vs(id),
  status: 'active',
  compose,
})
const NOWHERE = 'http://nowhere'
const library = overlay(nothing, [
  ships,
  flags,
  valueSet('ships', { include: [{ system: SHIPS }] }),
  valueSet('active', { inactive: false, include: [{ system: SHIPS }] }),
  valueSet('listed', {
    include: [
      { system: SHIPS, concept: [{ code: 'punt', display: 'My punt' }] },
      { system: NOWHERE, concept: [{ code: 'x' }] },
    ],
  }),
  valueSet('flags', { include: [{ system: FLAGS }] }),
  valueSet('unknown', { include: [{ system: NOWHERE }] }),
  valueSet('dangling', { include: [{ valueSet: [vs('none')] }] }),
  valueSet('mixed', { include: [{ system: SHIPS }, { system: NOWHERE, version: '3' }] }),
])
const source = new Terminologies(
  () => [],
  async () => library,
).membershipFor(1)
const answers = (questions: MembershipQuestion[]) => source.membership(questions, library)

it.each<[question: MembershipQuestion, answer: object]>([
  [{ valueSet: vs('ships'), system: SHIPS, code: 'punt' }, { isIn: true }],
  [{ valueSet: vs('ships'), code: 'punt' }, { isIn: true }],
  [
    { valueSet: vs('ships'), system: SHIPS, code: 'galley' },
    { isIn: true, inactive: true },
  ],
  [
    { valueSet: vs('active'), system: SHIPS, code: 'galley' },
    { isIn: false, because: 'not-in', inactive: true },
  ],
  [
    { valueSet: vs('ships'), system: SHIPS, code: 'boat' },
    { isIn: false, because: 'abstract' },
  ],
  [
    { valueSet: vs('ships'), system: SHIPS, code: 'raft' },
    { isIn: false, because: 'unknown-code' },
  ],
  [
    { valueSet: vs('ships'), code: 'raft' },
    { isIn: false, because: 'unknown-code' },
  ],
  [
    { valueSet: vs('listed'), system: SHIPS, code: 'galley' },
    { isIn: false, because: 'not-in', inactive: true },
  ],
  [{ valueSet: vs('listed'), system: NOWHERE, code: 'x' }, { isIn: true }],
  [
    { valueSet: vs('listed'), system: NOWHERE, code: 'y' },
    { isIn: false, because: 'not-in' },
  ],
  [
    { valueSet: vs('unknown'), system: NOWHERE, code: 'x' },
    { because: 'unknown-system', missing: NOWHERE },
  ],
  [{ valueSet: vs('mixed'), system: SHIPS, code: 'punt' }, { isIn: true }],
  [
    { valueSet: vs('mixed'), system: NOWHERE, code: 'x' },
    { because: 'unknown-version', missing: `${NOWHERE}|3` },
  ],
  [
    { valueSet: vs('none'), system: SHIPS, code: 'punt' },
    { because: 'unknown-value-set', missing: vs('none') },
  ],
  [
    { valueSet: `${vs('ships')}|9`, code: 'punt' },
    { because: 'unknown-value-set', missing: `${vs('ships')}|9` },
  ],
  [{ valueSet: vs('dangling'), code: 'punt' }, { because: 'unknown-value-set' }],
  [{ valueSet: vs('flags'), system: FLAGS, code: 'red' }, { isIn: true }],
  [{ system: SHIPS, code: 'punt' }, { isIn: true }],
  [
    { system: SHIPS, version: '2', code: 'raft' },
    { isIn: false, because: 'unknown-code' },
  ],
  [
    { system: SHIPS, version: '9', code: 'punt' },
    { because: 'unknown-version', missing: `${SHIPS}|9` },
  ],
  [
    { system: NOWHERE, code: 'x' },
    { because: 'unknown-system', missing: NOWHERE },
  ],
  // Of a fragment nobody knows what else there is.
  [
    { system: FLAGS, code: 'blue' },
    { because: 'unknown-system', missing: FLAGS },
  ],
])('%j', async (question, answer) => {
  expect(await answers([question])).toEqual([answer])
})

describe('displays', () => {
  it.each<[valueSet: string | undefined, display: string, right: string[] | undefined]>([
    [undefined, 'Punt', undefined],
    [undefined, 'punt', undefined],
    [undefined, 'Stocherkahn', undefined],
    [undefined, 'Raft', ['Punt', 'Stocherkahn']],
    [vs('listed'), 'My punt', undefined],
    [vs('listed'), 'Raft', ['Punt', 'Stocherkahn', 'My punt']],
  ])('%s %s', async (valueSet, display, displays) => {
    const [answer] = await answers([{ ...(valueSet && { valueSet }), system: SHIPS, code: 'punt', display }])
    expect(answer).toEqual({ isIn: true, ...(displays && { displays }) })
  })
})

it('answers in the order of the questions', async () => {
  const codes = Array.from({ length: 500 }, (_, i) => (i % 3 ? `raft${i}` : 'punt'))
  const found = await answers(
    codes.map((code, i) => ({ ...(i % 2 && { valueSet: vs('ships') }), system: SHIPS, code })),
  )
  expect(found.map(({ isIn }) => isIn)).toEqual(codes.map((code) => code === 'punt'))
})
