import { Unprocessable } from '../../../base/errors.js'
import { Draft } from '../../stored/draft.js'
import type { Kind } from '../../stored/kind.js'
import { headerOf } from '../header.js'
import type { Loader } from '../loader.js'
import { orderFile, releaseOf } from '../order-file.js'

const url = 'http://www.cms.gov/Medicare/Coding/ICD10'

const keyOf = (code: string) => code.toLowerCase()

const kind: Kind = { name: 'icd10pcs', keyOf }

/** A table is named by the first three characters of its codes. */
const TABLE = 3

/** ICD-10-PCS as CMS publishes it: https://www.cms.gov/medicare/coding-billing/icd-10-codes */
export const icd10pcs: Loader = {
  name: 'icd10pcs',
  title: 'ICD-10-PCS, inpatient procedures (CMS)',
  takes: 'the order file (icd10pcs_order_2024.txt)',
  kinds: [kind],

  async *read(release, wishes, report) {
    const file = release.need(/^(?!.*addenda).*order.*\.txt$/i, 'order file icd10pcs_order_YYYY.txt')
    const told = releaseOf(file.name)
    const version = wishes.version ?? told?.version
    if (!version)
      throw new Unprocessable(`${file.name} does not say of which year it is; say it with --version, such as 2024`)
    report(`${file.path} is read`)
    const draft = new Draft(keyOf)
    let billable = 0
    for await (const one of orderFile(release, file)) {
      if (one.billable) billable++
      const table = one.code.slice(0, TABLE)
      draft.add({
        code: one.code,
        display: one.long,
        abstract: !one.billable,
        parents: one.code.length > TABLE && draft.has(table) ? [table] : [],
        designations: one.short === one.long ? [] : [{ language: 'en', use: SHORT, value: one.short }],
        properties: [{ code: 'billable', type: 'boolean', value: String(one.billable) }],
      })
    }
    const header = headerOf({
      ...{ url, version, name: 'ICD10PCS', hierarchy: 'grouped-by' },
      title: `International Classification of Diseases, 10th Revision, Procedure Coding System, ${version}`,
      publisher: 'Centers for Medicare & Medicaid Services',
      effective: told,
      properties: [
        ['billable', 'boolean', 'May stand on a claim'],
        ['notSelectable', 'boolean', 'A table, of which codes are made'],
      ],
    })
    yield { header, draft, details: { billable } }
  },
}

const SHORT = { code: 'short', display: 'Short title' }
