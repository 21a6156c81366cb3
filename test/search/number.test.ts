import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type SearchServer, value } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

// https://hl7.org/fhir/R4/search.html#number
describe('numbers', () => {
  beforeAll(() =>
    server.put(
      ...['99.4', '99.5', '100', '100.49', '100.5', '101', '-5', '0', '0.00540', '5.4e-3'].map((text, i) => ({
        resourceType: 'RiskAssessment',
        id: `r${i}`,
        status: 'final',
        subject: { reference: 'Patient/1' },
        prediction: [{ probabilityDecimal: Number(text) }],
      })),
      {
        resourceType: 'RiskAssessment',
        id: 'none',
        status: 'final',
        subject: { reference: 'Patient/1' },
      },
    ),
  )

  it.each([
    ['100', ['99.5', '100', '100.49']],
    ['100.0', ['100']],
    ['100.00', ['100']],
    ['1e2', ['99.5', '100', '100.49', '100.5', '101', '99.4']],
    ['1.00e2', ['99.5', '100', '100.49']],
    ['eq100.49', ['100.49']],
    ['ne100', ['99.4', '100.5', '101', '-5', '0', '0.00540', '5.4e-3']],
    ['gt100', ['100.49', '100.5', '101']],
    ['ge100', ['100', '100.49', '100.5', '101']],
    ['lt100', ['99.4', '99.5', '-5', '0', '0.00540', '5.4e-3']],
    ['le100', ['99.4', '99.5', '100', '-5', '0', '0.00540', '5.4e-3']],
    ['sa100.5', ['101']],
    ['eb0', ['-5']],
    ['ap100', ['99.4', '99.5', '100', '100.49', '100.5', '101']],
    ['ap-5', ['-5']],
    ['-5', ['-5']],
    ['0', ['0', '0.00540', '5.4e-3']],
    ['0.0054', ['0.00540', '5.4e-3']],
    ['0.00540', ['0.00540', '5.4e-3']],
    ['0.005', ['0.00540', '5.4e-3']],
    ['5.4e-3', ['0.00540', '5.4e-3']],
    ['0,101', ['0', '0.00540', '5.4e-3', '100.5', '101']],
    ['gt99.5&probability=lt101', ['100', '100.49', '100.5']],
  ])('probability=%s', async (searched, expected) => {
    const texts = ['99.4', '99.5', '100', '100.49', '100.5', '101', '-5', '0', '0.00540', '5.4e-3']
    expect(await server.found(`RiskAssessment?probability=${searched}`)).toEqual(
      expected.map((text) => `r${texts.indexOf(text)}`).sort(),
    )
  })

  it(':missing', async () => {
    expect(await server.found('RiskAssessment?probability:missing=true')).toEqual(['none'])
    expect(await server.found('RiskAssessment?probability:missing=false')).toHaveLength(10)
  })

  it.each(['ten', '1.', 'gt', '1e', '0x10', 'NaN', 'Infinity', '--5'])('refuses %s', async (wrong) => {
    expect(await server.refused(`RiskAssessment?probability=${wrong}`)).toMatch(
      /probability: the value is not a number/,
    )
  })
})

it('a number beyond all that can be stored is refused', async () => {
  expect(await server.refused('RiskAssessment?probability=1e999999', 422)).toMatch(/out of the range/)
})

const UCUM = 'http://unitsofmeasure.org'

// https://hl7.org/fhir/R4/search.html#quantity
describe('quantities', () => {
  beforeAll(() => {
    const observation = (id: string, valueQuantity: unknown) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { text: 'x' },
      valueQuantity,
    })
    return server.put(
      observation('ucum', { value: 5.4, system: UCUM, code: 'mg', unit: 'milligram' }),
      observation('unit', { value: 5.4, unit: 'mg' }),
      observation('other', { value: 5.4, system: 'http://other', code: 'mg' }),
      observation('bare', { value: 5.4 }),
      observation('more', { value: 5.44, system: UCUM, code: 'mg' }),
      observation('grams', { value: 5.4, system: UCUM, code: 'g' }),
      observation('no-value', { system: UCUM, code: 'mg' }),
      {
        resourceType: 'Invoice',
        id: 'money',
        status: 'issued',
        totalGross: { value: 1200, currency: 'EUR' },
      },
    )
  })

  it.each([
    ['5.4', ['bare', 'grams', 'more', 'other', 'ucum', 'unit']],
    ['5.40', ['bare', 'grams', 'other', 'ucum', 'unit']],
    ['gt5.4', ['more']],
    ['ge5.4', ['bare', 'grams', 'more', 'other', 'ucum', 'unit']],
    ['lt5.4', []],
    ['ne5.40', ['more']],
    ['ap4.8', []],
    ['ap5.2', ['bare', 'grams', 'more', 'other', 'ucum', 'unit']],
    [`5.4|${UCUM}|mg`, ['more', 'ucum']],
    [`gt5.4|${UCUM}|mg`, ['grams', 'more']], // 5.4 g are 5400 mg
    [`le5.4|${UCUM}|mg`, ['ucum']],
    [`5.4|${UCUM}|g`, ['grams']],
    ['5.4|http://other|mg', ['other']],
    ['5.40||mg', ['other', 'ucum', 'unit']],
    ['5.40||milligram', ['ucum']],
    ['5.40||kg', []],
    [`5.40|${UCUM}|milligram`, []],
    [`5.44|${UCUM}|mg,5.4|${UCUM}|g`, ['grams', 'more']],
    [`ge5.4|${UCUM}|mg&value-quantity=lt5.44||mg`, ['ucum']],
  ])('value-quantity=%s', async (searched, expected) => {
    expect(await server.found(`Observation?value-quantity=${searched}`)).toEqual(expected)
    expect((await server.get(`Observation?value-quantity=${searched}&_summary=count`)).total).toBe(expected.length)
  })

  it(':missing asks for a value', async () => {
    expect(await server.found('Observation?value-quantity:missing=true')).toEqual(['no-value'])
  })

  it('Money has its currency for a unit', async () => {
    expect(await server.found('Invoice?totalgross=1200||EUR')).toEqual(['money'])
    expect(await server.found('Invoice?totalgross=gt1000|urn:iso:std:iso:4217|EUR')).toEqual(['money'])
    expect(await server.found('Invoice?totalgross=1200||USD')).toEqual([])
  })

  it.each(['5.4|mg', `5.4|${UCUM}|`, '5.4|a|b|c', '|a|b'])('refuses %s', async (wrong) => {
    expect(await server.refused(`Observation?value-quantity=${value(wrong)}`)).toMatch(/value-quantity: /)
  })
})

