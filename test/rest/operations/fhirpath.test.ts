import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../server.js'
import { observation, parameters, patient, question, results } from './fhirpath.asked.js'

// The contract of the servers behind FHIRPath Lab: https://github.com/brianpos/fhirpath-lab

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_FHIRPATH_TIMEOUT_MS: '1000' })
})
afterAll(() => server.stop())

const JSON_VALUE = 'http://fhir.forms-lab.com/StructureDefinition/json-value'
const RESOURCE_PATH = 'http://fhir.forms-lab.com/StructureDefinition/resource-path'
const at = (path: string) => [{ url: RESOURCE_PATH, valueString: path }]

describe('the answer', () => {
  it('names the evaluator, and says again what was asked', async () => {
    const { json } = await server.expect(200, 'POST $fhirpath', question('name.count()'))
    expect(json.parameter[0]).toEqual({
      name: 'parameters',
      part: [
        { name: 'evaluator', valueString: expect.stringMatching(/^Ingle \d+\.\d+\.\d+ \(R4\)$/) },
        { name: 'expression', valueString: 'name.count()' },
        { name: 'resource', resource: patient },
      ],
    })
  })

  it('has a part for each value, named by its type, with the place it was found at', async () => {
    expect(await results(server, question('name[0].given | active | 1 + 1'))).toEqual([
      {
        name: 'result',
        valueString: 'Patient',
        part: [
          { name: 'string', extension: at('Patient.name[0].given[0]'), valueString: 'Anna' },
          { name: 'string', extension: at('Patient.name[0].given[1]'), valueString: 'Lena' },
          { name: 'boolean', extension: at('Patient.active'), valueBoolean: true },
          { name: 'integer', valueInteger: 2 },
        ],
      },
    ])
  })

  it('has extensions beside a primitive, also where it has no value', async () => {
    const given = [{ given: [null, 'B'], _given: [{ extension: [{ url: 'http://x', valueCode: 'unknown' }] }, null] }]
    const [result] = await results(server, question('name.given', { resourceType: 'Patient', name: given }))
    expect(result!.part).toEqual([
      {
        name: 'string',
        extension: at('Patient.name[0].given[0]'),
        _valueString: { extension: [{ url: 'http://x', valueCode: 'unknown' }] },
      },
      { name: 'string', extension: at('Patient.name[0].given[1]'), valueString: 'B' },
    ])
  })

  it('carries what a parameter cannot as JSON text', async () => {
    const [result] = await results(server, question('contact'))
    expect(result!.part).toEqual([
      {
        name: 'BackboneElement',
        extension: [...at('Patient.contact[0]'), { url: JSON_VALUE, valueString: JSON.stringify(patient.contact[0]) }],
      },
    ])
    const [type] = await results(server, question('active.type()'))
    const [json] = type!.part![0]!.extension as { valueString: string }[]
    expect(JSON.parse(json!.valueString)).toEqual({
      namespace: 'FHIR',
      name: 'boolean',
      baseType: 'FHIR.Element',
    })
  })

  it('carries a resource as one, and an empty string by its name', async () => {
    const [result] = await results(server, question("contained | ''"))
    expect(result!.part).toEqual([
      { name: 'Organization', extension: at('Patient.contained[0]'), resource: patient.contained[0] },
      { name: 'empty-string' },
    ])
  })

  it('keeps the digits of decimals', async () => {
    const asked = JSON.stringify(question('value | value.value | 1.50 * 2', observation).body).replace('81.5', '81.50')
    const { text } = await server.expect(200, 'POST $fhirpath', { body: asked })
    expect(text).toContain('"valueQuantity":{"value":81.50,')
    expect(text).toContain('"valueDecimal":81.50')
    expect(text).toContain('"valueDecimal":3.00')
  })

  it('has what trace() saw', async () => {
    const [result] = await results(server, question("name.trace('names', given.count()).count()"))
    expect(result!.part).toEqual([
      { name: 'integer', valueInteger: 3 },
      {
        name: 'trace',
        valueString: 'names',
        part: [
          { name: 'integer', valueInteger: 2 },
          { name: 'integer', valueInteger: 1 },
          { name: 'integer', valueInteger: 2 },
        ],
      },
    ])
  })

  it('is a result without parts where nothing was found', async () => {
    expect(await results(server, question('photo'))).toEqual([{ name: 'result', valueString: 'Patient' }])
  })
})

