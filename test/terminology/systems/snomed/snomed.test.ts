import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../../../src/base/config.js'
import { withDatabase } from '../../../../src/cli/terminology/database.js'
import { load } from '../../../../src/terminology/load.js'
import { openServer, type RestServer } from '../../../rest/server.js'
import { GB, type Given, type GivenMember, US, writeRelease } from './release.js'

const SNOMED = 'http://snomed.info/sct'
const VERSION = `${SNOMED}/900000000000207008/version/20260131`

/** Everything of it is invented. */
const id = {
  disorder: '100001007',
  infection: '100002000',
  lungDisorder: '100003005',
  pneumonia: '100004004',
  viralPneumonia: '100005003',
  doublePneumonia: '100006002',
  rash: '100007006',
  body: '200001005',
  lung: '200002003',
  leftLung: '200003008',
  rightLung: '200004002',
  skin: '200005001',
  morphology: '300001001',
  inflammation: '300002008',
  organism: '310001002',
  virus: '310002009',
  attribute: '400001003',
  site: '400002005',
  form: '400003000',
  agent: '400004006',
  strength: '400005007',
  label: '400006008',
  fragile: '400007004',
  product: '500001004',
  weak: '500002006',
  strong: '500003001',
  oldPneumonia: '600001006',
  vaguePneumonia: '600002004',
  favourites: '700001000',
  map: '447562003',
  scheme: '800001009',
  association: '900000000000522004',
  sameAs: '900000000000527005',
  possibly: '900000000000523009',
}

const concepts: Given[] = [
  { id: id.disorder, term: 'Disorder', is: ['138875005'] },
  { id: id.infection, term: 'Infection', is: [id.disorder] },
  { id: id.lungDisorder, term: 'Lung disorder', is: [id.disorder], has: [[1, id.site, id.lung]], defined: true },
  {
    id: id.pneumonia,
    term: 'Pneumonia',
    is: [id.infection, id.lungDisorder],
    has: [
      [1, id.site, id.lung],
      [1, id.form, id.inflammation],
    ],
    also: [
      ['en', 'Lung inflammation', [], [US, GB]],
      ['sv', 'Lunginflammation', ['46011000052107']],
    ],
    effective: '20190731',
  },
  {
    id: id.viralPneumonia,
    term: 'Viral pneumonia',
    is: [id.pneumonia],
    has: [
      [1, id.site, id.lung],
      [1, id.form, id.inflammation],
      [2, id.agent, id.virus],
    ],
    also: [['en', 'Viral lung inflammation', [GB], [US]]],
  },
  {
    id: id.doublePneumonia,
    term: 'Double pneumonia',
    is: [id.pneumonia],
    has: [
      [1, id.site, id.leftLung],
      [1, id.form, id.inflammation],
      [2, id.site, id.rightLung],
      [2, id.form, id.inflammation],
    ],
  },
  {
    id: id.rash,
    term: 'Rash',
    is: [id.disorder],
    has: [[0, id.site, id.skin]],
    module: '999000011000000103',
    former: ['Red spots'],
  },
  { id: id.body, term: 'Body structure', is: ['138875005'] },
  { id: id.lung, term: 'Lung structure', is: [id.body] },
  { id: id.leftLung, term: 'Left lung', is: [id.lung] },
  { id: id.rightLung, term: 'Right lung', is: [id.lung] },
  { id: id.skin, term: 'Skin', is: [id.body] },
  { id: id.morphology, term: 'Morphology', is: ['138875005'] },
  { id: id.inflammation, term: 'Inflammation', is: [id.morphology] },
  { id: id.organism, term: 'Organism', is: ['138875005'] },
  { id: id.virus, term: 'Virus', is: [id.organism] },
  { id: id.attribute, term: 'Attribute', is: ['900000000000441003'] },
  { id: id.site, term: 'Site', is: [id.attribute] },
  { id: id.form, term: 'Form', is: [id.attribute] },
  { id: id.agent, term: 'Agent', is: [id.attribute] },
  { id: id.strength, term: 'Strength', is: [id.attribute] },
  { id: id.label, term: 'Label', is: [id.attribute] },
  { id: id.fragile, term: 'Fragile', is: [id.attribute] },
  { id: id.product, term: 'Product', is: ['138875005'] },
  {
    id: id.weak,
    term: 'Weak product',
    is: [id.product],
    has: [
      [1, id.strength, '#2.5'],
      [1, id.label, '"Pale blue tablet"'],
      [1, id.fragile, 'true'],
    ],
  },
  { id: id.strong, term: 'Strong product', is: [id.product], has: [[1, id.strength, '#10']] },
  { id: id.oldPneumonia, term: 'Inflammation of lung NOS', inactive: true },
  { id: id.vaguePneumonia, term: 'Lung trouble', inactive: true },
  { id: id.favourites, term: 'Favourites', is: ['900000000000441003'] },
  { id: id.map, term: 'ICD-10 map', is: ['900000000000441003'] },
  { id: id.scheme, term: 'LAB identifiers', is: ['900000000000441003'] },
  { id: id.association, term: 'Historical association', is: ['900000000000441003'] },
  { id: id.sameAs, term: 'SAME AS', is: [id.association] },
  { id: id.possibly, term: 'POSSIBLY EQUIVALENT TO', is: [id.association] },
]

