import type { ValueSet, ValueSetCompose, ValueSetExpansionContains } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { DUTCH, FRUIT, LADDERS, linesOf, plant, TOOLS, vs } from './orchard.js'

// https://hl7.org/fhir/R4/valueset-operation-expand.html

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_EXPANSION: '20' })
  await plant(server)
})
afterAll(() => server.stop())

const query = (given: Record<string, string>) => new URLSearchParams(given).toString()
const expanded = async (given: Record<string, string>, headers = {}): Promise<ValueSet> =>
  (await server.expect(200, `GET ValueSet/$expand?${query(given)}`, { headers })).json
const parametersOf = (given: object) => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).flatMap(([name, values]) => [values].flat().map((one) => ({ name, ...one }))),
})
const ofCompose = async (compose: ValueSetCompose, more: object = {}): Promise<ValueSet> => {
  const resource = { resourceType: 'ValueSet', url: 'http://orchard.example/vs/asked', status: 'active', compose }
  const body = parametersOf({ valueSet: { resource }, ...more })
  return (await server.expect(200, 'POST ValueSet/$expand', { body })).json
}

/** `pome(apple pear) sloe`: codes in their order, with what is below them. */
const treeOf = (contains: readonly ValueSetExpansionContains[] = []): string =>
  contains.map(({ code, contains: below }) => (below ? `${code}(${treeOf(below)})` : code)).join(' ')
const codesIn = ({ expansion }: ValueSet) => treeOf(expansion?.contains)
const said = ({ expansion }: ValueSet) =>
  Object.fromEntries(
    (expansion?.parameter ?? []).map(({ name, ...value }) => [name, Object.values(value)[0] as unknown]),
  )

const ALL = 'pome(apple pear) medlar sloe plum'

