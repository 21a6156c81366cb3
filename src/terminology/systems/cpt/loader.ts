import { Unprocessable } from '../../../base/errors.js'
import type { ConceptProperty, Designation } from '../../provider.js'
import type { Release, ReleaseFile } from '../../release/release.js'
import { lines, table, wrongLine } from '../../release/text.js'
import { Draft } from '../../stored/draft.js'
import type { Kind } from '../../stored/kind.js'
import { headerOf } from '../header.js'
import type { Loader } from '../loader.js'

const url = 'http://www.ama-assn.org/go/cpt'

const keyOf = (code: string) => code.toUpperCase()

const kind: Kind = { name: 'cpt', keyOf }

/** What the files say of one code. */
interface Code {
  texts: Map<TextKind, string>
  properties: ConceptProperty[]
}

type TextKind = 'long' | 'medium' | 'short' | 'consumer' | 'modifier'

/** Files with a code and one text on each line; the first that has a kind of text is the one that counts. */
const TEXT_FILES: readonly (readonly [kind: TextKind, name: RegExp])[] = [
  ['long', /^LONGUL[TF]?\.txt$/i],
  ['long', /^LONGU[TF]?\.txt$/i],
  ['medium', /^MEDU[TF]?\.txt$/i],
  ['short', /^SHORTU[TF]?\.txt$/i],
  ['modifier', /^MOD(UL|UF|IFIERS?)?.*\.txt$/i],
]

/**
 * CPT as the American Medical Association licenses it. Nothing of it comes with the server: who has a licence has the
 * files. https://www.ama-assn.org/practice-management/cpt
 */
export const cpt: Loader = {
  name: 'cpt',
  title: 'CPT, procedures (American Medical Association; needs a licence)',
  takes:
    'the description files (LONGULT.txt or LONGULF.txt, MEDU.txt, SHORTU.txt, MODUL.txt) or the Consolidated Code List, ' +
    'and a table of relative value units (a .csv whose name has RVU)',
  kinds: [kind],

  async *read(release, wishes, report) {
    const { version } = wishes
    if (!version)
      throw new Unprocessable('The files of CPT do not say of which year they are; say it with --version, such as 2024')
    const codes = new Map<string, Code>()
    const list = release.find(/consolidated.*\.(txt|csv)$/i)
    if (list) {
      report(`${list.path} is read`)
      await readList(release, list, codes)
    }
    for (const [text, name] of TEXT_FILES) {
      const file = release.find(name)
      if (!file || [...codes.values()].some(({ texts }) => texts.has(text))) continue
      report(`${file.path} is read`)
      await readTexts(release, file, text, codes)
    }
    if (codes.size === 0) release.need(/^LONGUL[TF]?\.txt$/i, 'LONGULT.txt, LONGULF.txt or Consolidated Code List')
    for (const file of release.all(/rvu.*\.(csv|txt)$/i)) {
      report(`${file.path} is read`)
      await readUnits(release, file, codes)
    }
    const draft = new Draft(keyOf)
    for (const [code, said] of codes) draft.add(entryOf(code, said))
    const header = headerOf({
      ...{ url, version, name: 'CPT', caseSensitive: false },
      title: `Current Procedural Terminology (CPT®), ${version}`,
      publisher: 'American Medical Association',
      copyright:
        'CPT is a registered trademark of the American Medical Association, which holds the copyright; used under licence.',
      effective: /^20\d\d$/.test(version) ? { from: `${version}-01-01`, to: `${version}-12-31` } : undefined,
      properties: [
        ['kind', 'code', 'procedure or modifier'],
        ['category', 'code', 'I, II, III, PLA or MAAA, by the form of the code'],
        ['effectiveDate', 'dateTime', 'Day from which the description holds'],
        ...UNITS.map(({ property, description }) => [property, 'decimal', description] as const),
        ['statusCode', 'code', 'Status under the Medicare fee schedule'],
      ],
    })
    yield { header, draft }
  },
}

/** Five characters, or the two of a modifier. */
const CODE = /^(?:\d{4}[0-9A-Z]|[0-9A-Z]{2})$/

const textsOf = (codes: Map<string, Code>, code: string): Code => {
  const known = codes.get(code) ?? { texts: new Map(), properties: [] }
  codes.set(code, known)
  return known
}

/**
 * Of the fixed form (`…F.txt`) columns 1–5 are the code, 6–7 the number of the line, from 9 a piece of the text; of the
 * other a tab or blank stands between code and text. A copyright notice comes first.
 */
const PIECE = /^(\d{4}[0-9A-Z])(\d\d) (.*)$/
const WHOLE = /^(\d{4}[0-9A-Z])(?:\t+| +)(\S.*)$/
const MODIFIER = /^([0-9A-Z]{2})(?:\t+| {1,4})(\S.*)$/