const mapped = (concept: string, mapTarget: string, mapPriority: string): GivenMember => ({
  refset: id.map,
  concept,
  fields: { mapGroup: '1', mapPriority, mapTarget, correlationId: '447559001' },
})

const members: GivenMember[] = [
  { refset: id.favourites, concept: id.pneumonia },
  { refset: id.favourites, concept: id.rash },
  { refset: id.favourites, concept: id.infection, inactive: true },
  { refset: id.sameAs, concept: id.oldPneumonia, fields: { targetComponentId: id.pneumonia } },
  { refset: id.possibly, concept: id.vaguePneumonia, fields: { targetComponentId: id.pneumonia } },
  mapped(id.pneumonia, 'J18.9', '1'),
  mapped(id.rash, 'R21', '2'),
]

let server: RestServer

const within = (paths: string[], version?: string) =>
  withDatabase(readConfig({ DATABASE_URL: server.database.url }), (database) =>
    load(database, { name: 'snomed', paths, version, tenant: 0 }, () => {}),
  )

beforeAll(async () => {
  server = await openServer()
  await within([await writeRelease(concepts, members, { identifiers: [['77-1', id.scheme, id.virus]] })])
})

afterAll(() => server.stop())

/** What a value set of one constraint expands to, by the names that this file gives them. */
const names = new Map(Object.entries(id).map(([name, code]) => [code, name]))

async function expanded(url: string): Promise<string[]> {
  const { json } = await server.expect(200, `GET ValueSet/$expand?url=${encodeURIComponent(url)}`)
  const contains = (json.expansion.contains ?? []) as { code: string }[]
  return contains.map(({ code }) => names.get(code) ?? code).sort()
}

const ecl = (text: string) => `${SNOMED}?fhir_vs=ecl/${encodeURIComponent(text)}`
const lookedUp = async (code: string, more = '') => {
  const { json } = await server.expect(
    200,
    `GET CodeSystem/$lookup?system=${SNOMED}&code=${encodeURIComponent(code)}${more}`,
  )
  return json.parameter as { name: string; part?: Record<string, unknown>[]; [value: string]: unknown }[]
}
const propertiesOf = (parameters: Awaited<ReturnType<typeof lookedUp>>) =>
  parameters
    .filter(({ name }) => name === 'property')
    .map(({ part }) => Object.fromEntries(part!.map(({ name, ...value }) => [name, Object.values(value)[0]])))