describe('$expand', () => {
  it('has the codes, and says what it is of', async () => {
    const { expansion, ...head } = await expanded({ url: vs('all') })
    expect(head).toEqual({ resourceType: 'ValueSet', id: 'all', url: vs('all'), version: '1', status: 'active' })
    expect(expansion).toMatchObject({
      total: 6,
      identifier: expect.stringMatching(/^urn:uuid:/),
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      parameter: [{ name: 'used-codesystem', valueUri: `${FRUIT}|1.2` }],
    })
    expect(treeOf(expansion!.contains)).toBe(ALL)
    expect(expansion!.contains![0]).toMatchObject({
      system: FRUIT,
      abstract: true,
      code: 'pome',
      display: 'Pome fruit',
    })
    expect(expansion!.contains![1]).toMatchObject({ code: 'medlar', inactive: true })
  })

  it.each<[name: string, given: Record<string, string>, codes: string]>([
    ['by url and version', { url: `${vs('all')}|1` }, ALL],
    ['by valueSetVersion', { url: vs('all'), valueSetVersion: '1' }, ALL],
    ['a version of the code system', { url: vs('old') }, 'pome(apple pear) medlar sloe'],
    ['a version with a wildcard', { url: vs('any-1') }, ALL],
    ['is-a', { url: vs('pomes') }, 'pome(apple pear)'],
    ['listed codes, side by side', { url: vs('basket') }, 'apple sloe'],
    ['without inactive ones, as the value set has it', { url: vs('fresh') }, 'pome(apple pear) sloe plum'],
    [
      'without inactive ones, as the request has it',
      { url: vs('all'), activeOnly: 'true' },
      'pome(apple pear) sloe plum',
    ],
    ['an import, less a code', { url: vs('but-pears') }, 'pome(apple)'],
    ['several systems', { url: vs('shed') }, `Shears apple step ${ALL}`],
    ['all codes of a system', { url: `${FRUIT}?fhir_vs` }, ALL],
    ['flat', { url: vs('all'), excludeNested: 'true' }, 'pome apple pear medlar sloe plum'],
    ['without groupers', { url: vs('all'), excludeNotForUI: 'true' }, 'apple pear medlar sloe plum'],
    ['without a system', { url: vs('shed'), 'exclude-system': FRUIT }, 'Shears apple step'],
    ['a page', { url: vs('all'), offset: '1', count: '2' }, 'apple pear'],
    ['a page of two systems', { url: vs('shed'), offset: '1', count: '3' }, 'apple step pome'],
    ['the end', { url: vs('all'), offset: '5', count: '9' }, 'plum'],
    ['behind the end', { url: vs('all'), offset: '9', count: '9' }, ''],
    ['the total alone', { url: vs('all'), count: '0' }, ''],
    ['words by their beginnings', { url: vs('all'), filter: 'fru po' }, 'pome'],
    ['a code as it is typed', { url: vs('all'), filter: 'plu' }, 'plum'],
    ['a designation', { url: vs('all'), filter: 'apfe' }, 'apple'],
    ['no such word', { url: vs('all'), filter: 'banana' }, ''],
    [
      'the best match first, of all systems',
      { url: vs('shed'), filter: 'apple', excludeNested: 'true' },
      'apple apple',
    ],
    ['a display of the value set itself', { url: vs('basket'), filter: 'red' }, 'apple'],
    ['a forced version', { url: vs('all'), 'force-system-version': `${FRUIT}|1.0` }, 'pome(apple pear) medlar sloe'],
    ['a default version', { url: vs('all'), 'system-version': `${FRUIT}|1.0` }, 'pome(apple pear) medlar sloe'],
  ])('%s', async (_name, given, codes) => {
    expect(codesIn(await expanded(given))).toBe(codes)
  })

  it('of the instance, by POST, and in XML', async () => {
    expect(codesIn((await server.expect(200, 'GET ValueSet/pomes/$expand')).json)).toBe('pome(apple pear)')
    const body = parametersOf({ url: { valueUri: vs('pomes') }, excludeNested: { valueBoolean: true } })
    expect(codesIn((await server.expect(200, 'POST ValueSet/$expand', { body })).json)).toBe('pome apple pear')
    const xml = await server.expect(200, `GET ValueSet/pomes/$expand?_format=xml`)
    expect(xml.text).toContain('<code value="apple"/>')
  })

  it('of a value set that is the body', async () => {
    const body = { resourceType: 'ValueSet', status: 'active', compose: { include: [{ system: TOOLS }] } }
    expect(codesIn((await server.expect(200, 'POST ValueSet/$expand', { body })).json)).toBe('Shears apple')
  })

  it('pages neither overlap nor leave anything out', async () => {
    const codes: string[] = []
    for (let offset = 0; offset < 10; offset++)
      codes.push(codesIn(await expanded({ url: vs('shed'), offset: String(offset), count: '1' })))
    expect(codes.join(' ').trim()).toBe('Shears apple step pome apple pear medlar sloe plum')
  })

  it('says again what was asked', async () => {
    const given = { url: vs('all'), count: '2', offset: '0', filter: 'p', activeOnly: 'true', displayLanguage: 'de' }
    expect(said(await expanded({ ...given, 'system-version': `${FRUIT}|1.0` }))).toEqual({
      count: 2,
      offset: 0,
      filter: 'p',
      activeOnly: true,
      displayLanguage: 'de',
      'system-version': `${FRUIT}|1.0`,
      'used-codesystem': `${FRUIT}|1.0`,
    })
    // A rule that decided nothing is not said.
    expect(said(await expanded({ url: vs('old'), 'system-version': `${FRUIT}|1.2` }))).toEqual({
      'used-codesystem': `${FRUIT}|1.0`,
    })
  })

  it('warns of what it is made of', async () => {
    const shed = await expanded({ url: vs('shed') })
    expect(said(shed)).toMatchObject({ 'warning-experimental': `${TOOLS}|7`, 'used-fragment': `${LADDERS}|1` })
    expect(shed.expansion!.extension).toContainEqual({
      url: 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed',
      valueBoolean: true,
    })
    expect(said(await expanded({ url: vs('but-pears') }))).toMatchObject({ 'used-valueset': `${vs('pomes')}|1` })
  })

  it('has the definition when it is wanted', async () => {
    const { compose } = await expanded({ url: vs('pomes'), includeDefinition: 'true' })
    expect(compose?.include).toHaveLength(1)
    expect((await expanded({ url: vs('pomes') })).compose).toBeUndefined()
  })
})

