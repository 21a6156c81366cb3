import type { OperationOutcome, Parameters } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { answered, DUTCH, FRUIT, LADDERS, linesOf, plant, TOOLS, vs } from './orchard.js'

// https://hl7.org/fhir/R4/valueset-operation-validate-code.html and codesystem-operation-validate-code.html, with the
// answers of the terminology ecosystem

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  await plant(server)
})
afterAll(() => server.stop())

const parameters = (given: Record<string, unknown>): Parameters => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).map(([name, value]) => {
    if (name === 'coding') return { name, valueCoding: value as object }
    if (name === 'codeableConcept') return { name, valueCodeableConcept: value as object }
    if (typeof value === 'boolean') return { name, valueBoolean: value }
    if (typeof value === 'string') return { name, valueString: value }
    return { name, resource: value as never }
  }),
})

async function asked(given: Record<string, unknown>, on = 'ValueSet', headers = {}) {
  const { json } = await server.expect(200, `POST ${on}/$validate-code`, { body: parameters(given), headers })
  const { issues, ...all } = answered(json)
  const lines = { issues: linesOf(issues as OperationOutcome | undefined) }
  return { ...all, ...lines } as Record<string, unknown> & typeof lines
}

const refused = async (status: number, given: Record<string, unknown>, on = 'ValueSet') =>
  linesOf((await server.expect(status, `POST ${on}/$validate-code`, { body: parameters(given) })).json)

const coding = (code: string, more: object = {}) => ({ system: FRUIT, code, ...more })

describe('a code that is in the value set', () => {
  it.each([
    ['all', { code: 'apple', system: FRUIT }],
    ['all', { coding: coding('apple') }],
    ['all', { codeableConcept: { coding: [coding('apple')] } }],
    ['pomes', { coding: coding('pear') }],
    ['but-pears', { coding: coding('apple') }],
    ['basket', { coding: coding('apple', { display: 'red APPLE' }) }],
    ['pomes', { coding: coding('pome') }],
    ['all', { code: 'apple', inferSystem: true }],
  ])('%s has %j', async (id, given) => {
    const { issues, result, system } = await asked({ url: vs(id), ...given })
    expect({ issues, result, system }).toEqual({ issues: [], result: true, system: FRUIT })
  })

  it('is answered with what it is', async () =>
    expect(await asked({ url: vs('all'), coding: coding('pear') })).toEqual({
      result: true,
      code: 'pear',
      system: FRUIT,
      version: '1.2',
      display: 'Pear, common',
      issues: [],
    }))

  it('is found by GET, by the id of the value set, and in one that comes along', async () => {
    const query = `system=${encodeURIComponent(FRUIT)}&code=apple`
    const { json } = await server.expect(200, `GET ValueSet/all/$validate-code?${query}`)
    expect(answered(json).result).toBe(true)
    const expansion = { timestamp: '2026-01-01', contains: [{ system: FRUIT, code: 'pear' }] }
    const valueSet = { resourceType: 'ValueSet', status: 'active', expansion }
    expect((await asked({ valueSet, coding: coding('pear') })).result).toBe(true)
    expect((await asked({ valueSet, coding: coding('apple') })).result).toBe(false)
  })
})

