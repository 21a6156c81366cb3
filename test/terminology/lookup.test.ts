import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { answered, DUTCH, FRUIT, linesOf, plant, TOOLS } from './orchard.js'

// https://hl7.org/fhir/R4/codesystem-operation-lookup.html and codesystem-operation-subsumes.html

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  await plant(server)
})
afterAll(() => server.stop())

const query = (given: Record<string, string>) => new URLSearchParams(given).toString()
const lookedUp = async (given: Record<string, string>, headers = {}) =>
  answered((await server.expect(200, `GET CodeSystem/$lookup?${query(given)}`, { headers })).json)

/** `ripe=autumn` of each property. */
const propertiesOf = async (given: Record<string, string>) => {
  const { json } = await server.expect(200, `GET CodeSystem/$lookup?${query({ system: FRUIT, ...given })}`)
  type Part = { name: string } & Record<string, unknown>
  const all = (json.parameter as { name: string; part: Part[] }[]).filter(({ name }) => name === 'property')
  return all.map(({ part }) => part.map(({ name: _, ...value }) => Object.values(value)[0]).join(' ')).sort()
}

describe('$lookup', () => {
  it('tells what a code is', async () => {
    const { designation, property, ...all } = await lookedUp({ system: FRUIT, code: 'apple' })
    expect(all).toEqual({
      name: 'Fruit',
      version: '1.2',
      display: 'Apple',
      system: FRUIT,
      code: 'apple',
      abstract: false,
      definition: 'What falls not far from the tree.',
    })
    expect(JSON.stringify(designation)).toContain('"valueCode":"de"')
    expect(property).toBeDefined()
  })

  it.each([
    [{ code: 'apple' }, ['inactive false', 'parent pome Pome fruit', 'ripe autumn', 'weight 0.15']],
    [{ code: 'pome', property: 'child' }, ['child apple Apple', 'child pear Pear, common']],
    [{ code: 'apple', property: 'ripe,parent' }, ['parent pome Pome fruit', 'ripe autumn']],
    [{ code: 'apple', property: 'designation' }, []],
    [{ code: 'medlar', property: 'status,inactive' }, ['inactive true', 'status retired']],
  ])('%j has the properties %j', async (given, lines) => expect(await propertiesOf(given)).toEqual(lines))

  it('keeps the digits of decimals', async () =>
    expect(
      (await server.ask(`GET CodeSystem/$lookup?${query({ system: FRUIT, code: 'apple', property: 'weight' })}`)).text,
    ).toContain('"valueDecimal":0.15'))

  it('shows the display in a language that is wanted, or the one that there is', async () => {
    const apple = { system: FRUIT, code: 'apple' }
    expect((await lookedUp({ ...apple, displayLanguage: 'fr' })).display).toBe('Pomme')
    expect((await lookedUp(apple, { 'Accept-Language': 'es;q=0.9, de;q=0.5' })).display).toBe('Apfel')
    expect((await lookedUp({ ...apple, displayLanguage: 'es' })).display).toBe('Apple')
    expect((await lookedUp({ ...apple, displayLanguage: 'nl', useSupplement: DUTCH })).display).toBe('Appel')
  })

  it('takes a coding, a version, the id of a code system', async () => {
    const parameter = [{ name: 'coding', valueCoding: { system: FRUIT, version: '1.0', code: 'pear' } }]
    const { json } = await server.expect(200, 'POST CodeSystem/$lookup', {
      body: { resourceType: 'Parameters', parameter },
    })
    expect(answered(json).display).toBe('Pear')
    expect((await lookedUp({ system: FRUIT, version: '1.0', code: 'pear' })).display).toBe('Pear')
    expect(answered((await server.expect(200, 'GET CodeSystem/fruit-1-0/$lookup?code=pear')).json).display).toBe('Pear')
  })

  it.each([
    [400, {}, undefined],
    [400, { code: 'apple' }, undefined],
    [
      404,
      { system: FRUIT, code: 'quince' },
      `error invalid-code: Unknown code 'quince' in the CodeSystem '${FRUIT}' version '1.2'`,
    ],
    [
      404,
      { system: FRUIT, version: '7', code: 'apple' },
      `error not-found: A definition for CodeSystem '${FRUIT}' version '7' could not be found, so the code cannot be validated. Valid versions: 1.0 or 1.2`,
    ],
    [
      404,
      { system: 'http://orchard.example/cs/none', code: 'x' },
      `error not-found: A definition for CodeSystem 'http://orchard.example/cs/none' could not be found, so the code cannot be validated`,
    ],
  ] as [number, Record<string, string>, string | undefined][])('%i %j', async (status, given, line) => {
    const { json } = await server.expect(status, `GET CodeSystem/$lookup?${query(given)}`)
    if (line) expect(linesOf(json)).toEqual([line])
    else expect(json.issue[0].diagnostics).toMatch(/need/)
  })
})

