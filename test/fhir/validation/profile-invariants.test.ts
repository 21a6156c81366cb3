// https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.constraint
import { describe, expect, it } from 'vitest'
import { type Known, said } from './validated.js'

type Json = Record<string, unknown>

const url = 'http://example.org/StructureDefinition/p'

function profile(expression: string, { type = 'Basic', severity = 'error', url: own = url } = {}) {
  const constraint = [{ key: 'inv', severity, human: 'It must hold', expression }]
  return {
    resourceType: 'StructureDefinition',
    url: own,
    type,
    kind: 'resource',
    derivation: 'constraint',
    baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
    snapshot: {
      element: [{ id: type, path: type, min: 0, max: '*', base: { path: type, min: 0, max: '*' }, constraint }],
    },
  }
}

const basic = (more: Json = {}): Json => ({
  resourceType: 'Basic',
  id: 'a',
  meta: { profile: [url] },
  code: { coding: [{ system: 'http://a', code: 'x' }], text: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' },
  ...more,
})

const broken = 'error Basic: does not keep to inv: It must hold'
const issuesOf = (expression: string, resource = basic(), known: Known = {}) =>
  said(resource, { ...known, definitions: [profile(expression), ...(known.definitions ?? [])] })

describe('a constraint of a profile', () => {
  it.each<[string, boolean]>([
    ["code.coding.where(system = 'http://a').code = 'x'", true],
    ["code.coding.where(system = 'http://a').code = 'y'", false],
    ["code.coding.code in ('x' | 'y')", true],
    ["code.text.matches('^b+$')", false],
    ["code.text.matches('^(a|b)(a|b)*$')", true],
    ['code.coding.count() = 1 and code.text.length() > 3', true],
    ["code.coding.select(system & '|' & code) = 'http://a|x'", true],
    ["descendants().where($this = 'x').exists()", true],
    ['iif(code.exists(), code.coding.exists(), false)', true],
    ['code.coding.aggregate($total + 1, 0) = 1', true],
    ["code.coding.code.upper().startsWith('X')", true],
    ['code.coding.all(userSelected.empty()) xor code.text.empty()', true],
    ['%resource.id = %rootResource.id', true],
    ['code.coding ~ code.coding', true],
    ['created.empty()', true],
    ['created.exists()', false],
    ['created', false],
    ['nonsense.exists().not()', true],
  ])('%s: %s', async (expression, holds) => {
    expect(await issuesOf(expression)).toEqual(holds ? [] : [broken])
  })

  it('that is a warning is said as one', async () => {
    const definitions = [profile('created.exists()', { severity: 'warning' })]
    expect(await said(basic(), { definitions })).toEqual([broken.replace('error', 'warning')])
  })

  it.each([
    ['code.frobnicate()', /There is no function frobnicate/],
    ['code.where(', /Expected an expression/],
    ['%nobody.exists()', /There is no variable %nobody/],
    ["code.text.matches('(')", /is no regular expression/],
    ["code.text.matches('(a+)+b')", /regular expressions take more than/],
    ['(code | meta) and true', /must be one value, but there are 2/],
  ])('that cannot be evaluated is an issue: %s', async (expression, reason) => {
    const issues = await issuesOf(expression)
    expect(issues).toEqual([expect.stringMatching(/^error Basic: inv could not be evaluated: /)])
    expect(issues[0]).toMatch(reason)
  })

  it('that costs too much is an issue, and bounds those after it', async () => {
    const nested =
      'descendants().all(%resource.descendants().all(%resource.descendants().all(%resource.descendants().exists())))'
    const identifier = Array.from({ length: 300 }, (_, i) => ({ system: 'http://a', value: String(i) }))
    const issues = await issuesOf(nested, basic({ identifier }))
    expect(issues).toEqual([expect.stringMatching(/^error Basic: inv could not be evaluated: .* takes more than/)])
  })

  it.each<[string, Json, boolean]>([
    ['subject.resolve() is Patient', { subject: { reference: '#p' } }, true],
    ['subject.resolve() is Group', { subject: { reference: '#p' } }, false],
    ["subject.resolve().ofType(Patient).name.family = 'Roe'", { subject: { reference: '#p' } }, true],
    [
      "extension('http://e').value.resolve().exists()",
      { extension: [{ url: 'http://e', valueCanonical: '#p' }] },
      true,
    ],
  ])('resolves %s', async (expression, more, holds) => {
    const contained = [{ resourceType: 'Patient', id: 'p', name: [{ family: 'Roe' }] }]
    const issues = await issuesOf(expression, basic({ contained, ...more }))
    expect(issues.filter((one) => one.includes('inv'))).toEqual(holds ? [] : [broken])
  })

  it('resolves what is in the Bundle around, and from the Bundle what is in its entries', async () => {
    const entry = [
      { fullUrl: 'http://h/Basic/a', resource: basic({ subject: { reference: 'Patient/p' } }) },
      { fullUrl: 'http://h/Patient/p', resource: { resourceType: 'Patient', id: 'p' } },
    ]
    const bundle = { resourceType: 'Bundle', type: 'collection', meta: { profile: ['http://b'] }, entry }
    const ofBundle = 'entry.resource.ofType(Basic).all(subject.resolve() is Patient)'
    const definitions = [
      profile('subject.resolve() is Patient'),
      profile(ofBundle, { type: 'Bundle', url: 'http://b' }),
    ]
    expect(await said(bundle, { definitions })).toEqual([])
    expect(await said({ ...bundle, entry: entry.slice(0, 1) }, { definitions })).toEqual([
      expect.stringMatching(/^error Bundle\.entry\[0\]\.resource: does not keep to inv/),
      expect.stringMatching(/^error Bundle: does not keep to inv/),
    ])
  })

  it.each<[string, boolean | undefined]>([
    ["code.memberOf('http://in')", true],
    ["code.coding.first().memberOf('http://in')", true],
    ["code.coding.code.memberOf('http://out')", false],
    ["code.memberOf('http://unknown')", undefined],
  ])('asks terminology: %s', async (expression, holds) => {
    const membership: Known['membership'] = ({ valueSet }) => {
      if (valueSet === 'http://unknown') return { because: 'unknown-value-set' }
      return valueSet === 'http://out' ? { isIn: false, because: 'not-in' } : { isIn: true }
    }
    const issues = await issuesOf(expression, basic(), { membership })
    const untold =
      'error Basic: inv could not be evaluated: memberOf() cannot tell, as http://unknown is not known here'
    expect(issues).toEqual(holds === undefined ? [untold] : holds ? [] : [broken])
  })

  it('asks other profiles', async () => {
    const other = profile('created.exists()', { url: 'http://other' })
    const expression = "conformsTo('http://other')"
    expect(await issuesOf(expression, basic(), { definitions: [other] })).toEqual([broken])
    expect(await issuesOf(expression, basic({ created: '2020' }), { definitions: [other] })).toEqual([])
    expect(await issuesOf(expression, basic())).toEqual([
      'error Basic: inv could not be evaluated: conformsTo() cannot tell, as the profile http://other is not known here',
    ])
  })
})
