import type { Release, ReleaseFile } from '../release/release.js'
import { lines, wrongLine } from '../release/text.js'

/** A line of a CMS order file, which ICD-10-CM and ICD-10-PCS are published as. */
export interface Ordered {
  readonly line: number
  /** Without a dot: `E119` */
  readonly code: string
  /** It may stand on a claim: the flag of column 15. */
  readonly billable: boolean
  readonly short: string
  readonly long: string
}

/** Columns 1–5 order number, 7–13 code, 15 flag, 17–76 short title, from 78 long title. */
const LINE = /^(\d{5}) ([A-Z0-9]{3,7}) *([01]) (.*)$/
const SHORT_WIDTH = 61

/**
 * The codes in the order of the classification.
 * @throws Unprocessable  a line is none of an order file, or out of order (422)
 */
export async function* orderFile(release: Release, file: ReleaseFile): AsyncGenerator<Ordered> {
  let last = 0
  for await (const { number, text } of lines(release, file, 'latin1')) {
    if (text.trim() === '') continue
    const [, order, code, flag, titles = ''] = LINE.exec(text) ?? []
    if (!order || text[6 - 1] !== ' ' || text[14] !== flag)
      throw wrongLine(
        file,
        number,
        `“${text.slice(0, 40)}”`,
        'an order number (columns 1 to 5), a code (7 to 13), 0 or 1 (15) and two titles (17 and 78)',
      )
    if (Number(order) <= last) throw wrongLine(file, number, `order number ${order}`, `one above ${last}`)
    last = Number(order)
    const short = titles.slice(0, SHORT_WIDTH).trim()
    yield { line: number, code: code!, billable: flag === '1', short, long: titles.slice(SHORT_WIDTH).trim() || short }
  }
}

/**
 * The year for which a file is, and the month of an update within it: `icd10cm_order_2024.txt` → 2024,
 * `icd10cm-order-Jan-2021.txt` → 2021-01, `icd10cm-order-April-2025.txt` → 2025-04.
 */
export function releaseOf(name: string): { version: string; from: string; to: string } | undefined {
  const year = /(20\d\d)/.exec(name)?.[1]
  if (!year) return undefined
  const month = MONTHS.findIndex((one) => new RegExp(`(?:^|[^a-z])${one}`, 'i').test(name))
  const to = `${year}-09-30`
  if (month < 0 || month >= 9) return { version: year, from: `${Number(year) - 1}-10-01`, to }
  const number = String(month + 1).padStart(2, '0')
  return { version: `${year}-${number}`, from: `${year}-${number}-01`, to }
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
