import { Unprocessable } from '../../../base/errors.js'
import type { ConceptProperty } from '../../provider.js'
import type { Release, ReleaseFile } from '../../release/release.js'
import { Draft, type Entry } from '../../stored/draft.js'
import type { Kind } from '../../stored/kind.js'
import type { Report } from '../../stored/put.js'
import { headerOf } from '../header.js'
import type { Loader, Reading } from '../loader.js'
import { type Ordered, orderFile, releaseOf } from '../order-file.js'
import { type Listed, readTabular } from './tabular.js'

const url = 'http://hl7.org/fhir/sid/icd-10-cm'

/** `E11.9`, `e119` and `E119` are one code. */
const keyOf = (code: string) => code.replace('.', '').toLowerCase()

const kind: Kind = { name: 'icd10cm', keyOf }

/** ICD-10-CM as CMS publishes it: https://www.cms.gov/medicare/coding-billing/icd-10-codes */
export const icd10cm: Loader = {
  name: 'icd10cm',
  title: 'ICD-10-CM, diagnoses (CMS)',
  takes:
    'the order file (icd10cm_order_2024.txt), and the tabular list (icd10cm_tabular_2024.xml) for chapters and notes',
  kinds: [kind],

  async *read(release, wishes, report) {
    const files = release.all(ORDER)
    if (files.length === 0) files.push(release.need(ORDER, 'order file icd10cm_order_YYYY.txt'))
    if (files.length > 1 && wishes.version)
      throw new Unprocessable(`${release.named} has ${files.length} order files; one version cannot be that of all`)
    for (const file of files) yield await readYear(release, file, wishes.version, report)
  },
}

// What changed since the year before comes beside it, as addenda.
const ORDER = /^(?!.*addenda).*order.*\.txt$/i
const TABULAR = /^(?!.*addenda).*tabular.*\.xml$/i

/** One order file, with the tabular list of its year, or with the only one that there is for the only order file. */
async function readYear(
  release: Release,
  file: ReleaseFile,
  asked: string | undefined,
  report: Report,
): Promise<Reading> {
  const told = releaseOf(file.name)
  const version = asked ?? told?.version
  if (!version)
    throw new Unprocessable(`${file.name} does not say of which year it is; say it with --version, such as 2024`)
  const lists = release.all(TABULAR)
  const isAlone = lists.length === 1 && release.all(ORDER).length === 1
  const xml = lists.find(({ name }) => isAlone || releaseOf(name)?.to === told?.to)
  report(`${file.path} is read`)
  const ordered: Ordered[] = []
  for await (const one of orderFile(release, file)) ordered.push(one)
  if (xml) report(`${xml.path} is read`)
  const tabular = xml ? await readTabular(release, xml) : undefined

  const draft = new Draft(keyOf)
  const listed = new Set(ordered.map(({ code }) => code))
  for (const group of tabular?.groups ?? []) draft.add({ ...group, abstract: true, properties: notesOf(group) })
  for (const one of ordered) draft.add(entryOf(one, listed, tabular))
  const header = headerOf({
    ...{ url, version, name: 'ICD10CM', hierarchy: 'is-a' },
    title: `International Classification of Diseases, 10th Revision, Clinical Modification, ${version}`,
    publisher: 'National Center for Health Statistics and Centers for Medicare & Medicaid Services',
    effective: told,
    properties: [
      ['billable', 'boolean', 'May stand on a claim: no further character is to be added'],
      ['notSelectable', 'boolean', 'A chapter or block'],
      ...NOTES.map(([code, description]) => [code, 'string', description] as const),
    ],
  })
  return { header, draft, details: { billable: ordered.filter(({ billable }) => billable).length } }
}

/** The notes of the tabular list, as properties. */
const NOTES = [
  ['includes', 'Includes note'],
  ['excludes1', 'Never coded together with this'],
  ['excludes2', 'Not part of this; both may be coded'],
  ['codeFirst', 'Code first'],
  ['useAdditionalCode', 'Use additional code'],
  ['codeAlso', 'Code also'],
  ['sevenChrNote', 'On the seventh character'],
  ['note', 'Note'],
] as const

function entryOf({ code, billable, short, long }: Ordered, listed: ReadonlySet<string>, tabular?: Tabular): Entry {
  const dotted = withDot(code)
  const found = tabular?.concepts.get(dotted)
  const parent = parentOf(code, listed)
  const above = parent ? withDot(parent) : tabular?.groupOf.get(dotted)
  const synonyms = (found?.inclusionTerms ?? []).map((value) => ({ language: 'en', use: INCLUSION, value }))
  return {
    code: dotted,
    display: long,
    parents: above === undefined ? [] : [above],
    designations: [...(short === long ? [] : [{ language: 'en', use: SHORT, value: short }]), ...synonyms],
    properties: [{ code: 'billable', type: 'boolean', value: String(billable) }, ...(found ? notesOf(found) : [])],
  }
}

const SHORT = { code: 'short', display: 'Short title' }
const INCLUSION = { code: 'inclusion', display: 'Inclusion term' }

type Tabular = Awaited<ReturnType<typeof readTabular>>

const notesOf = ({ notes }: Listed): ConceptProperty[] =>
  notes.map(([code, value]) => ({ code, type: 'string' as const, value }))

const withDot = (code: string) => (code.length > 3 ? `${code.slice(0, 3)}.${code.slice(3)}` : code)

/** The longest beginning of the code that is a code. */
function parentOf(code: string, listed: ReadonlySet<string>): string | undefined {
  for (let length = code.length - 1; length >= 3; length--) {
    const shorter = code.slice(0, length)
    if (listed.has(shorter)) return shorter
  }
  return undefined
}