describe('languages and designations', () => {
  const apple = async (given: Record<string, string>, headers = {}) => {
    const { expansion } = await expanded({ url: vs('all'), excludeNested: 'true', ...given }, headers)
    return expansion!.contains!.find(({ code }) => code === 'apple')!
  }

  it.each<[Record<string, string>, Record<string, string>, string | undefined]>([
    [{}, {}, 'Apple'],
    [{ displayLanguage: 'de' }, {}, 'Apfel'],
    [{}, { 'Accept-Language': 'fr, de;q=0.5' }, 'Pomme'],
    [{ displayLanguage: 'de' }, { 'Accept-Language': 'fr' }, 'Apfel'],
    [{ displayLanguage: 'it' }, {}, 'Apple'],
    [{ displayLanguage: 'it,*;q=0' }, {}, undefined],
  ])('%j with %j', async (given, headers, display) => {
    expect((await apple(given, headers)).display).toBe(display)
  })

  it('shows all designations, or those that are named', async () => {
    const words = async (given: Record<string, string>) => (await apple(given)).designation?.map(({ value }) => value)
    expect(await words({})).toBeUndefined()
    expect(await words({ includeDesignations: 'true' })).toEqual(['Apfel', 'Pomme'])
    expect(await words({ includeDesignations: 'true', displayLanguage: 'de' })).toEqual(['Apple', 'Pomme'])
    const none = { includeDesignations: 'true', displayLanguage: 'it,*;q=0' }
    expect(await words(none)).toEqual(['Apple', 'Apfel', 'Pomme'])
    expect(await words({ designation: 'fr' })).toEqual(['Pomme'])
    expect(await words({ designation: 'urn:ietf:bcp:47|de' })).toEqual(['Apfel'])
    expect(await words({ designation: 'http://orchard.example/use|old' })).toBeUndefined()
  })

  it('a supplement adds words, for the request or for the value set', async () => {
    expect((await apple({ useSupplement: DUTCH, displayLanguage: 'nl' })).display).toBe('Appel')
    const dutch = await expanded({ url: vs('dutch'), filter: 'appel' })
    expect(codesIn(dutch)).toBe('apple')
    expect(said(dutch)).toMatchObject({ 'used-supplement': `${DUTCH}|1` })
  })

  it('a value set says how it is expanded', async () => {
    const said = (name: string, value: string) => ({
      url: 'http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter',
      extension: [
        { url: 'name', valueCode: name },
        { url: 'value', valueString: value },
      ],
    })
    const compose = {
      extension: [said('displayLanguage', 'de'), said('activeOnly', 'true')],
      include: [{ system: FRUIT }],
    }
    const { expansion } = await ofCompose(compose)
    expect(expansion!.contains![0]!.contains![0]!.display).toBe('Apfel')
    expect(treeOf(expansion!.contains)).not.toContain('medlar')
    const asked = await ofCompose(compose, {
      displayLanguage: { valueCode: 'fr' },
      activeOnly: { valueBoolean: false },
    })
    expect(asked.expansion!.contains![0]!.contains![0]!.display).toBe('Pomme')
    expect(codesIn(asked)).toContain('medlar')
  })
})

