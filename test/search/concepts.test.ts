import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type SearchServer, value } from './server.js'

// :in, :not-in, :above and :below, by the CodeSystems and ValueSets that are stored:
// https://hl7.org/fhir/R4/search.html#token and https://hl7.org/fhir/R4/valueset.html#compositions

const ANIMALS = 'http://example.org/animals'
const RANKS = 'http://example.org/ranks'
const OPEN = 'http://example.org/elsewhere'
const PARENT = 'http://hl7.org/fhir/concept-properties#parent'

const animals = {
  resourceType: 'CodeSystem',
  id: 'animals',
  url: ANIMALS,
  version: '2.10',
  status: 'active',
  content: 'complete',
  property: [
    { code: 'legs', type: 'integer' },
    { code: 'isa', uri: PARENT, type: 'code' },
    { code: 'status', uri: 'http://hl7.org/fhir/concept-properties#status', type: 'code' },
  ],
  concept: [
    {
      code: 'animal',
      concept: [
        {
          code: 'bird',
          display: 'A bird',
          property: [{ code: 'legs', valueInteger: 2 }],
          concept: [{ code: 'parrot', property: [{ code: 'legs', valueInteger: 2 }] }],
        },
        { code: 'mammal', property: [{ code: 'legs', valueInteger: 4 }] },
      ],
    },
    {
      code: 'dog',
      display: 'Dog',
      property: [
        { code: 'isa', valueCode: 'mammal' },
        { code: 'legs', valueInteger: 4 },
      ],
    },
    {
      code: 'pegasus',
      property: [
        { code: 'isa', valueCode: 'bird' },
        { code: 'isa', valueCode: 'mammal' },
        { code: 'status', valueCode: 'retired' },
      ],
    },
  ],
}

const valueSet = (id: string, more: Record<string, unknown>): Given => ({
  resourceType: 'ValueSet',
  id,
  url: `http://example.org/ValueSet/${id}`,
  status: 'active',
  ...more,
})
const filtered = (id: string, ...filter: [property: string, op: string, value: string][]) =>
  valueSet(id, {
    compose: {
      include: [{ system: ANIMALS, filter: filter.map(([property, op, value]) => ({ property, op, value })) }],
    },
  })
const imports = (...ids: string[]) => ids.map((id) => `http://example.org/ValueSet/${id}`)

const observation = (id: string, system: string | undefined, ...codes: string[]): Given => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: codes.map((code) => ({ system, code })) },
})