describe('a code that is not', () => {
  it.each([
    ['all', 'quince', `Unknown code 'quince' in the CodeSystem '${FRUIT}' version '1.2'`],
    ['pomes', 'medlar', undefined],
    ['but-pears', 'pear', undefined],
    ['basket', 'pear', undefined],
  ])('%s has no %s', async (id, code, unknown) => {
    const { result, issues, message } = await asked({ url: vs(id), coding: coding(code) })
    const notIn = `The provided code '${FRUIT}#${code}' was not found in the value set '${vs(id)}|1'`
    expect(result).toBe(false)
    expect(issues).toContain(`error not-in-vs Coding.code: ${notIn}`)
    expect(message).toContain(notIn)
    expect(issues.filter((one) => one.includes('invalid-code'))).toEqual(
      unknown ? [`error invalid-code Coding.code: ${unknown}`] : [],
    )
  })

  it('is told in a CodeableConcept for each coding, and for all', async () => {
    const concept = { coding: [coding('quince'), coding('medlar')], text: 'old fruit' }
    expect(await asked({ url: vs('pomes'), codeableConcept: concept })).toEqual({
      result: false,
      message: expect.stringMatching(/^No valid coding was found .*; The concept 'medlar' .*; Unknown code 'quince' /),
      codeableConcept: concept,
      issues: [
        `information this-code-not-in-vs CodeableConcept.coding[0].code: The provided code '${FRUIT}#quince' was not found in the value set '${vs('pomes')}|1'`,
        `error invalid-code CodeableConcept.coding[0].code: Unknown code 'quince' in the CodeSystem '${FRUIT}' version '1.2'`,
        `information this-code-not-in-vs CodeableConcept.coding[1].code: The provided code '${FRUIT}#medlar' was not found in the value set '${vs('pomes')}|1'`,
        `error not-in-vs: No valid coding was found for the value set '${vs('pomes')}|1'`,
        `warning code-comment CodeableConcept.coding[1]: The concept 'medlar' has a status of retired and inactive and its use should be reviewed`,
      ],
    })
  })

  it('does no harm beside one that is, but where it does not exist', async () => {
    const both = (second: object) => asked({ url: vs('pomes'), codeableConcept: { coding: [coding('pear'), second] } })
    expect(await both(coding('sloe'))).toMatchObject({ result: true, code: 'pear', display: 'Pear, common' })
    expect(await both(coding('quince'))).toMatchObject({ result: false, code: 'pear' })
    const foreign = await both({ system: 'http://orchard.example/cs/none', code: 'x' })
    expect(foreign.result).toBe(true)
    expect(foreign.issues.at(-1)).toMatch(/^warning not-found CodeableConcept\.coding\[1\]\.system: .* was not checked/)
  })

  it('is nothing but that, when no more is asked', async () => {
    const given = { url: vs('all'), coding: coding('quince'), 'valueset-membership-only': true }
    expect((await asked(given)).issues).toEqual([expect.stringMatching(/^error not-in-vs /)])
  })
})

describe('displays', () => {
  const wrong = (valid: string, languages: string) =>
    `error invalid-display Coding.display: Wrong Display Name 'Birne' for ${FRUIT}#apple. Valid display is ${valid} (for the language(s) '${languages}')`

  it.each([
    ['any language', 'all', {}, {}, `one of 3 choices: 'Apple' (en), 'Apfel' (de) or 'Pomme' (fr)`, '--'],
    ['a language', 'all', { displayLanguage: 'de' }, {}, `'Apfel' (de)`, 'de'],
    ['a header', 'all', {}, { 'Accept-Language': 'fr-CH, fr;q=0.9' }, `'Pomme' (fr)`, 'fr-CH, fr'],
    [
      'the parameter before the header',
      'all',
      { displayLanguage: 'de' },
      { 'Accept-Language': 'fr' },
      `'Apfel' (de)`,
      'de',
    ],
    ['the language of the value set', 'german', {}, { 'Accept-Language': '' }, `'Apfel' (de)`, 'de'],
    [
      'those of the value set',
      'basket',
      { displayLanguage: 'en' },
      {},
      `one of 2 choices: 'Apple' (en) or 'Red apple'`,
      'en',
    ],
  ])('are checked in %s', async (_, id, given, headers, valid, languages) => {
    const all = { url: vs(id), coding: coding('apple', { display: 'Birne' }), ...given }
    const { result, issues } = await asked(all, 'ValueSet', { 'Accept-Language': '*', ...headers })
    expect({ result, issues }).toEqual({ result: false, issues: [wrong(valid, languages)] })
  })

  it.each([
    ['APPLE', 'en', true, []],
    ['Apfel', 'de-AT', true, []],
    ['Red  Apple', 'en', false, ['Wrong whitespace in Display Name']],
    ['Apple', 'es', true, [`information invalid-display Coding.display: There are no valid display names found`]],
    ['Birne', 'es', false, [`error invalid-display Coding.display: Wrong Display Name 'Birne'`]],
  ])('%s in %s is right: %s', async (display, displayLanguage, right, lines) => {
    const id = display.startsWith('Red') ? 'basket' : 'all'
    const { result, issues } = await asked({ url: vs(id), coding: coding('apple', { display }), displayLanguage })
    expect(result).toBe(right)
    expect(issues).toEqual(lines.map((one) => expect.stringContaining(one)))
  })

  it('are only warned of when that is asked', async () => {
    const given = { url: vs('all'), coding: coding('apple', { display: 'Birne' }), 'lenient-display-validation': true }
    const { result, display, message, issues } = await asked(given)
    expect({ result, display }).toEqual({ result: true, display: 'Apple' })
    expect(message).toMatch(/^Wrong Display Name 'Birne'/)
    expect(issues).toEqual([expect.stringMatching(/^warning invalid-display /)])
  })

  it('are shown in the language that is wanted', async () =>
    expect(await asked({ url: vs('all'), coding: coding('apple'), displayLanguage: 'fr' })).toMatchObject({
      display: 'Pomme',
    }))

  it('are those of a supplement where one is asked for', async () => {
    const dutch = { coding: coding('apple', { display: 'Appel' }), displayLanguage: 'nl' }
    expect((await asked({ url: vs('dutch'), ...dutch })).result).toBe(true)
    expect((await asked({ url: vs('all'), useSupplement: DUTCH, ...dutch })).result).toBe(true)
    expect((await asked({ url: vs('all'), ...dutch })).result).toBe(false)
    expect(await refused(404, { url: vs('frisian'), ...dutch })).toEqual([
      'error not-found: Required supplement not found: http://orchard.example/cs/fruit-in-frisian',
    ])
  })

  it('need a language that is one', async () =>
    expect(await refused(400, { url: vs('all'), coding: coding('apple'), displayLanguage: '-' })).toEqual([
      "error invalid-display: Invalid displayLanguage: '-'",
    ]))
})

