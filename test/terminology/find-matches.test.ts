import type { ParametersParameter } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { FRUIT, plant } from './orchard.js'

// https://hl7.org/fhir/R4/codesystem-operation-find-matches.html

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_EXPANSION: '4' })
  await plant(server)
})
afterAll(() => server.stop())

const property = (code: string, valueString: string): ParametersParameter => ({
  name: 'property',
  part: [
    { name: 'code', valueCode: code },
    { name: 'value', valueString },
  ],
})
const body = (exact: boolean, ...parameter: ParametersParameter[]) => ({
  body: {
    resourceType: 'Parameters',
    parameter: [{ name: 'exact', valueBoolean: exact }, { name: 'system', valueUri: FRUIT }, ...parameter],
  },
})
/** `apple -display`: a code, and the properties that it does not have. */
const found = async (exact: boolean, ...properties: ParametersParameter[]) => {
  const { json } = await server.expect(200, 'POST CodeSystem/$find-matches', body(exact, ...properties))
  return ((json.parameter ?? []) as ParametersParameter[]).map(({ part = [] }) =>
    part.map(({ valueCoding, part: unmatched }) => valueCoding?.code ?? `-${unmatched![0]!.valueCode}`).join(' '),
  )
}

describe('$find-matches', () => {
  it.each<[exact: boolean, properties: ParametersParameter[], codes: string[]]>([
    [true, [property('ripe', 'autumn')], ['apple']],
    [true, [property('ripe', 'autumn'), property('display', 'Apple')], ['apple']],
    [true, [property('ripe', 'autumn'), property('display', 'Sloe')], []],
    [false, [property('ripe', 'autumn'), property('display', 'Sloe')], ['apple -display', 'sloe -ripe']],
    [false, [property('ripe', 'autumn'), property('parent', 'pome')], ['apple']],
    [false, [property('display', 'Banana')], []],
  ])('exact %s: %j', async (exact, properties, codes) => {
    expect(await found(exact, ...properties)).toEqual(codes)
  })

  it('of the instance', async () => {
    const { parameter } = body(true, property('ripe', 'autumn')).body
    const own = { body: { resourceType: 'Parameters', parameter: parameter.filter(({ name }) => name !== 'system') } }
    const { json } = await server.expect(200, 'POST CodeSystem/fruit-1-0/$find-matches', own)
    expect(json.parameter[0].part[0].valueCoding).toEqual({
      system: FRUIT,
      version: '1.0',
      code: 'apple',
      display: 'Apple',
    })
  })

  it.each<[status: number, parameters: ParametersParameter[], reason: RegExp]>([
    [400, [], /needs a property/],
    [400, [{ name: 'property', part: [{ name: 'code', valueCode: 'ripe' }] }], /parts code and value/],
    [422, [property('colour', 'red')], /"colour = red" is not understood/],
    [
      422,
      [{ name: 'property', part: [{ name: 'subproperty', part: [{ name: 'code', valueCode: 'x' }] }] }],
      /subproperty, which is not supported/,
    ],
    [422, [property('inactive', 'false')], /More than 4 concepts match/],
  ])('%i: %j', async (status, parameters, reason) => {
    const { json } = await server.expect(status, 'POST CodeSystem/$find-matches', body(true, ...parameters))
    expect(json.issue[0].diagnostics).toMatch(reason)
  })
})
