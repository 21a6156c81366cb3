// CMS order files and tabular lists, with invented codes; rows TX-1 to TX-4, VA-12
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../../rest/server.js'
import { fixed, loadInto, Releases } from '../fixtures.js'

const url = 'http://hl7.org/fhir/sid/icd-10-cm'

const order = (rows: readonly (readonly [code: string, billable: 0 | 1, short: string, long?: string])[]) =>
  rows
    .map(([code, billable, short, long], i) =>
      fixed(
        77 + (long ?? short).length,
        [1, String(i + 1).padStart(5, '0')],
        [7, code],
        [15, String(billable)],
        [17, short],
        [78, long ?? short],
      ),
    )
    .join('\r\n')

const first = order([
  ['Q71', 0, 'Type 1 wanderlust'],
  ['Q710', 1, 'Type 1 wandrlst w fever', 'Type 1 wanderlust with fever'],
  ['Q72', 0, 'Type 2 wanderlust'],
  ['Q720', 0, 'Type 2 wandrlst w compl', 'Type 2 wanderlust with complications'],
  ['Q72011', 1, 'Type 2 wandrlst, l foot', 'Type 2 wanderlust of the left foot'],
  ['Q729', 1, 'Type 2 wandrlst w/o compl', 'Type 2 wanderlust without complications'],
  ['R10', 1, 'Homesickness with type 2 wanderlust'],
])
/** Without Q71.0, which was deleted. */
const second = order([
  ['Q71', 1, 'Type 1 wanderlust'],
  ['Q72', 0, 'Type 2 wanderlust'],
  ['Q729', 1, 'Type 2 wandrlst w/o compl', 'Type 2 wanderlust without complications'],
])
const tabular = `<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2021</version>
<chapter><name>17</name><desc>Moods of travel (Q70-R99)</desc>
  <includes><note>moods of all kinds</note></includes>
  <section id="Q70-Q79"><desc>Wanderlust (Q70-Q79)</desc>
    <diag><name>Q71</name><desc>Type 1 wanderlust</desc></diag>
    <diag><name>Q72</name><desc>Type 2 wanderlust</desc>
      <inclusionTerm><note>Itchy feet NOS</note></inclusionTerm>
      <excludes1><note>homesickness (R10)</note></excludes1>
      <sevenChrNote><note>a seventh character is to be added</note></sevenChrNote>
      <diag><name>Q72.0</name><desc>Type 2 wanderlust with complications</desc></diag>
    </diag>
  </section>
  <section id="R10"><desc>Homesickness (R10)</desc><diag><name>R10</name><desc>Homesickness</desc></diag></section>
</chapter></ICD10CM.tabular>`

let server: RestServer
const releases = new Releases()
beforeAll(async () => {
  server = await openServer()
  const files = {
    'icd10cm_order_2021.txt': first,
    'icd10cm_order_2022.txt': second,
    'icd10cm_tabular_2021.xml': tabular,
  }
  await loadInto(server, 'icd10cm', releases.write(files))
})
afterAll(async () => {
  await server.stop()
  releases.remove()
})

interface Part {
  name: string
  part?: Part[]
  [value: `value${string}`]: unknown
}

const said = (parts: readonly Part[], name: string) => {
  const part = parts.find((one) => one.name === name)
  return part && Object.entries(part).find(([key]) => key.startsWith('value'))?.[1]
}

async function lookup(code: string, version: string) {
  const { json } = await server.expect(
    200,
    `GET CodeSystem/$lookup?system=${url}&code=${code}&version=${version}&property=*`,
  )
  const all = json.parameter as Part[]
  const properties = all.filter(({ name }) => name === 'property').map(({ part }) => part!)
  return {
    display: said(all, 'display'),
    designations: all.filter(({ name }) => name === 'designation').map(({ part }) => said(part!, 'value')),
    property: (code: string) => properties.filter((one) => said(one, 'code') === code).map((one) => said(one, 'value')),
  }
}

describe('$lookup', () => {
  it('returns short and long title, parent, billable and notes', async () => {
    const { display, designations, property } = await lookup('Q72.0', '2021')
    expect([display, designations, property('parent'), property('billable'), property('child')]).toEqual([
      'Type 2 wanderlust with complications',
      expect.arrayContaining(['Type 2 wandrlst w compl']),
      ['Q72'],
      [false],
      ['Q72.011'],
    ])
    const category = await lookup('Q72', '2021')
    expect([category.property('excludes1'), category.property('parent')]).toEqual([['homesickness (R10)'], ['Q70-Q79']])
    expect(category.designations).toContain('Itchy feet NOS')
    expect((await lookup('Q70-R99', '2021')).property('includes')).toEqual(['moods of all kinds'])
    // A block of one category is that category.
    expect((await lookup('R10', '2021')).property('parent')).toEqual(['Q70-R99'])
  })

  it('takes a code with or without its dot', async () => {
    expect((await lookup('q729', '2022')).display).toBe('Type 2 wanderlust without complications')
  })

  it('keeps the years apart', async () => {
    expect((await lookup('Q71', '2021')).property('billable')).toEqual([false])
    expect((await lookup('Q71', '2022')).property('billable')).toEqual([true])
    await server.expect(404, `GET CodeSystem/$lookup?system=${url}&code=Q71.0&version=2022`)
  })
})

describe('$validate-code', () => {
  it('says what the right display is', async () => {
    const { json } = await server.expect(
      200,
      `GET CodeSystem/$validate-code?url=${url}&version=2021&code=Q72.9&display=Nonsense`,
    )
    expect([said(json.parameter, 'result'), said(json.parameter, 'message')]).toEqual([
      false,
      expect.stringContaining('Type 2 wanderlust without complications'),
    ])
  })
})