describe('units of UCUM', () => {
  const given = (id: string, number: number, unit: string) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { coding: [{ code: 'conversion' }] },
    valueQuantity: { value: number, system: UCUM, code: unit },
    component: [{ code: { coding: [{ code: 'part' }] }, valueQuantity: { value: number, system: UCUM, code: unit } }],
  })
  beforeAll(() =>
    server.put(
      given('g-l', 5, 'g/L'),
      given('mg-dl', 500, 'mg/dL'),
      given('mg-ml', 5.6, 'mg/mL'),
      given('celsius', 37, 'Cel'),
      given('fahrenheit', 98.6, '[degF]'),
      given('kelvin', 311, 'K'),
      given('thousands', 12, '10*3/uL'),
      given('giga', 12, '10*9/L'),
      given('pounds', 150, '[lb_av]'),
      given('kilos', 68.04, 'kg'),
      given('metres', 1.8, 'm'),
      given('inches', 72, '[in_i]'),
      given('minutes', 90, 'min'),
      given('hours', 1.5, 'h'),
      given('iu', 3, '[IU]/L'),
      given('miu', 3, 'm[IU]/mL'),
      given('score', 7, '{score}'),
      given('nonsense', 5, 'glugs'),
    ),
  )

  it.each([
    ['5|g/L', ['g-l', 'mg-dl']],
    ['500|mg/dL', ['g-l', 'mg-dl']],
    ['5.00|kg/m3', ['g-l', 'mg-dl']],
    ['5|kg/m3', ['g-l', 'mg-dl']],
    ['gt5|g/L', ['mg-ml']],
    ['ge500|mg/dL', ['g-l', 'mg-dl', 'mg-ml']],
    ['sa0.5|g/dL', ['mg-ml']],
    ['eb0.56|g/dL', ['g-l', 'mg-dl']],
    ['ne500|mg/dL', ['mg-ml']],
    ['ap5.2|g/L', ['g-l', 'mg-dl', 'mg-ml']],
    ['37.0|Cel', ['celsius', 'fahrenheit']],
    ['98.6|[degF]', ['celsius', 'fahrenheit']],
    ['gt37|Cel', ['kelvin']],
    ['310.15|K', ['celsius', 'fahrenheit']],
    ['12|10*3/uL', ['giga', 'thousands']],
    ['68|kg', ['kilos', 'pounds']],
    ['180|cm', ['metres']],
    ['183|cm', ['inches']],
    ['1.5|h', ['hours', 'minutes']],
    ['3.0|[iU]/L', ['iu', 'miu']],
    ['7|{score}', ['score']],
    ['7|1', ['score']],
    ['5|glugs', ['nonsense']],
    ['5|mL', []],
  ])('value-quantity=%s', async (searched, expected) => {
    const [number, unit] = searched.split('|') as [string, string]
    const text = value(`${number}|${UCUM}|${unit}`)
    expect(await server.found(`Observation?code=conversion&value-quantity=${text}`)).toEqual(expected)
    const pair = value(`part$${number}|${UCUM}|${unit}`)
    expect(await server.found(`Observation?component-code-value-quantity=${pair}`)).toEqual(expected)
  })

  it('without its system a unit is only what it is called', async () => {
    expect(await server.found('Observation?code=conversion&value-quantity=5||g/L')).toEqual(['g-l'])
  })

  it('a unit that nothing had until now', async () => {
    await server.put(given('micro', 5_000_000, 'ug/L'))
    const text = value(`5.0|${UCUM}|g/L`)
    expect(await server.found(`Observation?code=conversion&value-quantity=${text}`)).toEqual(['g-l', 'mg-dl', 'micro'])
  })
})

describe('digits', () => {
  it('are kept beyond what a JavaScript number has', async () => {
    const body = (text: string) =>
      `{"resourceType":"Observation","id":"digits","status":"final","code":{"text":"x"},"valueQuantity":{"value":${text}}}`
    const response = await fetch(`${server.base}/Observation/digits`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: body('0.12345678901234567890'),
    })
    expect(response.status).toBe(201)
    expect(await server.found('Observation?value-quantity=0.12345678901234567890')).toEqual(['digits'])
    expect(await server.found('Observation?value-quantity=gt0.12345678901234567889')).toContain('digits')
    expect(await server.found('Observation?value-quantity=0.12345678901234567891')).toEqual([])
  })
})