describe('the state of a code', () => {
  it.each([
    [
      'retired',
      'all',
      'medlar',
      {},
      true,
      ["warning code-comment Coding: The concept 'medlar' has a status of retired and inactive"],
    ],
    ['deprecated', 'all', 'sloe', {}, true, ["warning code-comment Coding: The concept 'sloe' is deprecated"]],
    [
      'retired, of a value set without such',
      'fresh',
      'medlar',
      {},
      false,
      [
        "error code-rule Coding.code: The concept 'medlar' is valid but is not active",
        'error not-in-vs',
        'warning code-comment',
      ],
    ],
    [
      'retired, where none is wanted',
      'all',
      'medlar',
      { activeOnly: true },
      false,
      ['error code-rule Coding.code', 'error not-in-vs', 'warning code-comment'],
    ],
    [
      'a group',
      'pomes',
      'pome',
      { abstract: false },
      false,
      [
        `error code-rule Coding.code: Code '${FRUIT}#pome' is abstract, and not allowed in this context`,
        'error not-in-vs',
      ],
    ],
    [
      'deprecated by the value set',
      'basket',
      'sloe',
      {},
      true,
      [
        `warning code-comment Coding.code: The presence of the concept 'sloe' in the system '${FRUIT}' in the value set ${vs('basket')}|1 is marked with a status of deprecated`,
        'warning code-comment',
      ],
    ],
  ])('%s', async (_, id, code, given, right, lines) => {
    const { result, issues } = await asked({ url: vs(id), coding: coding(code), ...given })
    expect(result).toBe(right)
    expect(issues).toEqual(lines.map((one) => expect.stringContaining(one)))
  })

  it('is part of the answer', async () =>
    expect(await asked({ url: vs('all'), coding: coding('medlar') })).toMatchObject({
      inactive: true,
      status: 'retired',
    }))

  // VA-11
  it.each([
    ['2019-06-30', true],
    ['2020-01-01', false],
    ['1899', false],
  ])('on %s a code that was retired at the end of 2019 is right: %s', async (date, right) => {
    const { result, issues } = await asked({ url: FRUIT, code: 'medlar', date }, 'CodeSystem')
    expect(result).toBe(right)
    expect(
      issues.some((one) => one.includes(`is not in effect on ${date}: it is from 1900-01-01 until 2019-12-31`)),
    ).toBe(!right)
  })
})