describe('A release in release format 2', () => {
  it('is looked up by its edition and date, with terms, relationships and neighbours', async () => {
    const found = await lookedUp(id.pneumonia)
    expect(found).toContainEqual({ name: 'version', valueString: VERSION })
    expect(found).toContainEqual({ name: 'display', valueString: 'Pneumonia' })
    const properties = propertiesOf(found)
    expect(properties).toContainEqual({
      code: id.site,
      'code-display': 'Site',
      value: id.lung,
      description: 'Lung structure',
    })
    expect(properties).toContainEqual({ code: 'parent', value: id.infection, description: 'Infection' })
    expect(properties).toContainEqual({ code: 'child', value: id.viralPneumonia, description: 'Viral pneumonia' })
    expect(properties).toContainEqual({ code: 'effectiveTime', value: '2019-07-31' })
    expect(properties).toContainEqual({ code: 'inactive', value: false })
    const terms = found.filter(({ name }) => name === 'designation').map(({ part }) => part!.at(-1)!.valueString)
    expect(terms).toEqual(expect.arrayContaining(['Pneumonia (thing)', 'Lung inflammation', 'Lunginflammation']))
  })

  it.each([
    ['normalFormTerse', id.lungDisorder, `===${id.disorder}:{${id.site}=${id.lung}}`],
    ['normalForm', id.lungDisorder, `===${id.disorder}|Disorder|:{${id.site}|Site|=${id.lung}|Lung structure|}`],
    ['normalFormTerse', id.strong, `<<<${id.product}:{${id.strength}=#10}`],
    ['sufficientlyDefined', id.lungDisorder, true],
    ['sufficientlyDefined', id.pneumonia, false],
    ['moduleId', id.rash, '999000011000000103'],
  ])('makes %s of %s for who asks for it', async (code, concept, value) => {
    const properties = propertiesOf(await lookedUp(concept, `&property=${code}`))
    expect(properties).toEqual([expect.objectContaining({ code, value })])
    expect(propertiesOf(await lookedUp(concept)).map((one) => one.code)).not.toContain('normalForm')
  })

  it('tells a term that is no longer used from a wrong one', async () => {
    const says = async (display: string) => {
      const parameter = [
        { name: 'url', valueUri: SNOMED },
        { name: 'code', valueCode: id.rash },
        { name: 'display', valueString: display },
      ]
      const body = { resourceType: 'Parameters', parameter }
      const { json } = await server.expect(200, 'POST CodeSystem/$validate-code', { body })
      return json.parameter.find(({ name }: { name: string }) => name === 'message')?.valueString
    }
    expect(await says('Rash')).toBeUndefined()
    expect(await says('Red spots')).toContain("'Red spots' is no longer considered a correct display")
    expect(await says('Red dots')).toContain("Wrong Display Name 'Red dots'")
    expect(await expanded(ecl(`<< ${id.disorder} {{ term = "spots" }}`))).toEqual([])
    expect(await expanded(ecl(`<< ${id.disorder} {{ term = "spots", active = 0 }}`))).toEqual(['rash'])
    expect(JSON.stringify(await lookedUp(id.rash))).not.toContain('Red spots')
  })

  it('shows an inactive concept as one', async () => {
    expect(propertiesOf(await lookedUp(id.oldPneumonia))).toContainEqual({ code: 'inactive', value: true })
  })

  it.each([
    [id.infection, id.viralPneumonia, 'subsumes'],
    [id.viralPneumonia, id.lungDisorder, 'subsumed-by'],
    [id.pneumonia, id.pneumonia, 'equivalent'],
    [id.rash, id.pneumonia, 'not-subsumed'],
    [id.pneumonia, `${id.pneumonia}:${id.agent}=${id.virus}`, 'subsumes'],
    [`${id.pneumonia}:${id.site}=${id.leftLung}`, `${id.pneumonia}:{${id.site}=${id.lung}}`, 'subsumed-by'],
    [`${id.infection}:${id.site}=${id.lung}`, id.viralPneumonia, 'subsumes'],
    [`${id.infection}:${id.site}=${id.skin}`, id.viralPneumonia, 'not-subsumed'],
    [`${id.product}:${id.strength}=#10`, id.strong, 'subsumes'],
    [`${id.rash}+${id.pneumonia}`, `${id.pneumonia} |x| + ${id.rash}`, 'equivalent'],
  ])('%s to %s is %s', async (a, b, outcome) => {
    const url = `CodeSystem/$subsumes?system=${SNOMED}&codeA=${encodeURIComponent(a)}&codeB=${encodeURIComponent(b)}`
    const { json } = await server.expect(200, `GET ${url}`)
    expect(json.parameter).toEqual([{ name: 'outcome', valueCode: outcome }])
  })
})

