import type { ConceptMap, ParametersParameter } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { storesWhatHasTheForm } from '../support/settings.js'

// https://hl7.org/fhir/R4/conceptmap-operation-translate.html

const FROM = 'http://cellar.example/cs/bottles'
const TO = 'http://cellar.example/cs/barrels'
const OTHER = 'http://cellar.example/cs/jugs'
const map = (id: string) => `http://cellar.example/map/${id}`

const maps = [
  {
    id: 'main',
    version: '1',
    sourceCanonical: 'http://cellar.example/vs/bottles',
    targetCanonical: 'http://cellar.example/vs/barrels',
    group: [
      {
        source: FROM,
        target: TO,
        element: [
          { code: 'red', target: [{ code: 'oak', display: 'Oak', equivalence: 'equivalent', comment: 'As ever' }] },
          {
            code: 'white',
            target: [
              { code: 'steel', equivalence: 'wider' },
              { code: 'glass', equivalence: 'narrower' },
            ],
          },
          { code: 'blue', target: [{ equivalence: 'unmatched' }] },
          { code: 'green', target: [{ code: 'oak', equivalence: 'disjoint' }] },
          {
            code: 'old',
            target: [
              {
                code: 'oak',
                equivalence: 'equal',
                dependsOn: [{ property: 'http://cellar.example/age', value: 'ten' }],
                product: [{ property: 'http://cellar.example/size', system: TO, value: 'big', display: 'Big' }],
              },
            ],
          },
        ],
        unmapped: { mode: 'fixed', code: 'any', display: 'Any' },
      },
    ],
  },
  {
    id: 'further',
    group: [
      {
        source: FROM,
        target: OTHER,
        element: [{ code: 'red', target: [{ code: 'clay', equivalence: 'relatedto' }] }],
        unmapped: { mode: 'provided' },
      },
    ],
  },
  {
    id: 'on',
    group: [
      { source: FROM, target: TO, element: [{ code: 'none' }], unmapped: { mode: 'other-map', url: map('main') } },
    ],
  },
  {
    id: 'round',
    group: [
      { source: FROM, target: TO, element: [{ code: 'none' }], unmapped: { mode: 'other-map', url: map('round') } },
    ],
  },
  {
    id: 'lost',
    group: [
      { source: FROM, target: TO, element: [{ code: 'none' }], unmapped: { mode: 'other-map', url: map('none') } },
    ],
  },
].map((one) => ({ resourceType: 'ConceptMap', status: 'active', url: map(one.id), ...one }))

let server: RestServer
beforeAll(async () => {
  server = await openServer(storesWhatHasTheForm)
  const entry = maps.map((resource) => ({ resource, request: { method: 'PUT', url: `ConceptMap/${resource.id}` } }))
  expect((await server.transact(entry)).status).toBe(200)
})
afterAll(() => server.stop())

const query = (given: Record<string, string>) => new URLSearchParams(given).toString()
/** `equivalent oak`, each by its parts. */
const linesOf = (parameter: ParametersParameter[]) =>
  parameter
    .filter(({ name }) => name === 'match')
    .map(({ part = [] }) => {
      const of = (wanted: string) => part.find(({ name }) => name === wanted)
      return [of('equivalence')!.valueCode, of('concept')?.valueCoding?.code].filter(Boolean).join(' ')
    })
const translated = async (given: Record<string, string>, level = 'ConceptMap') => {
  const { json } = await server.expect(200, `GET ${level}/$translate?${query(given)}`)
  const all = json.parameter as ParametersParameter[]
  return { all, result: all.find(({ name }) => name === 'result')!.valueBoolean, matches: linesOf(all) }
}

