import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRules, shippedRules } from '../../src/rest/rule-files.js'
import { idsOf, openServer, type RestServer } from './server.js'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const withSsn = (value: string) => ({
  resourceType: 'Patient',
  identifier: [
    { system: 'http://hospital.example/mrn', value: '1' },
    { system: 'http://hl7.org/fhir/sid/us-ssn', value },
  ],
})
const withPhone = (value: string, system = 'phone') => ({ resourceType: 'Patient', telecom: [{ system, value }] })

/** JSON text, so that amounts keep their digits. */
const claim = (lines: string, total = '') => `{
  "resourceType": "Claim", "status": "active", "use": "claim", "created": "2026-01-05",
  "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
  "patient": {"reference": "Patient/p"}, "provider": {"reference": "Organization/o"},
  "priority": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/processpriority", "code": "normal"}]},
  "insurance": [{"sequence": 1, "focal": true, "coverage": {"reference": "Coverage/c"}}]
  ${lines && `, "item": [${lines}]`} ${total && `, "total": ${total}`} }`
const money = (value: string, currency = 'USD') => `{"value": ${value}, "currency": "${currency}"}`
const line = (sequence: number, more: string) =>
  `{"sequence": ${sequence}, "productOrService": {"text": "visit"}, ${more}}`
const net = (value: string, currency?: string) => `"net": ${money(value, currency)}`

/** The rule of the first issue and where it is, of what is refused; undefined when it is stored. */
async function refusedBy(body: unknown): Promise<string | undefined> {
  const type =
    typeof body === 'string' ? JSON.parse(body).resourceType : (body as { resourceType: string }).resourceType
  const { status, json } = await server.ask(`POST ${type}`, { body })
  if (status === 201) return undefined
  expect(status, JSON.stringify(json)).toBe(422)
  const [{ details, expression, code }] = json.issue
  return `${code} ${details.coding[0].code.split('#')[1]} ${expression[0]}`
}

describe('A social security number', () => {
  it.each([
    ['666-12-3456', 'business-rule us-ssn Patient.identifier[1].value'],
    ['000-12-3456', 'business-rule us-ssn Patient.identifier[1].value'],
    ['123-00-4567', 'business-rule us-ssn Patient.identifier[1].value'],
    ['123-45-0000', 'business-rule us-ssn Patient.identifier[1].value'],
    ['12-345-6789', 'business-rule us-ssn Patient.identifier[1].value'],
    ['1234567', 'business-rule us-ssn Patient.identifier[1].value'],
    ['123-45-6789', undefined],
    ['123456789', undefined],
  ])('%s: %s', async (value, outcome) => {
    expect(await refusedBy(withSsn(value))).toBe(outcome)
  })

  it('that was never assigned is stored, with a warning', async () => {
    const headers = { Prefer: 'return=OperationOutcome' }
    const { json } = await server.expect(201, 'POST Patient', { body: withSsn('999-12-3456'), headers })
    expect(json.issue).toContainEqual(
      expect.objectContaining({ severity: 'warning', expression: ['Patient.identifier[1].value'] }),
    )
  })
})

describe('A telephone number', () => {
  it.each([
    ['555-010-019', 'business-rule us-phone Patient.telecom[0].value'],
    ['55-0199', 'business-rule us-phone Patient.telecom[0].value'],
    ['2-555-010-0199', 'business-rule us-phone Patient.telecom[0].value'],
    ['+1 555 010 019', 'business-rule us-phone Patient.telecom[0].value'],
    ['+49 12', 'business-rule us-phone Patient.telecom[0].value'],
    ['555-010-0199', undefined],
    ['(555) 010-0199 ext. 12', undefined],
    ['+1-555-010-0199', undefined],
    ['+49 89 1234567', undefined],
  ])('%s: %s', async (value, outcome) => {
    expect(await refusedBy(withPhone(value))).toBe(outcome)
  })

  it.each(['555-010-0199 or 555-010-0198', '555-0199'])('%s is stored, with a warning', async (value) => {
    const headers = { Prefer: 'return=OperationOutcome' }
    const body = withPhone(value)
    const { json } = await server.expect(201, 'POST Patient', { body, headers })
    expect(json.issue).toContainEqual(
      expect.objectContaining({ severity: 'warning', expression: ['Patient.telecom[0].value'] }),
    )
  })

  it('is no email address', async () => {
    expect(await refusedBy(withPhone('a@b.example', 'email'))).toBeUndefined()
  })

  it('is stored as sent, and found however it is spelled', async () => {
    const body = { ...withPhone('1-555-010-0177'), id: 'phone' }
    const { json } = await server.expect(201, 'PUT Patient/phone', { body })
    expect(json.telecom[0].value).toBe('1-555-010-0177')
    for (const spelled of ['1-555-010-0177', '+15550100177', '(555) 010-0177', '5550100177'])
      expect(idsOf(await server.ask(`GET Patient?phone=${encodeURIComponent(spelled)}`)), spelled).toEqual(['phone'])
  })
})