async function expand(filter: unknown[], asked: Record<string, unknown> = {}) {
  const include = [{ system: url, version: '2021', ...(filter.length && { filter }) }]
  const valueSet = { resourceType: 'ValueSet', status: 'draft', compose: { include } }
  const parameter = Object.entries(asked).map(([name, value]) => ({
    name,
    [typeof value === 'number' ? 'valueInteger' : 'valueString']: value,
  }))
  const body = { resourceType: 'Parameters', parameter: [{ name: 'valueSet', resource: valueSet }, ...parameter] }
  const { json } = await server.expect(200, 'POST ValueSet/$expand', { body })
  return {
    codes: (json.expansion.contains ?? []).map(({ code }: { code: string }) => code),
    total: json.expansion.total,
  }
}

describe('$expand', () => {
  it('finds as somebody types, the best match first', async () => {
    expect(await expand([], { filter: 'wander type 2', count: 2 })).toEqual({ codes: ['Q72', 'Q72.0'], total: 5 })
    expect((await expand([], { filter: 'itch' })).codes).toEqual(['Q72'])
    expect((await expand([], { filter: 'q7201' })).codes).toEqual(['Q72.011'])
    expect((await expand([], { filter: 'nowhere' })).codes).toEqual([])
  })

  it('pages in the order of the classification, leaving nothing out', async () => {
    const pages = await Promise.all([0, 4, 8].map((offset) => expand([], { offset, count: 4 })))
    expect(pages.flatMap(({ codes }) => codes)).toEqual([
      'Q70-R99',
      'Q70-Q79',
      'Q71',
      'Q71.0',
      'Q72',
      'Q72.0',
      'Q72.011',
      'Q72.9',
      'R10',
    ])
  })

  it.each([
    ['billable', '=', 'true', ['Q71.0', 'Q72.011', 'Q72.9', 'R10']],
    ['concept', 'is-a', 'Q72', ['Q72', 'Q72.0', 'Q72.011', 'Q72.9']],
    ['concept', 'descendent-of', 'Q72', ['Q72.0', 'Q72.011', 'Q72.9']],
    ['concept', 'is-not-a', 'Q70-Q79', ['Q70-R99', 'R10']],
    ['concept', 'generalizes', 'Q72.011', ['Q70-R99', 'Q70-Q79', 'Q72', 'Q72.0', 'Q72.011']],
    ['parent', '=', 'Q72', ['Q72.0', 'Q72.9']],
    ['child', '=', 'Q72.011', ['Q72.0']],
    ['child', 'exists', 'false', ['Q71.0', 'Q72.011', 'Q72.9', 'R10']],
    ['code', 'regex', 'Q7\\d', ['Q71', 'Q72']],
    ['display', 'regex', '.*(left|fever).*', ['Q71.0', 'Q72.011']],
    ['code', 'in', 'R10,Q72.9', ['Q72.9', 'R10']],
    ['excludes1', 'exists', 'true', ['Q72']],
    ['notSelectable', '=', 'true', ['Q70-R99', 'Q70-Q79']],
    ['notSelectable', '=', 'false', ['Q71', 'Q71.0', 'Q72', 'Q72.0', 'Q72.011', 'Q72.9', 'R10']],
    ['billable', 'not-in', 'false,maybe', ['Q70-R99', 'Q70-Q79', 'Q71.0', 'Q72.011', 'Q72.9', 'R10']],
  ])('%s %s %s', async (property, op, value, codes) => {
    expect((await expand([{ property, op, value }])).codes).toEqual(codes)
  })
})

describe('$subsumes', () => {
  it.each([
    ['Q72', 'Q72.011', 'subsumes'],
    ['Q72.011', 'Q70-R99', 'subsumed-by'],
    ['Q72', 'q72', 'equivalent'],
    ['Q72', 'Q71.0', 'not-subsumed'],
  ])('%s and %s: %s', async (a, b, outcome) => {
    const { json } = await server.expect(
      200,
      `GET CodeSystem/$subsumes?system=${url}&version=2021&codeA=${a}&codeB=${b}`,
    )
    expect(said(json.parameter, 'outcome')).toBe(outcome)
  })
})

describe('a wrong file', () => {
  it.each([
    [
      'icd10cm_order_2023.txt',
      '00001 Q71     2 No flag',
      'line 1: “00001 Q71     2 No flag”; expected an order number',
    ],
    [
      'icd10cm_order_2023.txt',
      order([['Q71', 0, 'One']]).replace('00001', '00000'),
      'order number 00000; expected one above 0',
    ],
    ['notes.txt', 'x', 'has no order file icd10cm_order_YYYY.txt; there is notes.txt'],
    ['icd10cm_order_latest.txt', first, 'does not say of which year it is; say it with --version'],
    [
      'icd10cm_order_2023.txt',
      `${order([['Q71', 0, 'One']])}\r\n00002 Q71     1 ${'Again'.padEnd(60)} Again`,
      'The code Q71 is there twice',
    ],
  ])('%s is refused: %#', async (name, content, why) => {
    await expect(loadInto(server, 'icd10cm', releases.write({ [name]: content }))).rejects.toThrow(why)
    const { json } = await server.expect(200, `GET CodeSystem/$lookup?system=${url}&code=Q72`)
    expect(said(json.parameter, 'version')).toBe('2022')
  })

  it('is refused, as is an XML that is no tabular list', async () => {
    const path = releases.write({ 'icd10cm_order_2023.txt': second, 'icd10cm_tabular_2023.xml': '<other/>' })
    await expect(loadInto(server, 'icd10cm', path)).rejects.toThrow('expected ICD10CM.tabular, not other')
  })
})
