import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/observation-operation-stats.html

const UCUM = 'http://unitsofmeasure.org'
const kg = { unit: 'kg', system: UCUM, code: 'kg' }
const VALUES = ['70.10', '70.4', '69.9', '71.2', '70.8', '72.05', '68.3']

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  const of = (patient: string, code: string, more: object): Given => ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://c', code }] },
    subject: { reference: `Patient/${patient}` },
    ...more,
  })
  const day = (n: number) => ({ effectiveDateTime: `2020-01-0${n}` })
  const weights = VALUES.map((value, i) =>
    of('p', 'weight', { ...day(i + 1), valueQuantity: { value: Number(value), ...kg } }),
  )
  const pressure = (systolic: number, diastolic: number, n: number) =>
    of('p', 'bp', {
      ...day(n),
      component: [
        { code: { coding: [{ system: 'http://c', code: 'sys' }] }, valueQuantity: { value: systolic } },
        { code: { coding: [{ system: 'http://c', code: 'dia' }] }, valueQuantity: { value: diastolic } },
      ],
    })
  const resources = [
    ...weights,
    of('p', 'weight', { status: 'entered-in-error', ...day(1), valueQuantity: { value: 700, ...kg } }),
    of('p', 'weight', { ...day(2), dataAbsentReason: { text: 'refused' } }),
    of('p', 'weight', { ...day(2), valueQuantity: { value: 100, comparator: '>', ...kg } }),
    of('q', 'weight', { ...day(3), valueQuantity: { value: 1, ...kg } }),
    pressure(120, 80, 1),
    pressure(130, 70, 2),
    of('p', 'dose', { ...day(1), valueQuantity: { value: 2, unit: 'g', system: UCUM, code: 'g' } }),
    of('p', 'dose', { ...day(2), valueQuantity: { value: 500, unit: 'mg', system: UCUM, code: 'mg' } }),
    of('p', 'odd', { ...day(1), valueQuantity: { value: 2, ...kg } }),
    of('p', 'odd', { ...day(2), valueQuantity: { value: 2, unit: 'm', system: UCUM, code: 'm' } }),
    of('p', 'text', { ...day(1), valueQuantity: { value: 2, unit: 'cups' } }),
    of('p', 'text', { ...day(2), valueQuantity: { value: 3, unit: 'spoons' } }),
    of('p', 'now', { effectiveDateTime: new Date().toISOString(), valueQuantity: { value: 5 } }),
    of('p', 'now', { ...day(1), valueQuantity: { value: 9 } }),
  ]
  const entry = resources.map((resource) => ({ resource, request: { method: 'POST', url: 'Observation' } }))
  expect((await server.transact(entry)).status).toBe(200)
})
afterAll(() => server.stop())

interface Component {
  code: { coding: { code: string }[] }
  valueQuantity?: { value: number; unit?: string; code?: string }
  dataAbsentReason?: object
}
async function statistics(query: string) {
  const { json } = await server.expect(200, `GET Observation/$stats?${query}`)
  expect(json.resourceType).toBe('Parameters')
  const parts = json.parameter as { name: string; resource: { code: Component['code']; component: Component[] } }[]
  return parts
    .filter(({ name }) => name === 'statistics')
    .map(({ resource }) => ({
      code: resource.code.coding[0]!.code,
      of: new Map(resource.component.map((one) => [one.code.coding[0]!.code, one])),
    }))
}
const valuesOf = ({ of }: { of: Map<string, Component> }) =>
  Object.fromEntries([...of].map(([name, { valueQuantity }]) => [name, valueQuantity?.value]))