describe('code systems', () => {
  const NONE = 'http://orchard.example/cs/none'
  it.each([
    [
      'is unknown',
      NONE,
      `error not-found Coding.system: A definition for CodeSystem '${NONE}' could not be found, so the code cannot be validated`,
    ],
    [
      'is relative',
      'fruit',
      'error invalid-data Coding.system: Coding.system must be an absolute reference, not a local reference',
    ],
    [
      'is a value set',
      vs('all'),
      `error invalid-data Coding.system: The Coding references a value set, not a code system ('${vs('all')}')`,
    ],
    [
      'is a supplement',
      DUTCH,
      `error invalid-data Coding.system: CodeSystem ${DUTCH}|1 is a supplement, so can't be used as a value in Coding.system`,
    ],
  ])('%s', async (_, system, line) => {
    const ofValueSet = await asked({ url: vs('all'), coding: { system, code: 'apple' } })
    expect(ofValueSet.result).toBe(false)
    expect(ofValueSet.issues).toContain(line)
    const ofCodeSystem = await asked({ coding: { system, code: 'apple' } }, 'CodeSystem')
    expect(ofCodeSystem.result).toBe(false)
    expect(ofCodeSystem.issues).toContain(line)
  })

  it('are told where they are the cause', async () => {
    expect(await asked({ url: vs('all'), coding: { system: NONE, code: 'x' } })).toMatchObject({
      'x-unknown-system': NONE,
    })
    expect(await asked({ url: vs('unknown'), coding: { system: NONE, code: 'x' } })).toMatchObject({
      result: false,
      'x-caused-by-unknown-system': NONE,
    })
  })

  it('may be a fragment, which cannot tell what else there is', async () => {
    const { result, issues } = await asked({ url: vs('shed'), coding: { system: LADDERS, code: 'rope' } })
    expect(result).toBe(true)
    expect(issues).toEqual([
      expect.stringMatching(/^warning invalid-code Coding\.code: Unknown Code 'rope' .* fragment/),
    ])
  })

  it('may not care for case', async () => {
    const answer = await asked({ url: vs('shed'), coding: { system: TOOLS, code: 'SHEARS' } })
    expect(answer).toMatchObject({ result: true, code: 'SHEARS', 'normalized-code': 'Shears' })
    expect(answer.issues).toContainEqual(
      expect.stringContaining(`information code-rule Coding.code: The code 'SHEARS' differs`),
    )
    expect((await asked({ url: vs('all'), coding: coding('APPLE') })).result).toBe(false)
  })

  it('are spoken of when they are drafts or experiments', async () =>
    expect((await asked({ url: TOOLS, code: 'Shears' }, 'CodeSystem')).issues).toEqual([
      `information status-check: Reference to experimental CodeSystem ${TOOLS}|7`,
    ]))

  it('are missing', async () => {
    const { result, issues } = await asked({ url: vs('all'), coding: { code: 'apple' } })
    expect(result).toBe(false)
    expect(issues[0]).toMatch(/^warning invalid-data Coding: Coding has no system\./)
    const none = await asked({ url: vs('all'), code: 'quince', inferSystem: true })
    expect(none.issues[0]).toBe(
      `error cannot-infer code: The System URI could not be determined for the code 'quince' in the ValueSet '${vs('all')}|1'`,
    )
    const several = await asked({ url: vs('shed'), code: 'apple', inferSystem: true })
    expect(several.issues[0]).toContain(`value set expansion has multiple matches: [${TOOLS}, ${FRUIT}]`)
  })
})

describe('what cannot be answered', () => {
  it.each([
    [
      422,
      { url: vs('none'), coding: coding('apple') },
      `error not-found: A definition for the value Set '${vs('none')}' could not be found`,
    ],
    [400, { url: vs('all') }, 'error undefined: Unable to find code to validate'],
    [400, { url: vs('all'), code: 'apple' }, 'error undefined: Unable to find code to validate'],
  ])('%i %j', async (status, given, line) =>
    expect(await refused(status, given)).toEqual([expect.stringContaining(line)]),
  )

  it('is answered all the same where only an import is missing', async () =>
    expect(await asked({ url: vs('importing'), coding: coding('apple') })).toMatchObject({
      result: false,
      code: 'apple',
      issues: [`error not-found: A definition for the value Set '${vs('none')}' could not be found`],
    }))

  it.each([
    ['a circle', { include: [{ valueSet: ['http://orchard.example/vs/brought'] }] }, 'Found a circularity pointing to'],
    [
      'a filter without a value',
      { include: [{ system: FRUIT, filter: [{ property: 'concept', op: 'is-a' }] }] },
      `The system ${FRUIT} filter with property = concept, op = is-a has no value`,
    ],
    [
      'a filter that nobody knows',
      { include: [{ system: FRUIT, filter: [{ property: 'taste', op: '=', value: 'sweet' }] }] },
      'The filter "taste = sweet" is not understood',
    ],
  ])('%s', async (_, compose, text) => {
    const brought = { resourceType: 'ValueSet', url: vs('brought'), status: 'active', compose }
    const lines = await refused(422, { 'tx-resource': brought, url: vs('brought'), coding: coding('apple') })
    expect(lines).toEqual([expect.stringContaining(text)])
  })

  it('says what is wrong with the request', async () => {
    const body = parameters({ url: vs('all'), coding: coding('apple'), 'system-version': FRUIT })
    const { json } = await server.expect(400, 'POST ValueSet/$validate-code', { body })
    expect(json.issue[0].diagnostics).toBe('system-version is a url and a version: `http://loinc.org|2.80`')
  })
})