describe('the question', () => {
  it('is evaluated for each item of a context', async () => {
    const context = { name: 'context', valueString: "name.where(use != 'nickname')" }
    const found = await results(server, question('given.first() & %context.family & %resource.id', patient, [context]))
    expect(found.map(({ valueString, part }) => [valueString, part![0]!.valueString])).toEqual([
      ['Patient.name[0]', 'AnnaVossp1'],
      ['Patient.name[2]', 'AnnaBrandtp1'],
    ])
    const nothing = { name: 'context', valueString: 'photo' }
    expect(await results(server, question('1', patient, [nothing]))).toEqual([])
  })

  it('has variables of any type', async () => {
    const part = [
      { name: 'least', valueDecimal: 80.5 },
      { name: 'unit', valueCode: 'kg' },
      { name: 'amount', valueQuantity: { value: 1, system: 'http://unitsofmeasure.org', code: 'kg' } },
      { name: 'who', resource: patient },
    ]
    const expression = '(value.value > %least) and (value.code = %unit) and (value > %amount) and %who.active'
    const [result] = await results(server, question(expression, observation, [{ name: 'variables', part }]))
    expect(result!.part).toEqual([{ name: 'boolean', valueBoolean: true }])
  })

  it.each([
    ['has no expression', [{ name: 'resource', resource: patient }], /needs the parameter expression/],
    ['has no resource', [{ name: 'expression', valueString: '1' }], /needs the parameter resource/],
    ['has a parameter that is unknown', [{ name: 'expresion', valueString: '1' }], /no parameter expresion/],
    [
      'has a resource of no known type',
      [
        { name: 'expression', valueString: '1' },
        { name: 'resource', resource: { resourceType: 'Patent' } },
      ],
      /type that FHIR R4 does not have/,
    ],
    [
      'gives %resource another value',
      [
        { name: 'expression', valueString: '1' },
        { name: 'resource', resource: patient },
        { name: 'variables', part: [{ name: 'resource', valueString: 'x' }] },
      ],
      /%resource has its value already/,
    ],
    [
      'has a variable without a value',
      [
        { name: 'expression', valueString: '1' },
        { name: 'resource', resource: patient },
        { name: 'variables', part: [{ name: 'x' }] },
      ],
      /x has its value in value\[x\] or in resource/,
    ],
  ])('is refused when it %s', async (_, parameter, why) => {
    expect(await server.refused(400, 'POST $fhirpath', parameters(parameter))).toMatch(why)
  })

  it('comes by POST: a URL holds no resource', async () => {
    expect(await server.refused(400, 'GET $fhirpath?expression=1')).toMatch(/needs the parameter resource/)
  })
})

describe('an expression that runs away', () => {
  const ten = '(0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9)'
  const forty = `${ten}.combine(${ten}).combine(${ten}).combine(${ten})`

  it.each([
    ['a regular expression that backtracks', `'${'a'.repeat(50)}!'.matches('^(a+)+$')`, /past its limit of 1000 ms/],
    ['loops within loops', `${`${ten}.select(`.repeat(12)}1${')'.repeat(12)}.count()`, /past its limit of 1000 ms/],
    ['a string that doubles', `${forty}.aggregate($total & $total, 'x').length()`, /longer than 16777216 characters/],
    ['a collection that doubles', `${forty}.aggregate($total.combine($total), 'x').count()`, /memory|past its limit/],
  ])('%s is ended, and others are served meanwhile', async (_, expression, why) => {
    const runaway = server.ask('POST $fhirpath', question(expression))
    expect(await results(server, question('name.count()'))).toHaveLength(1)
    const { status, json } = await runaway
    expect([status, json.issue[0].code]).toEqual([422, 'too-costly'])
    expect(json.issue[0].diagnostics).toMatch(why)
  })

  it('leaves the server as it was, when there are more of them than processes', async () => {
    const bomb = question(`'${'a'.repeat(50)}!'.matches('^(a|aa)+$')`)
    const answers = await Promise.all(Array.from({ length: 3 }, () => server.ask('POST $fhirpath', bomb)))
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422])
    expect(await results(server, question('true'))).toMatchObject([{ part: [{ valueBoolean: true }] }])
  })

  it.each([
    ['parentheses', '('.repeat(5000), /more than 200 levels/],
    ['signs', '-'.repeat(5000), /more than 200 levels/],
    ['a path', `name${'.where(true)'.repeat(5000)}`, /more than 2000 steps and operators/],
    ['a sum', `1${' + 1'.repeat(5000)}`, /more than 2000 steps and operators/],
  ])('%s without end: it is refused', async (_, expression, why) => {
    expect(await server.refused(400, 'POST $fhirpath', question(expression))).toMatch(why)
  })
})
