import { Unprocessable } from '../../../base/errors.js'
import type { ConceptProperty } from '../../provider.js'
import type { ReleaseFile } from '../../release/release.js'
import { table, wrongLine } from '../../release/text.js'
import { Draft } from '../../stored/draft.js'
import type { Kind } from '../../stored/kind.js'
import { headerOf } from '../header.js'
import type { Loader } from '../loader.js'
import { elevenDigits, NDC } from './code.js'

const keyOf = (code: string) => elevenDigits(code) ?? code

const kind: Kind = { name: 'ndc', keyOf }

const PRODUCT = {
  required: ['PRODUCTNDC', 'NONPROPRIETARYNAME'],
  optional: [
    ...['PROPRIETARYNAME', 'PROPRIETARYNAMESUFFIX', 'PRODUCTTYPENAME', 'DOSAGEFORMNAME', 'ROUTENAME', 'LABELERNAME'],
    ...['SUBSTANCENAME', 'ACTIVE_NUMERATOR_STRENGTH', 'ACTIVE_INGRED_UNIT', 'PHARM_CLASSES', 'DEASCHEDULE'],
    ...['STARTMARKETINGDATE', 'ENDMARKETINGDATE', 'MARKETINGCATEGORYNAME', 'APPLICATIONNUMBER'],
  ],
} as const
const PACKAGE = {
  required: ['PRODUCTNDC', 'NDCPACKAGECODE', 'PACKAGEDESCRIPTION'],
  optional: ['STARTMARKETINGDATE', 'ENDMARKETINGDATE', 'SAMPLE_PACKAGE'],
} as const

/** Columns as properties. */
const PROPERTIES = [
  ['productType', 'PRODUCTTYPENAME', 'Kind of product'],
  ['doseForm', 'DOSAGEFORMNAME', 'Dose form'],
  ['route', 'ROUTENAME', 'Route'],
  ['labeler', 'LABELERNAME', 'Who markets it'],
  ['substance', 'SUBSTANCENAME', 'Active ingredients'],
  ['strength', 'ACTIVE_NUMERATOR_STRENGTH', 'Their strengths'],
  ['strengthUnit', 'ACTIVE_INGRED_UNIT', 'Units of the strengths'],
  ['pharmClass', 'PHARM_CLASSES', 'Pharmacological classes'],
  ['deaSchedule', 'DEASCHEDULE', 'Schedule of controlled substances'],
  ['marketingCategory', 'MARKETINGCATEGORYNAME', 'By what it may be marketed'],
  ['application', 'APPLICATIONNUMBER', 'Application to the FDA'],
] as const
const DATES = [
  ['startMarketingDate', 'STARTMARKETINGDATE', 'First day of marketing'],
  ['endMarketingDate', 'ENDMARKETINGDATE', 'Last day of marketing'],
] as const

/** The National Drug Code Directory: https://www.fda.gov/drugs/drug-approvals-and-databases/national-drug-code-directory */
export const ndc: Loader = {
  name: 'ndc',
  title: 'NDC Directory, drug products and packages (FDA)',
  takes: 'the directory (ndctext.zip) or its files product.txt and package.txt',
  kinds: [kind],

  async *read(release, wishes, report) {
    const products = release.need(/^product\.(txt|csv)$/i, 'product.txt')
    const packages = release.need(/^package\.(txt|csv)$/i, 'package.txt')
    const version = wishes.version ?? /\d{4}-\d\d-\d\d/.exec(`${release.named} ${products.path}`)?.[0]
    if (!version)
      throw new Unprocessable(
        'The files of the NDC Directory do not say of which day they are; say it with --version, such as 2025-07-11',
      )
    const draft = new Draft(keyOf)
    report(`${products.path} is read`)
    for await (const { line, get } of table(release, products, PRODUCT, formOf(products))) {
      const code = get('PRODUCTNDC')
      if (!elevenDigits(code)) throw wrongLine(products, line, `“${code}”`, 'a product code such as 0002-0152')
      // One product has as many rows as it has listings.
      if (draft.has(code)) continue
      const name = [get('PROPRIETARYNAME'), get('PROPRIETARYNAMESUFFIX')].filter(Boolean).join(' ')
      const generic = get('NONPROPRIETARYNAME')
      const strength = [get('ACTIVE_NUMERATOR_STRENGTH'), get('ACTIVE_INGRED_UNIT')].filter(Boolean).join(' ')
      draft.add({
        code,
        display: [name || generic, strength, get('DOSAGEFORMNAME')].filter(Boolean).join(', '),
        inactive: isOver(get('ENDMARKETINGDATE')),
        designations:
          generic && generic !== name ? [{ language: 'en', use: { code: 'nonproprietary' }, value: generic }] : [],
        search: [get('SUBSTANCENAME'), get('LABELERNAME')],
        properties: [
          ...PROPERTIES.flatMap(([code, column]): ConceptProperty[] =>
            get(column) ? [{ code, type: 'string', value: get(column) }] : [],
          ),
          ...datesOf(get),
        ],
      })
    }
    report(`${packages.path} is read`)
    for await (const { line, get } of table(release, packages, PACKAGE, formOf(packages))) {
      const [code, product] = [get('NDCPACKAGECODE'), get('PRODUCTNDC')]
      if (!elevenDigits(code)) throw wrongLine(packages, line, `“${code}”`, 'a package code such as 0002-0152-01')
      if (draft.has(code)) continue
      draft.add({
        code,
        display: get('PACKAGEDESCRIPTION'),
        inactive: isOver(get('ENDMARKETINGDATE')),
        parents: draft.has(product) ? [product] : [],
        properties: [
          { code: 'elevenDigits', type: 'code', value: elevenDigits(code)! },
          ...datesOf(get),
          ...(get('SAMPLE_PACKAGE') === 'Y' ? [{ code: 'sample', type: 'boolean' as const, value: 'true' }] : []),
        ],
      })
    }
    const header = headerOf({
      ...{ url: NDC, version, name: 'NDC', title: `National Drug Code Directory, ${version}`, hierarchy: 'part-of' },
      publisher: 'Food and Drug Administration',
      properties: [
        ['elevenDigits', 'code', 'The code in the form of claims'],
        ['sample', 'boolean', 'A sample that is not sold'],
        ...PROPERTIES.map(([code, , description]) => [code, 'string', description] as const),
        ...DATES.map(([code, , description]) => [code, 'dateTime', description] as const),
      ],
    })
    yield { header, draft }
  },
}

const formOf = (file: ReleaseFile) =>
  /\.csv$/i.test(file.name) ? {} : ({ delimiter: '\t', plain: true, encoding: 'latin1' } as const)

const datesOf = (get: (column: (typeof DATES)[number][1]) => string): ConceptProperty[] =>
  DATES.flatMap(([code, column]) => {
    const value = get(column).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
    return value ? [{ code, type: 'dateTime', value }] : []
  })

const isOver = (end: string) => end !== '' && end < new Date().toISOString().slice(0, 10).replaceAll('-', '')
