import type { ValueSetCompose } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { answered, FRUIT, plant, TOOLS, vs } from './orchard.js'

// As the terminology ecosystem proposes it: https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  await plant(server)
})
afterAll(() => server.stop())

const compared = async (a: ValueSetCompose, b: ValueSetCompose) => {
  const valueSet = (id: string, compose: ValueSetCompose) => ({
    resourceType: 'ValueSet',
    url: vs(id),
    status: 'active',
    compose,
  })
  const parameter = [
    { name: 'thisValueSet', resource: valueSet('this', a) },
    { name: 'otherValueSet', resource: valueSet('other', b) },
  ]
  const { json } = await server.expect(200, 'POST ValueSet/$compare', {
    body: { resourceType: 'Parameters', parameter },
  })
  const { message: _, ...found } = answered(json)
  return found
}
const whole = (system: string, version?: string): ValueSetCompose => ({ include: [{ system, version }] })
const listed = (...codes: string[]): ValueSetCompose => ({
  include: [{ system: FRUIT, concept: codes.map((code) => ({ code })) }],
})
const isA = (value: string, version?: string): ValueSetCompose => ({
  include: [{ system: FRUIT, version, filter: [{ property: 'concept', op: 'is-a', value }] }],
})

describe('$compare', () => {
  it.each<[name: string, a: ValueSetCompose, b: ValueSetCompose, found: object]>([
    ['a system with itself', whole(FRUIT), whole(FRUIT), { result: 'same', 'performed-expansion': false }],
    ['two systems', whole(FRUIT), whole(TOOLS), { result: 'disjoint', 'performed-expansion': false }],
    [
      'systems in another order',
      { include: [{ system: FRUIT }, { system: TOOLS }] },
      { include: [{ system: TOOLS }, { system: FRUIT }] },
      { result: 'same', 'performed-expansion': false },
    ],
    [
      'lists',
      listed('apple', 'sloe'),
      listed('pear', 'apple'),
      {
        result: 'overlapping',
        'performed-expansion': false,
        'common-codes': 'apple',
        'missing-codes': 'sloe',
        'extra-codes': 'pear',
      },
    ],
    ['a branch of a branch', isA('apple'), isA('pome'), { result: 'subset', 'performed-expansion': false }],
    ['the same filter', isA('pome'), isA('pome'), { result: 'same', 'performed-expansion': false }],
    [
      'a filter and its codes',
      isA('pome'),
      listed('pome', 'apple', 'pear'),
      { result: 'same', 'performed-expansion': true },
    ],
    [
      'a filter and some codes',
      isA('pome'),
      listed('apple'),
      { result: 'superset', 'performed-expansion': true, 'common-codes': 'apple', 'missing-codes': 'pome,pear' },
    ],
    [
      'an import',
      { include: [{ valueSet: [vs('pomes')] }] },
      isA('pome'),
      { result: 'same', 'performed-expansion': true },
    ],
    [
      'what is taken out',
      { ...whole(FRUIT), exclude: [{ system: FRUIT }] },
      { ...whole(TOOLS), exclude: [{ system: TOOLS }] },
      { result: 'empty', 'performed-expansion': true },
    ],
    [
      'versions of which each has its own',
      isA('plum', '1.2'),
      isA('pear', '1.0'),
      { result: 'disjoint', 'performed-expansion': true, 'missing-codes': 'plum', 'extra-codes': 'pear' },
    ],
  ])('%s', async (_name, a, b, found) => {
    expect(await compared(a, b)).toEqual(found)
  })

  it('of those that are stored', async () => {
    const query = new URLSearchParams({ thisUrl: vs('pomes'), otherUrl: vs('all') })
    const { json } = await server.expect(200, `GET ValueSet/$compare?${query}`)
    expect(answered(json)).toMatchObject({
      result: 'subset',
      message: `The valueSet ${vs('pomes')}|1 is a sub-set of the valueSet ${vs('all')}|1`,
    })
  })

  it.each([
    [400, {}, /needs thisUrl or thisValueSet/],
    [404, { thisUrl: vs('pomes'), otherUrl: vs('none') }, /vs\/none' could not be found/],
    [404, { thisUrl: vs('pomes'), otherUrl: vs('lost') }, /version '9' could not be found/],
  ])('%i for %j', async (status, given, reason) => {
    const query = new URLSearchParams(given as Record<string, string>)
    const { json } = await server.expect(status as number, `GET ValueSet/$compare?${query}`)
    expect(json.issue[0].diagnostics).toMatch(reason)
  })
})