let server: SearchServer
beforeAll(async () => {
  // Codes that nobody has defined are looked for, too.
  server = await openServer({ INGLE_VALIDATION: 'structure', INGLE_REFERENCES: 'off' })
  await server.put(
    animals as Given,
    { ...animals, id: 'animals-old', version: '2.9', concept: [{ code: 'bird' }] } as Given,
    {
      resourceType: 'CodeSystem',
      id: 'ranks',
      url: RANKS,
      status: 'active',
      content: 'complete',
      concept: Array.from({ length: 3000 }, (_, i) => ({ code: `r${i}` })),
    },
    { resourceType: 'CodeSystem', id: 'empty', url: OPEN, status: 'active', content: 'not-present' },
    valueSet('listed', { compose: { include: [{ system: ANIMALS, concept: [{ code: 'dog' }, { code: 'parrot' }] }] } }),
    valueSet('whole', { compose: { include: [{ system: ANIMALS }] } }),
    valueSet('open', { compose: { include: [{ system: OPEN }] } }),
    valueSet('open-but-one', {
      compose: { include: [{ system: OPEN }], exclude: [{ system: OPEN, concept: [{ code: 'x' }] }] },
    }),
    valueSet('ranks', { compose: { include: [{ system: RANKS }] } }),
    filtered('birds', ['concept', 'is-a', 'bird']),
    filtered('under-birds', ['concept', 'descendent-of', 'bird']),
    filtered('no-birds', ['concept', 'is-not-a', 'bird']),
    filtered('two-legs', ['legs', '=', '2']),
    filtered('even-legs', ['legs', 'in', '2,4']),
    filtered('with-legs', ['legs', 'exists', 'true']),
    filtered('named', ['display', 'regex', '(A )?[bD].*']),
    filtered('coded', ['code', 'regex', 'p.*']),
    filtered('endless', ['display', 'regex', '(a+)+$']),
    filtered('both', ['concept', 'is-a', 'animal'], ['concept', 'is-not-a', 'mammal']),
    filtered('up', ['concept', 'generalizes', 'dog']),
    filtered('wrong-code', ['concept', 'is-a', 'unicorn']),
    valueSet('active', { compose: { inactive: false, include: [{ system: ANIMALS }] } }),
    valueSet('imported', {
      compose: { include: [{ valueSet: imports('birds') }, { system: ANIMALS, concept: [{ code: 'dog' }] }] },
    }),
    valueSet('crossed', { compose: { include: [{ valueSet: imports('birds', 'coded') }] } }),
    valueSet('narrowed', { compose: { include: [{ system: ANIMALS, valueSet: imports('coded') }] } }),
    valueSet('excluding', {
      compose: {
        include: [{ system: ANIMALS }, { system: OPEN, concept: [{ code: 'y' }] }],
        exclude: [{ valueSet: imports('birds') }],
      },
    }),
    valueSet('circle', { compose: { include: [{ valueSet: imports('circle') }] } }),
    valueSet('dangling', { compose: { include: [{ valueSet: imports('nowhere') }] } }),
    valueSet('unknown-system', {
      compose: { include: [{ system: 'http://nowhere', filter: [{ property: 'concept', op: 'is-a', value: 'x' }] }] },
    }),
    valueSet('expanded', {
      compose: { include: [{ system: 'http://nowhere', filter: [{ property: 'concept', op: 'is-a', value: 'x' }] }] },
      expansion: {
        timestamp: '2024-01-01',
        contains: [{ system: ANIMALS, code: 'animal', abstract: true, contains: [{ system: ANIMALS, code: 'dog' }] }],
      },
    }),
    valueSet('expansion-only', {
      expansion: { timestamp: '2024-01-01', total: 1, contains: [{ system: ANIMALS, code: 'dog' }] },
    }),
    valueSet('expansion-page', {
      expansion: { timestamp: '2024-01-01', total: 9, contains: [{ system: ANIMALS, code: 'dog' }] },
    }),
    valueSet('genders', {
      compose: {
        include: [
          { system: 'http://hl7.org/fhir/administrative-gender', concept: [{ code: 'male' }, { code: 'female' }] },
        ],
      },
    }),
  )
  await server.put(
    observation('animal', ANIMALS, 'animal'),
    observation('bird', ANIMALS, 'bird'),
    observation('parrot', ANIMALS, 'parrot'),
    observation('dog', ANIMALS, 'dog'),
    observation('pegasus', ANIMALS, 'pegasus'),
    observation('misspelt', ANIMALS, 'dgo'),
    observation('two', ANIMALS, 'parrot', 'dog'),
    observation('elsewhere', OPEN, 'x'),
    observation('y', OPEN, 'y'),
    observation('bare', undefined, 'dog'),
    observation('rank', RANKS, 'r2999'),
    { resourceType: 'Observation', id: 'text', status: 'final', code: { text: 'dog' } },
    { resourceType: 'Patient', id: 'm', gender: 'male' },
    { resourceType: 'Patient', id: 'o', gender: 'other' },
    { resourceType: 'Patient', id: 'none' },
  )
})
afterAll(() => server.stop())

const url = (id: string) => value(`http://example.org/ValueSet/${id}`)