const pneumonias = ['doublePneumonia', 'pneumonia', 'viralPneumonia']

describe('ECL', () => {
  it.each<[string, string[]]>([
    [id.pneumonia, ['pneumonia']],
    [`<< ${id.pneumonia}`, pneumonias],
    [`< ${id.pneumonia} |Pneumonia|`, ['doublePneumonia', 'viralPneumonia']],
    [`<! ${id.disorder}`, ['infection', 'lungDisorder', 'rash']],
    [`<<! ${id.disorder}`, ['disorder', 'infection', 'lungDisorder', 'rash']],
    [`> ${id.viralPneumonia} MINUS > ${id.disorder}`, ['disorder', 'infection', 'lungDisorder', 'pneumonia']],
    [`>> ${id.infection} AND << ${id.disorder}`, ['disorder', 'infection']],
    [`>! ${id.pneumonia}`, ['infection', 'lungDisorder']],
    [`>>! ${id.pneumonia}`, ['infection', 'lungDisorder', 'pneumonia']],
    [`!!> (<< ${id.pneumonia} OR ${id.rash})`, ['pneumonia', 'rash']],
    [`!!< (<< ${id.pneumonia} OR ${id.rash})`, ['doublePneumonia', 'rash', 'viralPneumonia']],
    [`< (${id.infection} OR ${id.body})`, [...pneumonias, 'leftLung', 'lung', 'rightLung', 'skin'].sort()],
    [
      `* MINUS (<< ${id.disorder} OR << ${id.body} OR << ${id.product} OR << 900000000000441003 OR 138875005)`,
      ['inflammation', 'morphology', 'organism', 'virus'],
    ],
    [`^ ${id.favourites}`, ['pneumonia', 'rash']],
    [`< ^ ${id.favourites}`, ['doublePneumonia', 'viralPneumonia']],
    // Refinements
    [`* : ${id.site} = ${id.lung}`, ['lungDisorder', 'pneumonia', 'viralPneumonia']],
    [`* : ${id.site} = << ${id.lung}`, ['doublePneumonia', 'lungDisorder', 'pneumonia', 'viralPneumonia']],
    [`<< ${id.disorder} : ${id.site} != << ${id.lung}`, ['rash']],
    [`<< ${id.disorder} : ${id.site} = *, ${id.form} = *`, pneumonias],
    [`<< ${id.disorder} : ${id.agent} = * OR ${id.site} = ${id.skin}`, ['rash', 'viralPneumonia']],
    [`<< ${id.disorder} : [2..*] ${id.site} = *`, ['doublePneumonia']],
    [`<< ${id.pneumonia} : [0..0] ${id.agent} = *`, ['doublePneumonia', 'pneumonia']],
    [`<< ${id.disorder} : { ${id.site} = ${id.lung}, ${id.agent} = * }`, []],
    [`<< ${id.disorder} : { ${id.site} = ${id.lung}, ${id.form} = * }`, ['pneumonia', 'viralPneumonia']],
    [`<< ${id.disorder} : [2..2] { ${id.site} = << ${id.lung} }`, ['doublePneumonia']],
    [`<< ${id.pneumonia} : { [0..0] ${id.form} = * }`, ['viralPneumonia']],
    [`<< ${id.disorder} : { ${id.site} = ${id.skin} }`, ['rash']],
    [`<< ${id.body} : R ${id.site} = << ${id.pneumonia}`, ['leftLung', 'lung', 'rightLung']],
    [`<< ${id.body} : [2..*] R ${id.site} = *`, ['lung']],
    [`<< ${id.disorder} : (<< ${id.attribute}) = ${id.virus}`, ['viralPneumonia']],
    [`<< ${id.disorder} : * = ${id.virus}`, ['viralPneumonia']],
    [`<< ${id.pneumonia} . ${id.site}`, ['leftLung', 'lung', 'rightLung']],
    [`<< ${id.disorder} : ${id.site} = (< ${id.body} : R ${id.site} = ${id.rash})`, ['rash']],
    // Concrete values
    [`< ${id.product} : ${id.strength} = #10`, ['strong']],
    [`< ${id.product} : ${id.strength} < #10.0`, ['weak']],
    [`< ${id.product} : ${id.strength} >= #2.5`, ['strong', 'weak']],
    [`< ${id.product} : ${id.strength} != #10`, ['weak']],
    [`< ${id.product} : ${id.label} = "tab blue"`, ['weak']],
    [`< ${id.product} : ${id.label} = wild:"*blue"`, []],
    [`< ${id.product} : ${id.fragile} = true`, ['weak']],
    [`< ${id.product} : ${id.strength} = *`, ['strong', 'weak']],
    // Descriptions
    [`<< ${id.disorder} {{ term = "pneu" }}`, pneumonias],
    [`<< ${id.disorder} {{ term = "inflam viral" }}`, ['viralPneumonia']],
    [`<< ${id.disorder} {{ term = ("rash" wild:"double*") }}`, ['doublePneumonia', 'rash']],
    [`<< ${id.disorder} {{ term = wild:"pneumonia" }}`, ['pneumonia']],
    [`<< ${id.pneumonia} {{ term != "pneumonia", type = syn }}`, ['pneumonia', 'viralPneumonia']],
    [`<< ${id.disorder} {{ language = sv }}`, ['pneumonia']],
    [`<< ${id.disorder} {{ term = "lung", language = en }} {{ term = "lung", language = sv }}`, ['pneumonia']],
    [`<< ${id.pneumonia} {{ term = "inflammation", dialect = en-gb (prefer), type = syn }}`, ['viralPneumonia']],
    [`<< ${id.pneumonia} {{ term = "inflammation", dialect = en-us (accept) }}`, ['pneumonia', 'viralPneumonia']],
    [`<< ${id.pneumonia} {{ dialect = (en-gb (accept) sv-se) }}`, ['pneumonia']],
    [`<< ${id.disorder} {{ D active = 0 }}`, ['rash']],
    [`<< ${id.disorder} {{ D effectiveTime < "20260131" }}`, []],
    // Concepts
    [`<< ${id.disorder} {{ C definitionStatus = defined }}`, ['lungDisorder']],
    [`<< ${id.disorder} {{ C moduleId = 999000011000000103 }}`, ['rash']],
    [`<< ${id.pneumonia} {{ C effectiveTime < "20200101" }}`, ['pneumonia']],
    [`<< ${id.pneumonia} {{ C effectiveTime != "20190731" }}`, ['doublePneumonia', 'viralPneumonia']],
    [`* {{ C active = 0 }}`, ['oldPneumonia', 'vaguePneumonia']],
    [`* {{ C active = false }} {{ term = "trouble" }}`, ['vaguePneumonia']],
    // Members
    [`^ ${id.favourites} {{ M active = 0 }}`, ['infection']],
    [`^ ${id.favourites} {{ M active = "*" }}`, ['infection', 'pneumonia', 'rash']],
    [`^ ${id.map} {{ M mapTarget = "J18" }}`, ['pneumonia']],
    [`^ ${id.map} {{ M mapTarget = wild:"R*", mapPriority > #1 }}`, ['rash']],
    [`^ ${id.map} {{ M mapPriority != #2 }}`, ['pneumonia']],
    [`^ [targetComponentId] ${id.sameAs} {{ M referencedComponentId = ${id.oldPneumonia} }}`, ['pneumonia']],
    [`^ ${id.sameAs} {{ M targetComponentId = << ${id.infection} }}`, ['oldPneumonia']],
    // History, other schemes
    [`${id.pneumonia} {{ + HISTORY-MIN }}`, ['oldPneumonia', 'pneumonia']],
    [`${id.pneumonia} {{ + HISTORY }}`, ['oldPneumonia', 'pneumonia', 'vaguePneumonia']],
    [`${id.pneumonia} {{ + HISTORY (${id.possibly}) }}`, ['pneumonia', 'vaguePneumonia']],
    ['LAB#77-1', ['virus']],
  ])('%s', async (text, expected) => {
    expect(await expanded(ecl(text))).toEqual(expected)
  })

  it.each([
    ['<<', 'line 1, character 3: expected a concept id'],
    ['< 999999999', 'Unknown SNOMED Concept Id: 999999999, at character 3'],
    [`^ ${id.map} {{ M mapTargets = "J18" }}`, 'the members have no field mapTargets'],
    ['^ 999999999', 'Unknown SNOMED Concept Id: 999999999, at character 3'],
    ['* : 999999999 = *', 'Unknown SNOMED Concept Id: 999999999, at character 5'],
    ['ABC#1', 'the scheme ABC is not known'],
  ])('%s is refused', async (text, why) => {
    const { json } = await server.expect(422, `GET ValueSet/$expand?url=${encodeURIComponent(ecl(text))}`)
    expect(json.issue[0]).toMatchObject({
      severity: 'error',
      code: 'invalid',
      details: { text: expect.stringContaining(why) },
    })
    expect(json.issue[0].details.text).toContain(`'${text}'`)
  })
})

