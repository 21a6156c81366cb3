import type { OperationOutcome } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { answered, FRUIT, linesOf, plant, vs } from './orchard.js'

// Of the fruit there are the versions 1.0 and 1.2: which of them a code is judged by

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  await plant(server)
})
afterAll(() => server.stop())

type Rules = Record<string, string>

async function asked(id: string, code: string, given: string | undefined, rules: Rules = {}, display?: string) {
  const coding = { system: FRUIT, code, ...(given && { version: given }), ...(display && { display }) }
  const parameter = [
    { name: 'url', valueUri: vs(id) },
    { name: 'coding', valueCoding: coding },
    ...Object.entries(rules).map(([name, version]) => ({ name, valueCanonical: `${FRUIT}|${version}` })),
  ]
  const { json } = await server.expect(200, 'POST ValueSet/$validate-code', {
    body: { resourceType: 'Parameters', parameter },
  })
  const { issues, ...all } = answered(json)
  return { ...all, issues: linesOf(issues as OperationOutcome | undefined) } as Record<string, unknown> & {
    issues: string[]
  }
}

const UNKNOWN = (version: string) =>
  `error not-found Coding.system: A definition for CodeSystem '${FRUIT}' version '${version}' could not be found, so the code cannot be validated. Valid versions: 1.0 or 1.2`
const OTHER = (included: string, given: string) =>
  `error vs-invalid Coding.version: The code system '${FRUIT}' version '${included}' in the ValueSet include is different to the one in the value ('${given}')`
const BY_RULE = (version: string, included: string, given: string) =>
  `error vs-invalid Coding.version: The code system '${FRUIT}' version '${version}' resulting from the version '${included}' in the ValueSet include is different to the one in the value ('${given}')`
const BY_DEFAULT = (version: string, given: string) =>
  `warning vs-invalid Coding.version: The code system '${FRUIT}' version '${version}' for the versionless include in the ValueSet include is different to the one in the value ('${given}')`
const NOT_ALLOWED = (version: string, required: string) =>
  `error version-error Coding.version: The version '${version}' is not allowed for system '${FRUIT}': required to be '${required}' by a version-check parameter`

describe('a code is judged by', () => {
  it.each([
    // value set, given, rules, version, issues
    ['all', undefined, {}, '1.2', []],
    ['all', '1.0', {}, '1.0', []],
    ['old', undefined, {}, '1.0', []],
    ['old', '1.0', {}, '1.0', []],
    ['any-1', undefined, {}, '1.2', []],
    ['any-1', '1.0', {}, '1.0', []],
    ['old', '1.2', {}, '1.0', [OTHER('1.0', '1.2')]],
    ['old', '3', {}, '1.0', [OTHER('1.0', '3'), UNKNOWN('3')]],
    ['all', '3', {}, '1.2', [BY_DEFAULT('1.2', '3'), UNKNOWN('3')]],
    ['all', undefined, { 'system-version': '1.0' }, '1.0', []],
    ['old', undefined, { 'system-version': '1.2' }, '1.0', []],
    ['all', '3', { 'system-version': '1.0' }, '1.0', [BY_RULE('1.0', '', '3'), UNKNOWN('3')]],
    ['all', undefined, { 'check-system-version': '1.0' }, '1.0', []],
    ['any-1', undefined, { 'check-system-version': '1.0' }, '1.2', [NOT_ALLOWED('1.2', '1.0')]],
    ['any-1', '1.0', { 'check-system-version': '1.0' }, '1.0', []],
    ['all', undefined, { 'force-system-version': '1.0' }, '1.0', []],
    ['any-1', '1.2', { 'force-system-version': '1.0' }, '1.0', [BY_RULE('1.0', '1.x', '1.2')]],
  ] as [string, string | undefined, Rules, string, string[]][])(
    '%s, given %s, with %j: %s',
    async (id, given, rules, version, issues) =>
      expect(await asked(id, 'apple', given, rules)).toMatchObject({
        result: !issues.some((one) => one.startsWith('error')),
        version,
        issues,
      }),
  )

  it('a version that nobody knows, and then it cannot be told', async () => {
    const answer = await asked('lost', 'apple', undefined)
    expect(answer).toMatchObject({ result: false, issues: [UNKNOWN('9')], 'x-caused-by-unknown-system': `${FRUIT}|9` })
    expect((await asked('lost', 'apple', '1.0')).issues).toEqual([OTHER('9', '1.0'), UNKNOWN('9')])
  })
})

describe('a value set of several versions', () => {
  it.each([
    ['plum', undefined, '1.2', true],
    ['pear', 'Pear', '1.0', true],
    ['pear', 'Pear, common', '1.2', true],
    ['pear', 'Birne', '1.2', false],
    ['quince', undefined, '1.2', false],
  ])('has %s %s in %s', async (code, display, version, right) =>
    expect(await asked('both', code, undefined, {}, display)).toMatchObject({ result: right, version }),
  )

  it('has a code in the version that is given', async () => {
    expect(await asked('both', 'pear', '1.0')).toMatchObject({ result: true, version: '1.0', display: 'Pear' })
    expect(await asked('both', 'plum', '1.0')).toMatchObject({ result: false, version: '1.0' })
  })
})

// VA-11: of a system that comes out every year, the version that was in effect on the day of service
describe('a code on a day', () => {
  const HARVEST = 'http://orchard.example/cs/harvest'
  const year = (version: string, start: string, end: string, codes: string[]) => ({
    name: 'tx-resource',
    resource: {
      resourceType: 'CodeSystem',
      url: HARVEST,
      version,
      status: 'active',
      content: 'complete',
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/resource-effectivePeriod',
          valuePeriod: { start, end },
        },
      ],
      concept: codes.map((code) => ({ code })),
    },
  })
  const years = [
    year('2025', '2024-10-01', '2025-09-30', ['h1', 'h2']),
    year('2026', '2025-10-01', '2026-09-30', ['h1', 'h3']),
  ]

  it.each([
    ['h2', '2025-09-30', true, '2025'],
    ['h2', '2025-10-01', false, '2026'],
    ['h3', '2025-09-30', false, '2025'],
    ['h3', '2025-10-01', true, '2026'],
    ['h1', '2027-01-01', true, '2026'],
    ['h1', '2020-01-01', true, '2025'],
  ])('%s on %s is right: %s (%s)', async (code, date, right, version) => {
    const parameter = [
      { name: 'url', valueUri: HARVEST },
      { name: 'code', valueCode: code },
      { name: 'date', valueDateTime: `${date}T12:00:00Z` },
      ...years,
    ]
    const body = { resourceType: 'Parameters', parameter }
    const { json } = await server.expect(200, 'POST CodeSystem/$validate-code', { body })
    const { result, version: used, message = '' } = answered(json)
    expect({ result, used }).toEqual({ result: right, used: version })
    const isCovered = date >= '2024-10-01' && date <= '2026-09-30'
    expect(String(message).includes('No version of the CodeSystem')).toBe(!isCovered)
  })
})
