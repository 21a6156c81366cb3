import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

// "Implementers SHOULD preserve the precision": https://hl7.org/fhir/R4/datatypes.html#decimal

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const type = 'Observation'
/** JSON text, as no value of JavaScript could say it. */
const observation = (literal: string, id?: string) =>
  `{"resourceType":"Observation",${id ? `"id":"${id}",` : ''}"status":"final","code":{"text":"x"},"valueQuantity":{"value":${literal},"unit":"mg"}}`
const literalIn = (text: string) => /"value":\s*([^,}\s]+)/.exec(text)?.[1]

describe.each([
  '1.10',
  '0.00',
  '-0.50',
  '100',
  '1.0',
  '6.30000000000000000',
  '123456789012345678',
  '0.123456789012345678',
  '12345678901234567.8',
  '1e2',
  '1.0e-3',
  '-2.50E1',
  '-0',
])('%s', (literal) => {
  it('is stored, found and served as it was written', async () => {
    const created = await server.expect(201, `POST ${type}`, { body: observation(literal) })
    const at = `${type}/${created.json.id}`
    const id = created.json.id as string
    expect(literalIn(created.text)).toBe(literal)
    for (const url of [
      at,
      `${at}/_history/1`,
      `${at}/_history`,
      `${type}?_id=${id}`,
      `${type}?value-quantity=${literal}&_id=${id}`,
      `${at}?_pretty=true`,
      `${at}?_elements=value`,
      `${at}?_summary=true`,
      `${type}?_id=${id}&_elements=value`,
    ])
      expect([url, literalIn((await server.expect(200, `GET ${url}`)).text)]).toEqual([url, literal])

    const updated = await server.expect(200, `PUT ${at}`, { body: observation(literal, id) })
    expect(literalIn(updated.text)).toBe(literal)
    const operations = [{ op: 'add', path: '/language', value: 'de' }]
    const patched = await server.expect(200, `PATCH ${at}`, { body: operations, type: 'application/json-patch+json' })
    expect(literalIn(patched.text)).toBe(literal)
    const replace = `[{"op":"replace","path":"/valueQuantity/value","value":${literal}}]`
    const replaced = await server.expect(200, `PATCH ${at}`, { body: replace, type: 'application/json-patch+json' })
    expect(literalIn(replaced.text)).toBe(literal)
    expect(literalIn((await server.expect(200, `GET ${at}`)).text)).toBe(literal)
  })

  it.each(['transaction', 'batch'])('passes through a %s', async (kind) => {
    const entry = `{"resource":${observation(literal)},"request":{"method":"POST","url":"${type}"}}`
    const headers = { Prefer: 'return=representation' }
    const body = `{"resourceType":"Bundle","type":"${kind}","entry":[${entry}]}`
    const { text, json } = await server.expect(200, 'POST ', { body, headers })
    expect(literalIn(text)).toBe(literal)
    const read = { request: { method: 'GET', url: `${type}/${json.entry[0].resource.id}` } }
    const send = kind === 'batch' ? server.batch : server.transact
    expect(literalIn((await send([read])).text)).toBe(literal)
  })
})

describe('a search for a decimal', () => {
  it('takes its digits for its precision', async () => {
    await server.expect(201, 'PUT RiskAssessment/d', {
      body: `{"resourceType":"RiskAssessment","id":"d","status":"final","subject":{"reference":"Patient/1"},"prediction":[{"probabilityDecimal":0.10}]}`,
    })
    const found = async (value: string) =>
      (await server.expect(200, `GET RiskAssessment?probability=${value}&_total=accurate`)).json.total
    expect(await found('0.1')).toBe(1)
    expect(await found('0.10')).toBe(1)
    expect(await found('0.11')).toBe(0)
    expect(await found('gt0.1')).toBe(0)
    expect(await found('ge0.100')).toBe(1)
  })
})

describe('a decimal', () => {
  it.each(['1e400', '-1e400', '1e100000', '1e200000', '01.1', '1.', '.5', '+1', '0x1', 'NaN', 'Infinity', '"1.0"'])(
    '%s is refused',
    async (literal) => {
      await server.refused(400, `POST ${type}`, { body: observation(literal) })
    },
  )

  it('too small to be stored is refused', async () => {
    await server.refused(422, `POST ${type}`, { body: observation('1e-20000') })
  })
})
