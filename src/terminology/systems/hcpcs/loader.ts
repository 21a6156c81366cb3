import { Unprocessable } from '../../../base/errors.js'
import type { ConceptProperty } from '../../provider.js'
import type { Release, ReleaseFile } from '../../release/release.js'
import { lines, table, wrongLine } from '../../release/text.js'
import { Draft } from '../../stored/draft.js'
import type { Kind } from '../../stored/kind.js'
import { headerOf } from '../header.js'
import type { Loader } from '../loader.js'
import { type Field, fields } from './record.js'

const url = 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets'

const keyOf = (code: string) => code.toUpperCase()

const kind: Kind = { name: 'hcpcs', keyOf }

/** A code, its lines put together. */
interface Code {
  readonly code: string
  readonly modifier: boolean
  long: string
  readonly short: string
  readonly values: readonly (readonly [field: Field, value: string])[]
}

/** HCPCS Level II as CMS publishes it: https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system */
export const hcpcs: Loader = {
  name: 'hcpcs',
  title: 'HCPCS Level II, supplies and services (CMS)',
  takes: 'the contractor file of fixed records (HCPC2024_JAN_ANWEB.txt), or the same as a table with a header (.csv)',
  kinds: [kind],

  async *read(release, wishes, report) {
    const file = release.need(/(hcpc|anweb).*\.(txt|csv)$/i, 'HCPCS file HCPCYYYY_…_ANWEB.txt or .csv')
    const year = /(20\d\d)/.exec(file.name)?.[1]
    const version = wishes.version ?? versionOf(file.name)
    if (!version)
      throw new Unprocessable(`${file.name} does not say of which year it is; say it with --version, such as 2024`)
    report(`${file.path} is read`)
    const draft = new Draft(keyOf)
    let modifiers = 0
    for await (const one of /\.csv$/i.test(file.name) ? rows(release, file) : records(release, file)) {
      if (one.modifier) modifiers++
      draft.add({
        code: one.code,
        display: one.long,
        inactive: isOver(one, year ?? version),
        designations: one.short
          ? [{ language: 'en', use: { code: 'short', display: 'Short title' }, value: one.short }]
          : [],
        properties: [
          { code: 'kind', type: 'code', value: one.modifier ? 'modifier' : 'procedure' },
          ...one.values.map(([field, value]) => propertyOf(field, value)),
        ],
      })
    }
    const header = headerOf({
      ...{ url, version, name: 'HCPCSLevelII', caseSensitive: false },
      title: `Healthcare Common Procedure Coding System, Level II, ${version}`,
      publisher: 'Centers for Medicare & Medicaid Services',
      effective: year ? { from: `${year}-01-01` } : undefined,
      properties: [
        ['kind', 'code', 'procedure or modifier'],
        ...fields.map(({ property, type, description }) => [property, type, description] as const),
      ],
    })
    yield { header, draft, details: { modifiers } }
  },
}

/** `HCPC2019_CONTR_ANWEB.txt` → 2019, `HCPC2024_APR_ANWEB.txt` → 2024-04 */
function versionOf(name: string): string | undefined {
  const [, year, month] = /(20\d\d)(?:[_-]?(JAN|APR|JUL|OCT))?/i.exec(name) ?? []
  const number = { JAN: '', APR: '-04', JUL: '-07', OCT: '-10' }[month?.toUpperCase() ?? 'JAN']
  return year && `${year}${number}`
}

/** Positions 1 to 91 of every record, and what else the first record of a code says. */
const LENGTH = 293
const RECORD = /^(?:([A-Z]\d{4})| {3}([A-Z0-9]{2}))(\d{5})([3478])(.{0,80})(.{0,28})/

async function* records(release: Release, file: ReleaseFile): AsyncGenerator<Code> {
  let open: Code | undefined
  let last = 0
  for await (const { number, text } of lines(release, file, 'latin1')) {
    const [, procedure, modifier, , kind, long = '', short = ''] = RECORD.exec(text) ?? []
    const code = procedure ?? modifier
    if (!code) {
      // Disclaimers come first; behind the first record nothing may be passed over.
      if (open && text.trim() !== '')
        throw wrongLine(
          file,
          number,
          `“${text.slice(0, 20)}”`,
          'a code (1 to 5), a number (6 to 10) and 3, 4, 7 or 8 (11)',
        )
      continue
    }
    last = number
    if (kind === '4' || kind === '8') {
      if (open?.code !== code) throw wrongLine(file, number, `more of ${code}`, `the first record of ${code} before it`)
      open.long += ` ${long.trim()}`
      continue
    }
    if (text.length < LENGTH) throw wrongLine(file, number, `${text.length} characters`, `${LENGTH} at least`)
    if (open) yield open
    const values = fields.flatMap((field) => {
      const found = field.at.map(([from, to]) => text.slice(from - 1, to).trim()).filter((value) => value !== '')
      return [...new Set(found)].map((value) => [field, value] as const)
    })
    open = { code, modifier: kind === '7', long: long.trim(), short: short.trim(), values }
  }
  if (!open) throw wrongLine(file, last + 1, 'no record', 'records of 320 characters, a code in the first five')
  yield open
}

const COLUMNS = {
  required: ['HCPC', 'LONG DESCRIPTION'],
  optional: ['SHORT DESCRIPTION', 'RECID', ...fields.flatMap(({ columns }) => columns)],
  also: { HCPC: ['HCPCS', 'HCPCS Code', 'Code'], 'LONG DESCRIPTION': ['Long Description', 'Description'] },
}

async function* rows(release: Release, file: ReleaseFile): AsyncGenerator<Code> {
  let open: Code | undefined
  for await (const { line, get } of table<string>(release, file, COLUMNS)) {
    const code = get('HCPC').trim()
    if (!/^[A-Z]\d{4}$|^[A-Z0-9]{2}$/.test(code))
      throw wrongLine(file, line, `“${code}”`, 'a code such as A0021, or a modifier')
    if (open?.code === code) {
      open.long += ` ${get('LONG DESCRIPTION').trim()}`
      continue
    }
    if (open) yield open
    const values = fields.flatMap((field) => {
      const found = field.columns.map((column) => get(column).trim()).filter((value) => value !== '')
      return [...new Set(found)].map((value) => [field, value] as const)
    })
    const [long, short] = [get('LONG DESCRIPTION').trim(), get('SHORT DESCRIPTION').trim()]
    open = { code, modifier: code.length === 2, long, short, values }
  }
  if (open) yield open
}

const propertyOf = ({ property, type }: Field, value: string): ConceptProperty => ({
  code: property,
  type,
  value: type === 'dateTime' ? value.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3') : value,
})

/** Its last day was before the release's first. */
function isOver({ values }: Code, year: string): boolean {
  const [, ended] = values.find(([{ property }]) => property === 'terminationDate') ?? []
  return ended !== undefined && ended.replaceAll('-', '') < `${year.slice(0, 4)}0101`
}