describe('Observation/$stats', () => {
  it('has every statistic, as a calculation by hand has it', async () => {
    const x = VALUES.map(Number)
    const n = x.length
    const sum = x.reduce((a, b) => a + b)
    const mean = sum / n
    const power = (p: number) => x.reduce((a, b) => a + (b - mean) ** p, 0)
    const variance = power(2) / (n - 1)
    const deviation = Math.sqrt(variance)
    const sorted = [...x].sort((a, b) => a - b)
    const at = (p: number) => {
      const place = p * (n - 1)
      const low = sorted[Math.floor(place)]!
      return low + (sorted[Math.ceil(place)]! - low) * (place - Math.floor(place))
    }
    const day = (n - 1) / 2
    const slope = x.reduce((a, b, i) => a + (i - day) * (b - mean), 0) / x.reduce((a, _, i) => a + (i - day) ** 2, 0)
    const expected: Record<string, number> = {
      count: n,
      'total-count': n + 2,
      average: mean,
      minimum: 68.3,
      maximum: 72.05,
      sum,
      variance,
      'std-dev': deviation,
      median: at(0.5),
      '20-percent': at(0.2),
      '80-percent': at(0.8),
      '4-lower': at(0.25),
      '4-upper': at(0.75),
      '4-dev': (at(0.75) - at(0.25)) / 2,
      '5-1': at(0.2),
      '5-2': at(0.4),
      '5-3': at(0.6),
      '5-4': at(0.8),
      skew: (power(3) / deviation ** 3) * (n / ((n - 1) * (n - 2))),
      kurtosis:
        (power(4) / deviation ** 4) * ((n * (n + 1)) / ((n - 1) * (n - 2) * (n - 3))) -
        (3 * (n - 1) ** 2) / ((n - 2) * (n - 3)),
      regression: slope,
    }
    const names = Object.keys(expected)
    const [weight, ...others] = await statistics(
      `subject=Patient/p&code=weight&system=http://c&statistic=${names.join()}`,
    )
    expect(others).toEqual([])
    const found = valuesOf(weight!)
    for (const name of names) expect(found[name], name).toBeCloseTo(expected[name]!, 9)
    const units = Object.fromEntries([...weight!.of].map(([name, one]) => [name, one.valueQuantity!.code]))
    expect(units).toMatchObject({ average: 'kg', variance: '(kg)2', regression: 'kg/d' })
    expect([units.count, units.skew]).toEqual([undefined, undefined])
  })

  it.each([
    ['code=weight&statistic=count,average', [{ count: 7, average: 70.39285714285714 }]],
    ['code=sys&statistic=average,count', [{ average: 125, count: 2 }]],
    ['code=dose&statistic=sum', [{ sum: 2500 }]],
    ['code=nothing&statistic=count,total-count,average', [{ count: 0, 'total-count': 0, average: undefined }]],
    ['code=now&duration=24&statistic=count', [{ count: 1 }]],
    ['code=now&statistic=count', [{ count: 2 }]],
    ['code=now&duration=24&statistic=std-dev,skew', [{ 'std-dev': undefined, skew: undefined }]],
  ])('%s', async (query, expected) => {
    const found = await statistics(`subject=Patient/p&${query}`)
    const values = found.map(valuesOf)
    expect(values).toHaveLength(expected.length)
    values.forEach((one, i) => {
      for (const [name, value] of Object.entries(expected[i]!)) {
        if (value === undefined) expect(one[name]).toBeUndefined()
        else expect(one[name]).toBeCloseTo(value as number, 9)
      }
    })
  })

  it('of a panel is one for each of its components', async () => {
    const found = await statistics('subject=Patient/p&code=bp&statistic=average')
    expect(Object.fromEntries(found.map((one) => [one.code, valuesOf(one).average]))).toEqual({ sys: 125, dia: 75 })
  })

  it('of a period, by POST, with what it was made from', async () => {
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'subject', valueUri: 'Patient/p' },
        { name: 'coding', valueCoding: { system: 'http://c', code: 'weight' } },
        { name: 'statistic', valueCode: 'count' },
        { name: 'period', valuePeriod: { start: '2020-01-03', end: '2020-01-05' } },
        { name: 'include', valueBoolean: true },
        { name: 'limit', valuePositiveInt: 2 },
      ],
    }
    const { json } = await server.expect(200, 'POST Observation/$stats', { body })
    const [first, ...sources] = json.parameter
    expect(first.resource).toMatchObject({
      resourceType: 'Observation',
      status: 'final',
      subject: { reference: 'Patient/p' },
      effectivePeriod: { start: '2020-01-03', end: '2020-01-05' },
      component: [{ valueQuantity: { value: 3 } }],
    })
    expect(
      sources.map(({ name, resource }: { name: string; resource: Given }) => [name, resource.effectiveDateTime]),
    ).toEqual([
      ['source', '2020-01-05'],
      ['source', '2020-01-04'],
    ])
  })

  it.each([
    [422, 'subject=Patient/p&code=odd&statistic=sum', /units m and kg, which cannot be converted/],
    [422, 'subject=Patient/p&code=text&statistic=sum', /spoons and cups/],
    [400, 'subject=Patient/p&statistic=sum', /needs code/],
    [400, 'subject=Patient/p&code=x&statistic=mode', /mode is none; there are/],
    [400, 'subject=Patient/p&code=x&statistic=sum&duration=0', /above 0/],
    [400, 'subject=Patient/p&code=x&statistic=sum&duration=99999999999999999999', /at most/],
    [400, 'subject=Patient/p&code=x&statistic=sum&period=2020', /send it by POST/],
  ])('%i: %s', async (status, query, reason) => {
    expect(await server.refused(status, `GET Observation/$stats?${query}`)).toMatch(reason)
  })
})