describe('A filter', () => {
  const filtered = async (property: string, op: string, value: string) => {
    const valueSet = {
      resourceType: 'ValueSet',
      status: 'active',
      compose: { include: [{ system: SNOMED, filter: [{ property, op, value }] }] },
    }
    const { json } = await server.expect(200, 'POST ValueSet/$expand', {
      body: { resourceType: 'Parameters', parameter: [{ name: 'valueSet', resource: valueSet }] },
    })
    return (json.expansion.contains ?? []).map(({ code }: { code: string }) => names.get(code) ?? code).sort()
  }

  it.each<[string, string, string, string[]]>([
    ['concept', 'is-a', id.pneumonia, pneumonias],
    ['concept', 'descendent-of', id.pneumonia, ['doublePneumonia', 'viralPneumonia']],
    ['concept', 'generalizes', id.infection, ['138875005', 'disorder', 'infection']],
    ['concept', 'in', id.favourites, ['pneumonia', 'rash']],
    ['concept', 'in', `${id.rash},${id.infection}`, ['infection', 'rash']],
    ['constraint', '=', `<! ${id.pneumonia}`, ['doublePneumonia', 'viralPneumonia']],
    [id.site, '=', id.lung, ['lungDisorder', 'pneumonia', 'viralPneumonia']],
    ['moduleId', '=', '999000011000000103', ['rash']],
    ['inactive', '=', 'true', ['oldPneumonia', 'vaguePneumonia']],
  ])('%s %s %s', async (property, op, value, expected) => {
    expect(await filtered(property, op, value)).toEqual(expected)
  })
})