describe('Amounts of a claim', () => {
  it.each([
    ['a total that is the sum', line(1, net('0.10')), line(2, net('0.20')), money('0.30'), undefined],
    [
      'one that is off by a cent',
      line(1, net('10.10')),
      line(2, net('5.00')),
      money('15.11'),
      'claim-total Claim.total',
    ],
    [
      'a net that is the product',
      line(1, `"unitPrice": ${money('10.10')}, "quantity": {"value": 3}, "factor": 0.5, ${net('15.15')}`),
      '',
      '',
      undefined,
    ],
    [
      'a product that is rounded',
      line(1, `"unitPrice": ${money('0.33')}, "quantity": {"value": 1}, "factor": 0.5, ${net('0.17')}`),
      '',
      '',
      undefined,
    ],
    [
      'a net that is not',
      line(1, `"unitPrice": ${money('10.10')}, "quantity": {"value": 3}, ${net('30.31')}`),
      '',
      '',
      'claim-net Claim.item[0].net',
    ],
    [
      'one of a detail',
      line(1, `"detail": [${line(1, `"unitPrice": ${money('1.00')}, ${net('2.00')}`)}]`),
      '',
      '',
      'claim-net-detail Claim.item[0].detail[0].net',
    ],
    ['two currencies', line(1, net('1.00')), line(2, net('1.00', 'EUR')), '', 'claim-one-currency Claim'],
    ['more places than the currency has', line(1, net('1.005')), '', '', 'money-scale Claim.item[0].net.value'],
    ['any place of yen', line(1, net('1.5', 'JPY')), '', '', 'money-scale Claim.item[0].net.value'],
    ['three places of dinars', line(1, net('1.005', 'KWD')), '', '', undefined],
    ['less than nothing', line(1, net('-1.00')), '', money('-1.00'), 'claim-not-negative Claim.total'],
  ])('%s', async (_, first, second, total, outcome) => {
    const body = claim([first, second].filter(Boolean).join(), total)
    expect(await refusedBy(body)).toBe(outcome && `business-rule ${outcome}`)
  })

  it('keep their digits', async () => {
    const { text } = await server.expect(201, 'POST Claim', { body: claim(line(1, net('10.10')), money('10.10')) })
    expect(text.match(/"value": ?10\.10\b/g)).toHaveLength(2)
  })
})

describe('Files of rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'))
  const file = join(folder, 'own.json')
  afterAll(() => rmSync(folder, { recursive: true }))
  const rule = {
    id: 'own-rule',
    on: 'Patient',
    severity: 'error',
    human: 'Patients here have a birth date',
    expression: 'birthDate.exists()',
  }
  const write = (rules: unknown) => writeFileSync(file, typeof rules === 'string' ? rules : JSON.stringify({ rules }))

  it.each([
    ['no JSON', '{', /own\.json is not JSON/],
    ['no severity', [{ ...rule, severity: undefined }], /own\.json.* must have required property 'severity'/],
    ['a word that there is not', [{ ...rule, colour: 'red' }], /must NOT have additional properties/],
    ['neither expression nor codes', [{ ...rule, expression: undefined }], /rules\/0/],
    ['no type of R4', [{ ...rule, on: 'Colour' }], /own-rule is on Colour/],
    ['no resource type', [{ ...rule, in: ['Money'] }], /own-rule names Money/],
    ['no FHIRPath', [{ ...rule, expression: 'birthDate.(' }], /own-rule has an expression/],
    ['an id twice', [rule, rule], /own-rule is in/],
  ])('with %s are refused', (_, rules, reason) => {
    write(rules)
    expect(() => readRules([folder])).toThrow(reason)
  })

  it('that come with the server are in order', () => {
    expect(readRules([shippedRules]).rules.length).toBeGreaterThan(10)
  })

  it('of a folder of one’s own count beside them, and rules can be left out', async () => {
    write([rule, { ...rule, id: 'of-another-tenant', tenants: [7], expression: 'false' }])
    const own = await openServer({ INGLE_RULES_DIR: folder, INGLE_RULES_OFF: 'us-ssn' })
    try {
      const { json } = await own.expect(422, 'POST Patient', { body: { resourceType: 'Patient' } })
      expect(json.issue[0].diagnostics).toContain('birth date')
      await own.expect(201, 'POST Patient', { body: { ...withSsn('666-12-3456'), birthDate: '1970-01-01' } })
    } finally {
      await own.stop()
    }
  })

  it('do not know a rule that is left out', async () => {
    await expect(openServer({ INGLE_RULES_OFF: 'no-such' })).rejects.toThrow(/no-such; rules are .*us-phone/)
  })
})