describe('properties', () => {
  const PROPERTY = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion'
  /** `weight=0.15` of a code. */
  const of = ({ extension = [] }: ValueSetExpansionContains) =>
    extension
      .filter(({ url }) => url === `${PROPERTY}.contains.property`)
      .map(
        ({ extension: [code, value] = [] }) =>
          `${code!.valueCode}=${Object.values({ ...value, url: undefined }).find((one) => one !== undefined)}`,
      )

  it('shows those that are asked for, and what they mean', async () => {
    const url = `GET ValueSet/$expand?${query({ url: vs('all'), excludeNested: 'true' })}&property=weight&property=definition`
    const { expansion } = (await server.expect(200, url)).json as ValueSet
    expect(of(expansion!.contains![1]!)).toEqual(['weight=0.15', 'definition=What falls not far from the tree.'])
    expect(expansion!.extension).toContainEqual({
      url: `${PROPERTY}.property`,
      extension: [
        { url: 'code', valueCode: 'definition' },
        { url: 'uri', valueUri: 'http://hl7.org/fhir/concept-properties#definition' },
      ],
    })
  })

  it('tells the status of what is not plainly active, asked or not', async () => {
    const { expansion } = await expanded({ url: vs('all'), excludeNested: 'true' })
    const states = expansion!.contains!.flatMap((one) => of(one).map((property) => `${one.code} ${property}`))
    expect(states).toEqual(['medlar status=retired', 'sloe status=deprecated'])
  })

  it('keeps what the value set says of a code', async () => {
    const { expansion } = await expanded({ url: vs('basket') })
    expect(expansion!.contains![0]!.display).toBe('Red apple')
    expect(expansion!.contains![1]!.extension).toContainEqual({
      url: 'http://hl7.org/fhir/StructureDefinition/valueset-deprecated',
      valueBoolean: true,
    })
  })
})