describe('Implicit value sets', () => {
  it.each<[string, string[]]>([
    ['?fhir_vs=isa/100004004', pneumonias],
    ['/900000000000207008?fhir_vs=isa/100004004', pneumonias],
    ['/900000000000207008/version/20260131?fhir_vs=refset/700001000', ['pneumonia', 'rash']],
    ['?fhir_vs=refset', ['favourites', 'map', 'possibly', 'sameAs']],
  ])('%s', async (url, expected) => {
    expect(await expanded(SNOMED + url)).toEqual(expected)
  })

  it('all of it, as far as it can be listed', async () => {
    const { json } = await server.expect(
      200,
      `GET ValueSet/$expand?url=${encodeURIComponent(`${SNOMED}?fhir_vs`)}&count=2`,
    )
    expect(json.expansion).toMatchObject({ total: concepts.length + 3, contains: [{}, {}] })
    const unclosed = 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed'
    expect(json.expansion.extension).toContainEqual({ url: unclosed, valueBoolean: true })
  })

  it.each(['isa/999999999', 'refset/100004004', 'something/100004004'])('%s is none', async (what) => {
    await server.expect(404, `GET ValueSet/$expand?url=${encodeURIComponent(`${SNOMED}?fhir_vs=${what}`)}`)
  })
})