describe('$translate', () => {
  it.each<[given: Record<string, string>, result: boolean, matches: string[]]>([
    [{ url: map('main'), code: 'red' }, true, ['equivalent oak']],
    [{ url: `${map('main')}|1`, code: 'red', system: FROM }, true, ['equivalent oak']],
    [{ url: map('main'), code: 'white' }, true, ['wider steel', 'narrower glass']],
    [{ url: map('main'), code: 'blue' }, false, ['unmatched']],
    [{ url: map('main'), code: 'green' }, false, ['disjoint oak']],
    [{ url: map('main'), code: 'old' }, false, []], // nothing is known of what it depends on
    [{ url: map('main'), code: 'pink' }, true, ['relatedto any']],
    [{ url: map('main'), code: 'red', system: TO }, false, []],
    [{ url: map('further'), code: 'pink' }, true, ['equal pink']],
    [{ url: map('on'), code: 'red' }, true, ['equivalent oak']],
    [{ url: map('main'), code: 'oak', reverse: 'true' }, true, ['equivalent red', 'disjoint green', 'equal old']],
    [{ url: map('main'), code: 'steel', system: TO, reverse: 'true' }, true, ['narrower white']],
    [{ code: 'red', system: FROM, targetsystem: OTHER }, true, ['relatedto clay']],
    [{ code: 'red', system: FROM, source: 'http://cellar.example/vs/bottles' }, true, ['equivalent oak']],
    [{ code: 'red', system: FROM, target: 'http://cellar.example/vs/none' }, false, []],
  ])('%j', async (given, result, matches) => {
    expect(await translated(given)).toMatchObject({ result, matches })
  })

  it('says which map it was by, and what more there is', async () => {
    const { all } = await translated({ code: 'red' }, 'ConceptMap/main')
    expect(all.find(({ name }) => name === 'match')!.part).toEqual([
      { name: 'equivalence', valueCode: 'equivalent' },
      { name: 'concept', valueCoding: { system: TO, code: 'oak', display: 'Oak' } },
      { name: 'comment', valueString: 'As ever' },
      { name: 'source', valueUri: `${map('main')}|1` },
    ])
  })

  it('takes what is known of dependencies, and codings', async () => {
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'url', valueUri: map('main') },
        {
          name: 'codeableConcept',
          valueCodeableConcept: {
            coding: [
              { system: FROM, code: 'old' },
              { system: FROM, code: 'red' },
            ],
          },
        },
        {
          name: 'dependency',
          part: [
            { name: 'element', valueUri: 'http://cellar.example/age' },
            { name: 'concept', valueCodeableConcept: { coding: [{ code: 'ten' }] } },
          ],
        },
      ],
    }
    const { parameter } = (await server.expect(200, 'POST ConceptMap/$translate', { body })).json
    expect(linesOf(parameter)).toEqual(['equal oak', 'equivalent oak'])
    expect(parameter[1].part[2]).toEqual({
      name: 'product',
      part: [
        { name: 'element', valueUri: 'http://cellar.example/size' },
        { name: 'concept', valueCoding: { system: TO, code: 'big', display: 'Big' } },
      ],
    })
  })

  it('answers R5 names with R5 names', async () => {
    const { all, matches } = await translated({
      sourceCode: 'white',
      sourceSystem: FROM,
      targetSystem: TO,
      url: map('main'),
    })
    expect(matches).toEqual(['wider steel', 'narrower glass'])
    expect(all.find(({ name }) => name === 'match')!.part).toEqual([
      { name: 'equivalence', valueCode: 'wider' },
      { name: 'relationship', valueCode: 'source-is-narrower-than-target' },
      { name: 'concept', valueCoding: { system: TO, code: 'steel' } },
      { name: 'originMap', valueCanonical: `${map('main')}|1` },
    ])
    const back = await translated({ targetCode: 'glass', targetSystem: TO, url: map('main') })
    expect(back.matches).toEqual(['wider white'])
  })

  it('by a map that comes with the request', async () => {
    const resource = { ...maps[1], url: map('brought'), id: undefined } as unknown as ConceptMap
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'conceptMap', resource },
        { name: 'coding', valueCoding: { system: FROM, code: 'red' } },
      ],
    }
    expect(linesOf((await server.expect(200, 'POST ConceptMap/$translate', { body })).json.parameter)).toEqual([
      'relatedto clay',
    ])
  })

  it('by the maps of the standard', async () => {
    const { matches } = await translated({ code: 'home', system: 'http://hl7.org/fhir/address-use' })
    expect(matches).toContain('equal H')
  })

  it.each<[status: number, given: Record<string, string>, reason: RegExp]>([
    [400, { url: map('main') }, /needs one of code with system/],
    [404, { url: map('none'), code: 'red' }, /map\/none is not known/],
    [422, { url: map('round'), code: 'red' }, /goes on in itself/],
    [422, { url: map('lost'), code: 'red' }, /map\/none, which is not known/],
  ])('%i for %j', async (status, given, reason) => {
    const { json } = await server.expect(status, `GET ConceptMap/$translate?${query(given)}`)
    expect(json.issue[0].diagnostics).toMatch(reason)
  })
})