describe('composition', () => {
  const tools = { system: TOOLS }
  const filtered = (property: string, op: string, value: string): ValueSetCompose => ({
    include: [{ system: FRUIT, filter: [{ property, op: op as '=', value }] }],
  })
  const viaExtension = (valueCode: string, value: string) =>
    ({
      include: [
        {
          system: FRUIT,
          filter: [
            {
              property: 'concept',
              value,
              _op: {
                extension: [
                  {
                    url: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.compose.include.filter.op',
                    valueCode,
                  },
                ],
              },
            },
          ],
        },
      ],
    }) as unknown as ValueSetCompose

  it.each<[name: string, compose: ValueSetCompose, codes: string]>([
    ['=', filtered('ripe', '=', 'autumn'), 'apple'],
    ['in', filtered('code', 'in', 'pear,sloe'), 'pear sloe'],
    ['not-in', filtered('ripe', 'not-in', 'autumn'), 'pome(pear) medlar sloe plum'],
    ['exists', filtered('weight', 'exists', 'true'), 'apple'],
    ['regex of the whole value', filtered('code', 'regex', '[a-p].*l.*'), 'apple medlar plum'],
    ['descendent-of', filtered('concept', 'descendent-of', 'pome'), 'apple pear'],
    ['is-not-a', filtered('concept', 'is-not-a', 'pome'), 'medlar sloe plum'],
    ['generalizes', filtered('concept', 'generalizes', 'pear'), 'pome(pear)'],
    ['child-of', viaExtension('child-of', 'pome'), 'apple pear'],
    ['descendent-leaf', viaExtension('descendent-leaf', 'pome'), 'apple pear'],
    ['a property that every concept has', filtered('inactive', '=', 'true'), 'medlar'],
    ['notSelectable', filtered('notSelectable', '=', 'true'), 'pome'],
    ['codes of any case', { include: [{ ...tools, concept: [{ code: 'SHEARS' }] }] }, 'Shears'],
    ['a code that is not there', { include: [{ ...tools, concept: [{ code: 'spade' }, { code: 'apple' }] }] }, 'apple'],
    ['a system within a value set', { include: [{ system: FRUIT, valueSet: [vs('basket')] }] }, 'apple sloe'],
    ['what two value sets have', { include: [{ valueSet: [vs('pomes'), vs('basket')] }] }, 'apple'],
    ['nothing left', { include: [tools], exclude: [tools] }, ''],
  ])('%s', async (_name, compose, codes) => {
    expect(codesIn(await ofCompose(compose))).toBe(codes)
  })

  it('keeps versions apart where several are included, unless they match', async () => {
    const versions = async (more: object) =>
      (
        await ofCompose(
          {
            include: [
              { system: FRUIT, version: '1.0' },
              { system: FRUIT, version: '1.2' },
            ],
          },
          more,
        )
      ).expansion!
    const apart = await versions({ excludeNested: { valueBoolean: true } })
    expect(apart.total).toBe(11)
    expect(apart.contains!.filter(({ code }) => code === 'pear')).toMatchObject([
      { version: '1.0', display: 'Pear' },
      { version: '1.2', display: 'Pear, common' },
    ])
    const merged = await versions({ excludeNested: { valueBoolean: true }, versionsMatch: { valueBoolean: true } })
    expect(merged.total).toBe(6)
    expect(merged.contains!.filter(({ code }) => code === 'pear')).toMatchObject([{ version: '1.2' }])
    // What one version has more than the other.
    const less = { include: [{ system: FRUIT, version: '1.2' }], exclude: [{ system: FRUIT, version: '1.0' }] }
    expect(codesIn(await ofCompose(less))).toBe('plum')
  })

  it('reads a value set in a value set', async () => {
    const resource = {
      resourceType: 'ValueSet',
      status: 'active',
      contained: [{ resourceType: 'ValueSet', id: 'inner', status: 'active', compose: { include: [tools] } }],
      compose: { include: [{ valueSet: ['#inner'] }] },
    }
    const body = parametersOf({ valueSet: { resource } })
    expect(codesIn((await server.expect(200, 'POST ValueSet/$expand', { body })).json)).toBe('Shears apple')
  })

  it('definitions of the request come first, and are gone afterwards', async () => {
    const brought = { resourceType: 'CodeSystem', url: TOOLS, version: '8', status: 'active', content: 'complete' }
    const compose = { include: [tools] }
    const more = { 'tx-resource': { resource: { ...brought, concept: [{ code: 'hoe' }] } } }
    expect(codesIn(await ofCompose(compose, more))).toBe('hoe')
    expect(codesIn(await ofCompose(compose))).toBe('Shears apple')
  })

  it('follows what is stored now', async () => {
    const valueSet = (code: string) => ({
      resourceType: 'ValueSet',
      id: 'changing',
      url: vs('changing'),
      status: 'active',
      compose: { include: [{ system: FRUIT, concept: [{ code }] }] },
    })
    for (const code of ['apple', 'pear']) {
      const { status, text } = await server.ask('PUT ValueSet/changing', { body: valueSet(code) })
      expect([200, 201], text).toContain(status)
      expect(codesIn(await expanded({ url: vs('changing') }))).toBe(code)
    }
  })
})

