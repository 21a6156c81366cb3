import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type SearchServer, value } from './server.js'

// _text, _content and :text-advanced: https://hl7.org/fhir/R4/search.html#content

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const condition = (id: string, narrative: string, more: Record<string, unknown> = {}): Given => ({
    resourceType: 'Condition',
    id,
    subject: { reference: 'Patient/p' },
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${narrative}</div>` },
    ...more,
  })
  await server.put(
    condition('bone', 'Metastases in the <b>bone</b>, not in the liver-side vessels'),
    condition('liver', 'A metastasis of the liver', { note: [{ text: 'Fractured rib; blood pressure is high.' }] }),
    condition('ribs', 'Two fractures, one rib', {
      code: { text: 'Rib fracture', coding: [{ system: 'http://s', code: 'brokenrib', display: 'Broken rib' }] },
    }),
    condition('cafe', 'Caf&eacute; au lait', { code: { text: 'Tâches café au lait' } }),
    condition('pressure', 'Pressure of blood', { code: { text: 'High blood   pressure' } }),
    { resourceType: 'Condition', id: 'silent', subject: { reference: 'Patient/p' } },
  )
})
afterAll(() => server.stop())

describe('words in every grammatical form', () => {
  it.each([
    ['_text=fracture', ['ribs']],
    ['_content=fracture', ['liver', 'ribs']],
    ['_content=fracturing', ['liver', 'ribs']],
    ['_text=metastases', ['bone']],
    ['code:text=fractures', ['ribs']],
    ['code:text=rib broken', ['ribs']],
    ['_text=RIBS', ['ribs']],
    ['_content=café', ['cafe']],
    ['_content=brokenrib', []], // a code is no prose
    ['_content=generated', []],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Condition?${query}`)).toEqual(expected)
  })
})

describe('_sort=_score', () => {
  const scored = (query: string) =>
    server
      .get(query)
      .then(({ entry = [] }) => entry.map(({ resource, search }) => [resource!.id, search!.score] as const))

  beforeAll(() =>
    server.put(
      ...[1, 2, 3, 4].map((n) => ({
        resourceType: 'Communication',
        id: `c${n}`,
        status: 'completed',
        text: {
          status: 'generated',
          div: `<div xmlns="http://www.w3.org/1999/xhtml">${'other things '.repeat(10 - n)} ${'a cough '.repeat(n)}</div>`,
        },
        ...(n === 1 && { payload: [{ contentString: 'coughing and sneezing, a cough, coughs and a sneeze' }] }),
      })),
    ),
  )

  it.each([
    ['_text=cough&_sort=_score', ['c4', 'c3', 'c2', 'c1']],
    ['_text=cough&_sort=-_score', ['c1', 'c2', 'c3', 'c4']],
    ['_text=coughing OR sneeze&_sort=_score', ['c4', 'c3', 'c2', 'c1']],
    ['_content=sneeze&_sort=_score', ['c1']],
    ['_text=cou*&_sort=_score', ['c4', 'c3', 'c2', 'c1']],
    ['_text=cough NOT sneeze&_sort=_score,_id', ['c4', 'c3', 'c2', 'c1']],
  ])('%s', async (query, expected) => {
    const entries = await scored(`Communication?${query}`)
    expect(entries.map(([id]) => id)).toEqual(expected)
    const scores = entries.map(([, score]) => score!)
    expect(scores.every((score) => score > 0 && score <= 1)).toBe(true)
    expect([...scores].sort((a, b) => (query.includes('-_score') ? a - b : b - a))).toEqual(scores)
  })

  it('is paged like any order', async () => {
    const ids: string[] = []
    for await (const page of server.pages('Communication?_text=cough&_sort=_score&_count=1')) ids.push(...page.ids)
    expect(ids).toEqual(['c4', 'c3', 'c2', 'c1'])
  })

  it('needs words, and says no score in other orders', async () => {
    expect(await server.refused('Communication?_sort=_score')).toMatch(/_score where words are searched for/)
    expect((await scored('Communication?_text=cough&_sort=_id')).map(([, score]) => score)).toEqual(
      Array(4).fill(undefined),
    )
  })
})

describe('boolean syntax', () => {
  it.each([
    ['(bone OR liver) and metastases', ['bone']],
    ['bone OR rib', ['bone', 'ribs']],
    ['bone or rib', ['bone', 'ribs']],
    ['bone,rib', ['bone', 'ribs']],
    ['liver NOT bone', ['liver']],
    ['liver AND NOT bone', ['liver']],
    ['liver -bone', ['liver']],
    ['NOT liver', ['cafe', 'pressure', 'ribs', 'silent']],
    ['(liver OR rib) NOT (bone OR two)', ['liver']],
    ['rib two OR bone liver', ['bone', 'ribs']],
    ['"in the bone"', ['bone']],
    ['"the in bone"', []],
    ['"the bone" OR "of the liver"', ['bone', 'liver']],
    ['NOT "in the"', ['cafe', 'liver', 'pressure', 'ribs', 'silent']],
    ['metasta*', ['bone', 'liver']],
    ['metasta* bone', ['bone']],
    ['frac* OR vess*', ['bone', 'ribs']],
    ['"fractures\\, one"', ['ribs']],
  ])('_text=%s', async (text, expected) => {
    expect(await server.found(`Condition?_text=${value(text)}`)).toEqual(expected)
    expect(await server.found(`Condition?_text=${value(text)}&_sort=_id`)).toEqual(expected)
    expect((await server.get(`Condition?_text=${value(text)}&_summary=count`)).total).toBe(expected.length)
  })

  it.each([
    ['"blood pressure"', ['liver', 'pressure']],
    ['"pressure of blood"', ['pressure']],
    ['brok*', ['ribs']],
    ['gener*', []],
    ['"taches cafe"', ['cafe']],
    ['caf*', ['cafe']],
  ])('_content=%s', async (text, expected) => {
    expect(await server.found(`Condition?_content=${value(text)}`)).toEqual(expected)
    expect(await server.found(`?_type=Condition&_content=${value(text)}`)).toEqual(expected)
  })

  it.each([
    ['"high blood pressure"', ['pressure']],
    ['"blood high"', []],
    ['brok* rib', ['ribs']],
    ['(rib AND fracture) OR lait', ['cafe', 'ribs']],
    ['NOT rib', ['bone', 'cafe', 'liver', 'pressure', 'silent']],
  ])('code:text-advanced=%s', async (text, expected) => {
    expect(await server.found(`Condition?code:text-advanced=${value(text)}`)).toEqual(expected)
  })

  it.each([
    ['_text=(bone', /a parenthesis is not closed/],
    ['_text=bone)', /a parenthesis is closed that was not opened/],
    ['_text="bone', /a quotation mark is not closed/],
    ['_text="fractures, one"', /a quotation mark is not closed/], // a comma parts alternatives
    ['_text=bone OR', /a word is missing/],
    ['_text=AND bone', /a word is missing/],
    ['_text=NOT', /a word is missing/],
    ['_text=!', /there is no word/],
    [`_text=${'('.repeat(40)}x${')'.repeat(40)}`, /more than 30 parentheses/],
    [`_text=${'NOT '.repeat(40)}x`, /more than 30 parentheses and NOTs/],
    ['_text=""', /no word in the quotation marks/],
    ['code:text-advanced=()', /a word is missing/],
    ['_text:exact=x', /_text:exact is not supported/],
  ])('%s is refused', async (query, reason) => {
    expect(await server.refused(`Condition?${query}`)).toMatch(reason)
  })
})