describe('$subsumes', () => {
  it.each([
    ['pome', 'apple', 'subsumes'],
    ['apple', 'pome', 'subsumed-by'],
    ['apple', 'apple', 'equivalent'],
    ['apple', 'pear', 'not-subsumed'],
  ])('%s to %s: %s', async (codeA, codeB, outcome) => {
    const { json } = await server.expect(200, `GET CodeSystem/$subsumes?${query({ system: FRUIT, codeA, codeB })}`)
    expect(answered(json)).toEqual({ outcome })
    const coding = (code: string) => ({ valueCoding: { system: FRUIT, code } })
    const parameter = [
      { name: 'codingA', ...coding(codeA) },
      { name: 'codingB', ...coding(codeB) },
    ]
    const body = { resourceType: 'Parameters', parameter }
    expect(answered((await server.expect(200, 'POST CodeSystem/$subsumes', { body })).json)).toEqual({ outcome })
  })

  it('takes codes as equal that differ in what the system does not care for', async () => {
    const { json } = await server.expect(
      200,
      `GET CodeSystem/$subsumes?${query({ system: TOOLS, codeA: 'SHEARS', codeB: 'shears' })}`,
    )
    expect(answered(json)).toEqual({ outcome: 'equivalent' })
  })

  it.each([
    [400, { codeA: 'apple', codeB: 'pear' }, 'error invalid-data codeA: No code system is provided'],
    [404, { system: FRUIT, codeA: 'apple', codeB: 'quince' }, "error invalid-code codeB: Unknown code 'quince'"],
  ] as [number, Record<string, string>, string][])('%i %j', async (status, given, line) => {
    const { json } = await server.expect(status, `GET CodeSystem/$subsumes?${query(given)}`)
    expect(linesOf(json)).toEqual([expect.stringContaining(line)])
  })

  it('is refused of two systems, and where the hierarchy means something else', async () => {
    const parameter = [FRUIT, TOOLS].map((system, i) => ({
      name: i ? 'codingB' : 'codingA',
      valueCoding: { system, code: 'apple' },
    }))
    const { json } = await server.expect(400, 'POST CodeSystem/$subsumes', {
      body: { resourceType: 'Parameters', parameter },
    })
    expect(linesOf(json)[0]).toContain('Subsumption can only be tested between two codes in the same code system')
    const parts = {
      resourceType: 'CodeSystem',
      url: 'http://orchard.example/cs/parts',
      status: 'active',
      content: 'complete',
    }
    const concept = [{ code: 'tree', concept: [{ code: 'leaf' }] }]
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'tx-resource', resource: { ...parts, hierarchyMeaning: 'part-of', concept } },
        { name: 'system', valueUri: parts.url },
        { name: 'codeA', valueCode: 'tree' },
        { name: 'codeB', valueCode: 'leaf' },
      ],
    }
    const refused = await server.expect(422, 'POST CodeSystem/$subsumes', { body })
    expect(linesOf(refused.json)[0]).toContain('has hierarchyMeaning = part-of')
  })
})