describe('Implicit maps', () => {
  const ICD = 'http://hl7.org/fhir/sid/icd-10'
  it.each([
    [id.sameAs, SNOMED, id.oldPneumonia, { code: id.pneumonia, system: SNOMED }, 'equal'],
    [id.possibly, SNOMED, id.vaguePneumonia, { code: id.pneumonia, system: SNOMED }, 'inexact'],
    [id.map, SNOMED, id.pneumonia, { code: 'J18.9', system: ICD }, 'wider'],
  ])('%s translates %s %s', async (refset, system, code, concept, equivalence) => {
    const url = encodeURIComponent(`${SNOMED}?fhir_cm=${refset}`)
    const { json } = await server.expect(200, `GET ConceptMap/$translate?url=${url}&system=${system}&code=${code}`)
    expect(json.parameter).toContainEqual({ name: 'result', valueBoolean: true })
    const match = json.parameter.find(({ name }: { name: string }) => name === 'match')
    expect(match.part).toContainEqual({ name: 'equivalence', valueCode: equivalence })
    expect(match.part).toContainEqual({ name: 'concept', valueCoding: expect.objectContaining(concept) })
  })

  it('of a reference set without members is none', async () => {
    const url = encodeURIComponent(`${SNOMED}?fhir_cm=${id.association}`)
    await server.expect(404, `GET ConceptMap/$translate?url=${url}&system=${SNOMED}&code=${id.pneumonia}`)
  })
})

describe('A postcoordinated expression', () => {
  const validated = async (code: string, valueSet?: object) => {
    const parameter = [
      { name: valueSet ? 'system' : 'url', valueUri: SNOMED },
      { name: 'code', valueCode: code },
      ...(valueSet ? [{ name: 'valueSet', resource: valueSet }] : []),
    ]
    const url = valueSet ? 'ValueSet/$validate-code' : 'CodeSystem/$validate-code'
    const { json } = await server.expect(200, `POST ${url}`, { body: { resourceType: 'Parameters', parameter } })
    const by = new Map(
      (json.parameter as { name: string }[]).map(({ name, ...value }) => [name, Object.values(value)[0]]),
    )
    return {
      result: by.get('result'),
      display: by.get('display'),
      issues: (by.get('issues') as { issue: [] })?.issue ?? [],
    }
  }
  const filtered = (property: string, op: string, value: string) => ({
    resourceType: 'ValueSet',
    status: 'active',
    compose: { include: [{ system: SNOMED, filter: [{ property, op, value }] }] },
  })

  it('is shown with the terms of its concepts', async () => {
    const { result, display } = await validated(`${id.pneumonia} : { ${id.site} |x| = ${id.leftLung} }`)
    expect(result).toBe(true)
    expect(display).toBe(`${id.pneumonia}|Pneumonia|:{${id.site}|Site|=${id.leftLung}|Left lung|}`)
  })

  it.each([
    [`${id.pneumonia}:${id.site}=999999999`, 'Not a valid expression: Concept 999999999 not found'],
    [`${id.pneumonia}:${id.site}`, "expected '='"],
    [`${id.pneumonia}:{${id.site}=${id.lung}`, "expected '}'"],
  ])('%s is none, and says why', async (code, why) => {
    const { result, issues } = await validated(code)
    expect(result).toBe(false)
    expect(issues.map(({ details }: { details: { text: string } }) => details.text).join()).toContain(why)
  })

  const left = `${id.pneumonia}:{${id.site}=${id.leftLung},${id.form}=${id.inflammation}}`
  it.each([
    [left, `<< ${id.pneumonia}`, true],
    [left, `< ${id.infection}`, true],
    [left, `< ${id.rash}`, false],
    [left, id.pneumonia, false],
    [left, `<! ${id.pneumonia}`, false],
    [left, `< ${id.disorder} : ${id.site} = ${id.leftLung}`, true],
    [left, `< ${id.disorder} : { ${id.site} = << ${id.lung}, ${id.form} = * }`, true],
    [left, `< ${id.disorder} : ${id.site} = ${id.rightLung}`, false],
    // The expression says more exactly where: that its concept says less does not count.
    [left, `< ${id.disorder} : [1..1] ${id.site} = *`, true],
    [`${id.pneumonia}:${id.agent}=${id.virus}`, `* : ${id.site} = ${id.lung}`, true],
    [`${id.weak}:${id.strength}=#3`, `* : ${id.strength} > #2.9`, true],
    [left, `* MINUS << ${id.infection}`, false],
    [left, `<< ${id.rash} OR << ${id.pneumonia}`, true],
    [left, `* {{ term = "x" }}`, false],
  ])('%s in %s: %s', async (code, constraint, expected) => {
    const { result } = await validated(code, filtered('constraint', '=', constraint))
    expect(result).toBe(expected)
  })

  it.each([
    ['is-a', id.infection, true],
    ['is-a', id.rash, false],
    ['descendent-of', id.pneumonia, true],
  ])('is in what %s %s: %s', async (op, value, expected) => {
    expect((await validated(left, filtered('concept', op, value))).result).toBe(expected)
  })

  it.each([
    ['true', true],
    ['false', false],
  ])('is in a set with expressions %s: %s', async (value, expected) => {
    expect((await validated(left, filtered('expressions', '=', value))).result).toBe(expected)
  })

  it('is in a set that lists it, however it is written', async () => {
    const valueSet = {
      resourceType: 'ValueSet',
      status: 'active',
      compose: { include: [{ system: SNOMED, concept: [{ code: id.rash }, { code: left }] }] },
    }
    const turned = `${id.pneumonia}: { ${id.form} = ${id.inflammation}, ${id.site} = ${id.leftLung} }`
    expect((await validated(left, valueSet)).result).toBe(true)
    expect((await validated(`${id.rash}:${id.site}=${id.skin}`, valueSet)).result).toBe(false)
    expect(turned).not.toBe(left)
    const { json } = await server.expect(200, 'POST ValueSet/$expand', {
      body: { resourceType: 'Parameters', parameter: [{ name: 'valueSet', resource: valueSet }] },
    })
    expect(json.expansion.total).toBe(2)
    expect(json.expansion.contains.map(({ code }: { code: string }) => code)).toEqual([id.rash, left])
  })
})