describe('refusals', () => {
  const refusedWith = async (status: number, given: Record<string, string>) =>
    linesOf((await server.expect(status, `GET ValueSet/$expand?${query(given)}`)).json).join('\n')

  it.each<[status: number, given: Record<string, string>, reason: RegExp]>([
    [404, { url: 'http://nowhere' }, /value Set 'http:\/\/nowhere' could not be found/],
    [
      404,
      { url: vs('unknown') },
      /CodeSystem 'http:\/\/orchard.example\/cs\/none' could not be found, so the value set/,
    ],
    [404, { url: vs('lost') }, /version '9' could not be found.* Valid versions: 1\.0 or 1\.2/],
    [422, { url: vs('any-1'), 'check-system-version': `${FRUIT}|1.0` }, /version '1.2' is not allowed/],
    [404, { url: vs('frisian') }, /Required supplement not found: .*frisian/],
    [400, { url: vs('importing') }, /value Set 'http:\/\/orchard.example\/vs\/none' could not be found/],
    [400, { url: vs('all'), displayLanguage: '12 34' }, /Invalid displayLanguage/],
  ])('%i for %j', async (status, given, reason) => {
    expect(await refusedWith(status, given)).toMatch(reason)
  })

  it.each<[given: Record<string, string>, reason: RegExp]>([
    [{}, /needs a url, a valueSet or a context/],
    [{ url: vs('all'), offset: '-1' }, /offset is 0 or more/],
    [{ url: vs('all'), 'system-version': FRUIT }, /a url and a version/],
    [{ url: vs('all'), hierarchy: 'true' }, /no parameter hierarchy/],
    [{ context: 'http://hl7.org/fhir/StructureDefinition/Patient#Patient.birthDate' }, /not an element that is bound/],
  ])('%j', async (given, reason) => {
    const { status, json } = await server.ask(`GET ValueSet/$expand?${query(given)}`)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(json.issue[0].diagnostics).toMatch(reason)
  })

  const refused = async (status: number, compose: object) => {
    const resource = { resourceType: 'ValueSet', url: vs('asked'), status: 'active', compose }
    const body = parametersOf({ valueSet: { resource } })
    return (await server.expect(status, 'POST ValueSet/$expand', { body })).json.issue[0]
  }

  it.each<[name: string, filter: object, reason: RegExp]>([
    ['no such property', { property: 'colour', op: '=', value: 'red' }, /"colour = red" is not understood/],
    ['no such code', { property: 'concept', op: 'is-a', value: 'kiwi' }, /kiwi, which is not in the system/],
    ['no regular expression', { property: 'code', op: 'regex', value: '(a' }, /has a group that is not closed/],
  ])('a filter with %s', async (_name, filter, reason) => {
    expect((await refused(422, { include: [{ system: FRUIT, filter: [filter] }] })).diagnostics).toMatch(reason)
  })

  it('a value set that imports itself', async () => {
    const { extension, diagnostics } = await refused(422, { include: [{ valueSet: [vs('asked')] }] })
    expect(extension[0].valueString).toBe('VALUESET_CIRCULAR_REFERENCE')
    expect(diagnostics).toMatch(/circularity/)
  })

  it('too many codes, unless a page of them is asked for', async () => {
    const concept = Array.from({ length: 25 }, (_, i) => ({ code: `c${i}` }))
    const many = { resourceType: 'CodeSystem', url: 'http://many', status: 'active', content: 'complete', concept }
    const resource = { resourceType: 'ValueSet', status: 'active', compose: { include: [{ system: 'http://many' }] } }
    const ask = (more: object) =>
      server.ask('POST ValueSet/$expand', {
        body: parametersOf({ valueSet: { resource }, 'tx-resource': { resource: many }, ...more }),
      })
    const { status, json } = await ask({})
    expect([status, json.issue[0].code, json.issue[0].details.text]).toEqual([
      422,
      'too-costly',
      expect.stringMatching(/too many codes to produce \(>20\)/),
    ])
    expect((await ask({ count: { valueInteger: 24 } })).json.expansion).toMatchObject({ total: 25, offset: 0 })
    expect((await ask({ allowMaximumSizeExpansion: { valueBoolean: true } })).json.expansion.contains).toHaveLength(25)
  })

  it('a regular expression that others would need years for', async () => {
    const code = 'a'.repeat(60)
    const concept = [{ code }, { code: `${code}!` }]
    const endless = {
      resourceType: 'CodeSystem',
      url: 'http://endless',
      status: 'active',
      content: 'complete',
      concept,
    }
    const include = [
      { system: 'http://endless', filter: [{ property: 'code', op: 'regex' as const, value: '((a+)+)+' }] },
    ]
    expect(codesIn(await ofCompose({ include }, { 'tx-resource': { resource: endless } }))).toBe(code)
  })
})

describe('context', () => {
  it('the value set that an element is bound to', async () => {
    const context = 'http://hl7.org/fhir/StructureDefinition/Patient#Patient.gender'
    expect(codesIn(await expanded({ context }))).toBe('male female other unknown')
  })
})