describe('Observation?code:in', () => {
  it.each([
    ['listed', ['dog', 'parrot', 'two']],
    ['whole', ['animal', 'bird', 'dog', 'parrot', 'pegasus', 'two']], // a code that the system does not have is not in it
    ['open', ['elsewhere', 'y']],
    ['ranks', ['rank']], // the 3,000th of its codes
    ['birds', ['bird', 'parrot', 'pegasus', 'two']],
    ['under-birds', ['parrot', 'pegasus', 'two']],
    ['no-birds', ['animal', 'dog', 'two']],
    ['two-legs', ['bird', 'parrot', 'two']],
    ['even-legs', ['bird', 'dog', 'parrot', 'two']],
    ['with-legs', ['bird', 'dog', 'parrot', 'two']],
    ['named', ['bird', 'dog', 'two']],
    ['coded', ['parrot', 'pegasus', 'two']],
    ['both', ['animal', 'bird', 'parrot', 'two']],
    ['up', ['animal', 'dog', 'two']],
    ['active', ['animal', 'bird', 'dog', 'parrot', 'two']],
    ['imported', ['bird', 'dog', 'parrot', 'pegasus', 'two']],
    ['crossed', ['parrot', 'pegasus', 'two']],
    ['narrowed', ['parrot', 'pegasus', 'two']],
    ['excluding', ['animal', 'dog', 'two', 'y']],
    ['expanded', ['dog', 'two']],
    ['expansion-only', ['dog', 'two']],
    ['endless', []], // JavaScript's own would take years on a display of many a
  ])('%s', async (id, expected) => {
    expect(await server.found(`Observation?code:in=${url(id)}`)).toEqual(expected)
    expect(await server.found(`Observation?code:in=ValueSet/${id}`)).toEqual(expected)
    expect(await server.found(`Observation?code:in=${value(`${server.base}/ValueSet/${id}`)}`)).toEqual(expected)
    expect((await server.get(`Observation?code:in=${url(id)}&_summary=count`)).total).toBe(expected.length)
    const all = await server.found('Observation?_count=100')
    const rest = all.filter((one) => !expected.includes(one))
    expect(await server.found(`Observation?code:not-in=${url(id)}`)).toEqual(rest)
  })

  it.each([
    ['code:in', url('nowhere'), /value set http:\/\/example.org\/ValueSet\/nowhere is not known/],
    ['code:not-in', 'ValueSet/nowhere', /ValueSet\/nowhere is not known/],
    ['code:in', value('http://example.org/ValueSet/birds|7'), /birds\|7 is not known/],
    ['code:in', url('dangling'), /nowhere' could not be found/],
    ['code:in', url('unknown-system'), /code system http:\/\/nowhere is not stored/],
    ['code:in', url('open-but-one'), /cannot be told/],
    ['code:in', 'birds', /canonical url of a value set, or ValueSet\/id/],
    ['code:in', '', /no value/],
  ])('%s=%s is refused', async (name, text, reason) => {
    expect(await server.refused(`Observation?${name}=${text}`)).toMatch(reason)
  })

  it.each([
    ['circle', /circularity pointing to/],
    ['wrong-code', /unicorn, which is not in the system/],
    ['expansion-page', /neither a composition nor a whole expansion/],
  ])('%s cannot be evaluated', async (id, reason) => {
    expect(await server.refused(`Observation?code:in=${url(id)}`, 422)).toMatch(reason)
  })

  it.each([
    [`code:in=${url('birds')},${url('listed')}`, ['bird', 'dog', 'parrot', 'pegasus', 'two']],
    [`code:in=${url('birds')}&code:in=${url('listed')}`, ['parrot', 'two']],
    [`code:in=${url('birds')}&code=dog`, ['two']],
    [`combo-code:in=${url('two-legs')}&_sort=_id`, ['bird', 'parrot', 'two']],
    [`code:in=${url('ranks')}&_sort=-_lastUpdated`, ['rank']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Observation?${query}`)).toEqual(expected)
  })

  it('many codes that there are, beside other conditions', async () => {
    const subject = { reference: 'Patient/ranked' }
    const many = Array.from({ length: 150 }, (_, i) => ({ ...observation(`rank-${i}`, RANKS, `r${i}`), subject }))
    await server.put({ resourceType: 'Patient', id: 'ranked' }, ...many, {
      ...observation('unranked', RANKS, 'x'),
      subject,
    })
    const expected = many.map(({ id }) => id).sort()
    for (const query of [
      `code:in=${url('ranks')}&patient=ranked`,
      `code:in=${url('ranks')}&patient=ranked&_sort=-date&_count=7`,
      `code:in=${url('ranks')}&_id=${expected.join()},unranked`,
      `code:in=${url('ranks')}&subject:Patient._id=ranked`,
    ])
      expect(await server.found(`Observation?${query}`)).toEqual(expected)
    expect(await server.found(`Observation?code:not-in=${url('ranks')}&patient=ranked`)).toEqual(['unranked'])
    expect(await server.found(`Patient?_has:Observation:patient:code:in=${url('ranks')}`)).toEqual(['ranked'])
    await server.remove('Patient/ranked', 'Observation/unranked', ...expected.map((id) => `Observation/${id}`))
  })

  it('codes of elements whose system FHIR implies', async () => {
    expect(await server.found(`Patient?gender:in=${url('genders')}`)).toEqual(['m'])
    expect(await server.found(`Patient?gender:not-in=${url('genders')}`)).toEqual(['none', 'o'])
  })

  it('a value set that many import, by ways beyond number', async () => {
    const sets = Array.from({ length: 40 }, (_, i) => {
      const further = { valueSet: [decodeURIComponent(url(`step${i + 1}`))] }
      const include = i === 39 ? [{ system: OPEN, concept: [{ code: 'y' }] }] : [further, further]
      return valueSet(`step${i}`, { compose: { include } })
    })
    await server.put(...sets)
    expect(await server.found(`Observation?code:in=${url('step0')}`)).toEqual(['y'])
  })

  it('follows what is stored now', async () => {
    await server.put(valueSet('changing', { compose: { include: [{ system: ANIMALS, concept: [{ code: 'dog' }] }] } }))
    expect(await server.found(`Observation?code:in=${url('changing')}`)).toEqual(['dog', 'two'])
    await server.put(valueSet('changing', { compose: { include: [{ system: OPEN, concept: [{ code: 'y' }] }] } }))
    expect(await server.found(`Observation?code:in=${url('changing')}`)).toEqual(['y'])
    await server.remove('ValueSet/changing')
    expect(await server.refused(`Observation?code:in=${url('changing')}`)).toMatch(/not known/)
  })
})

describe('Observation?code:below and :above', () => {
  it.each([
    ['code:below', 'animal', ['animal', 'bird', 'dog', 'parrot', 'pegasus', 'two']],
    ['code:below', 'mammal', ['dog', 'pegasus', 'two']],
    ['code:below', 'dog', ['dog', 'two']],
    ['code:above', 'pegasus', ['animal', 'bird', 'pegasus']],
    ['code:above', 'animal', ['animal']],
  ])('%s=%s', async (name, code, expected) => {
    expect(await server.found(`Observation?${name}=${value(`${ANIMALS}|${code}`)}`)).toEqual(expected)
    expect(await server.found(`DiagnosticReport?result.${name}=${value(`${ANIMALS}|${code}`)}`)).toEqual([])
  })

  it.each([
    ['code:below=dog', /right is system\|code/],
    [`code:below=${value('http://nowhere|x')}`, /code system http:\/\/nowhere is not stored/],
    [`code:above=${value(`${OPEN}|x`)}`, /not stored here with its concepts/],
    [`code:below=${value(`${ANIMALS}|unicorn`)}`, /has no such code/],
    ['identifier:below=a|b', /identifier:below is not supported/],
  ])('%s is refused', async (query, reason) => {
    expect(await server.refused(`Observation?${query}`)).toMatch(reason)
  })
})