describe('A release that is none', () => {
  const broken = (name: string, change: (text: string) => string) =>
    writeRelease(concepts.slice(0, 3), [], { change: (file, text) => (file.includes(name) ? change(text) : text) })

  it.each<[string, string, (text: string) => string, string]>([
    [
      'a column is missing',
      'sct2_Concept',
      (text) => text.replace('moduleId', 'module'),
      'line 1: a header without moduleId',
    ],
    [
      'a line is cut',
      'sct2_Concept',
      (text) => `${text}100009004\t20260131\r\n`,
      '2 values; expected 5 separated by tabs',
    ],
    [
      'active is neither',
      'sct2_Concept',
      (text) => text.replace('20260131\t1', '20260131\tx'),
      'line 2: active x; expected 0 or 1',
    ],
    ['an id is none', 'sct2_Concept', (text) => text.replace('100001007', 'A1'), 'the concept id A1'],
    [
      'a concept is unknown',
      'sct2_Relationship_',
      (text) => text.replace('\t100001007\t', '\t100999007\t'),
      'the concept 100999007, which no file has',
    ],
  ])('%s', async (_what, file, change, why) => {
    await expect(within([await broken(file, change)])).rejects.toThrow(why)
  })

  it('has no concepts', async () => {
    await expect(within([import.meta.dirname])).rejects.toThrow(
      'has no snapshot of release format 2: a file sct2_Concept_Snapshot',
    )
  })

  it('does not tell its edition, and may be told', async () => {
    const foreign = [{ id: '100001007', term: 'Disorder', is: ['138875005'] }]
    const folder = await writeRelease(foreign, [], {
      change: (_file, text) => text.replaceAll('900000000000207008', '31000003106'),
    })
    await expect(within([folder])).rejects.toThrow(
      'say so by a version, http://snomed.info/sct/<module>/version/20260131',
    )
    const version = 'http://snomed.info/xsct/31000003106/version/20260131'
    expect(await within([folder], version)).toEqual([expect.objectContaining({ version, concepts: 4 })])
    await expect(within([folder], '2026')).rejects.toThrow('The version 2026 is none of SNOMED CT')
  })
})