async function readTexts(release: Release, file: ReleaseFile, kind: TextKind, codes: Map<string, Code>) {
  let found = 0
  const form = kind === 'modifier' ? MODIFIER : WHOLE
  for await (const { number, text } of lines(release, file, 'latin1')) {
    const [, piece, place, more] = kind === 'modifier' ? [] : (PIECE.exec(text) ?? [])
    const [, whole, all] = piece ? [] : (form.exec(text) ?? [])
    const code = piece ?? whole
    if (!code) {
      if (found > 0 && text.trim() !== '')
        throw wrongLine(file, number, `“${text.slice(0, 20)}”`, 'a code of five characters and its description')
      continue
    }
    const { texts } = textsOf(codes, code)
    const before = texts.get(kind)
    const said = (more ?? all)!.trim()
    if (piece && Number(place) > 1) {
      if (before === undefined) throw wrongLine(file, number, `line ${place} of ${code}`, 'line 01 before it')
      texts.set(kind, `${before} ${said}`)
    } else if (before !== undefined) throw wrongLine(file, number, `${code} once more`, 'each code once')
    else texts.set(kind, said)
    found++
  }
  if (found === 0)
    throw wrongLine(file, 1, 'no code on any line', 'a code of five characters and its description on each')
}

async function readList(release: Release, file: ReleaseFile, codes: Map<string, Code>) {
  const columns = {
    required: ['CPT Code', 'Long'],
    optional: ['Medium', 'Short', 'Consumer', 'Current Descriptor Effective Date'],
    also: { 'CPT Code': ['Code'], Long: ['Long Description', 'Long Descriptor'] },
  } as const
  const form = /\.csv$/i.test(file.name) ? {} : ({ delimiter: '\t', plain: true } as const)
  for await (const { line, get } of table(release, file, columns, form)) {
    const code = get('CPT Code').trim()
    if (!CODE.test(code)) throw wrongLine(file, line, `“${code}”`, 'a code of five characters')
    const { texts, properties } = textsOf(codes, code)
    for (const kind of ['Long', 'Medium', 'Short', 'Consumer'] as const)
      if (get(kind)) texts.set(kind.toLowerCase() as TextKind, get(kind))
    const since = dateOf(get('Current Descriptor Effective Date'))
    if (since) properties.push({ code: 'effectiveDate', type: 'dateTime', value: since })
  }
}

/** `20240101`, `1/1/2024` and `2024-01-01`. */
function dateOf(text: string): string | undefined {
  const [, y, m, d] = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text) ?? []
  if (y) return `${y}-${m}-${d}`
  const [, month, day, year] = /^(\d\d?)\/(\d\d?)\/(\d{4})$/.exec(text) ?? []
  return year && `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`
}

/** Relative value units of the Medicare Physician Fee Schedule. */
const UNITS = [
  { property: 'workRVU', description: 'Relative value units of the work', columns: ['Work RVU', 'Work'] },
  {
    property: 'facilityRVU',
    description: 'Relative value units in all, in a facility',
    columns: ['Facility Total', 'Facility RVU'],
  },
  {
    property: 'nonFacilityRVU',
    description: 'Relative value units in all, elsewhere',
    columns: ['Non-Facility Total', 'Non-Facility RVU', 'Total RVU', 'RVU'],
  },
] as const

/** Lines for codes with a modifier are parts of the service without it; they are left to who reads the schedule itself. */
async function readUnits(release: Release, file: ReleaseFile, codes: Map<string, Code>) {
  const columns = {
    required: ['HCPCS'],
    optional: ['MOD', 'Status Code', ...UNITS.map(({ columns }) => columns[0])],
    also: {
      HCPCS: ['CPT', 'CPT Code', 'Code', 'HCPCS Code'],
      ...Object.fromEntries(UNITS.map(({ columns: [first, ...others] }) => [first, others])),
    },
  }
  for await (const { line, get } of table<string>(release, file, columns)) {
    const code = get('HCPCS').trim()
    const known = codes.get(code)
    if (!known || get('MOD').trim()) continue
    for (const { property, columns } of UNITS) {
      const value = get(columns[0]).trim()
      if (value === '') continue
      if (!/^\d*\.?\d+$/.test(value)) throw wrongLine(file, line, `“${value}”`, `a number in the column ${columns[0]}`)
      known.properties.push({ code: property, type: 'decimal', value: value.replace(/^\./, '0.') })
    }
    if (get('Status Code'))
      known.properties.push({ code: 'statusCode', type: 'code', value: get('Status Code').trim() })
  }
}

function entryOf(code: string, { texts, properties }: Code) {
  const isModifier = code.length === 2
  const [display, ...others] = (['modifier', 'long', 'medium', 'short', 'consumer'] as const).filter((kind) =>
    texts.has(kind),
  )
  const designations: Designation[] = others.map((kind) => ({
    language: 'en',
    use: { code: kind },
    value: texts.get(kind)!,
  }))
  const category = isModifier ? [] : [{ code: 'category', type: 'code' as const, value: categoryOf(code) }]
  return {
    code,
    display: texts.get(display!),
    designations,
    properties: [
      { code: 'kind', type: 'code' as const, value: isModifier ? 'modifier' : 'procedure' },
      ...category,
      ...properties,
    ],
  }
}

const CATEGORIES: Readonly<Record<string, string>> = { F: 'II', T: 'III', U: 'PLA', M: 'MAAA' }
const categoryOf = (code: string) => CATEGORIES[code[4]!] ?? 'I'
