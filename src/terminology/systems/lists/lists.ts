import type { ConceptProperty } from '../../provider.js'
import type { Columns, Form } from '../../release/text.js'
import type { Positional } from './positional.js'

type Get = (column: string) => string

/** A code system that is published as one table: a row for each code. */
export interface List {
  readonly name: string
  readonly title: string
  readonly takes: string
  readonly resourceName: string
  readonly url: string
  readonly publisher: string
  readonly copyright?: string
  readonly caseSensitive: boolean
  /** Of the file. */
  readonly file: RegExp
  readonly versionOf?: (file: string) => string | undefined
  /** `code`, `display`, `definition` and `synonym`, and what the properties are read from. */
  readonly columns: Columns<string>
  readonly form?: Form
  readonly positional?: Positional
  /** What a code looks like, and in words. */
  readonly code: RegExp
  readonly expected: string
  /** undefined: this row has none */
  readonly codeOf?: (text: string) => string | undefined
  /** A code may stand on several rows, of which the first counts. */
  readonly repeats?: boolean
  readonly displayOf?: (get: Get) => string
  readonly isInactive?: (get: Get) => boolean
  readonly properties: readonly {
    readonly code: string
    readonly type: Exclude<ConceptProperty['type'], 'Coding' | 'decimal'>
    readonly description: string
    readonly column: string
  }[]
}

const CDC = 'Centers for Disease Control and Prevention'
const X12 = 'X12'
const X12_COPYRIGHT = 'X12 holds the copyright; used under licence.'

/** Both lists of reasons have these columns, under one name or another. */
const reasons: Pick<List, 'columns' | 'caseSensitive' | 'isInactive' | 'properties' | 'publisher' | 'copyright'> = {
  publisher: X12,
  copyright: X12_COPYRIGHT,
  caseSensitive: false,
  columns: {
    required: ['code', 'display'],
    optional: ['start', 'modified', 'stop', 'notes', 'group'],
    also: {
      display: ['Description', 'Code Description', 'Text'],
      start: ['Start Date', 'Effective Date', 'Effective'],
      modified: ['Last Modified', 'Last Modified Date'],
      stop: ['Stop Date', 'Deactivation Date', 'Deactivated', 'Termination Date'],
      notes: ['Note'],
      group: ['Group Code'],
    },
  },
  isInactive: (get) => {
    const stop = get('stop').trim()
    return stop !== '' && Date.parse(stop) < Date.now()
  },
  properties: [
    { code: 'startDate', type: 'dateTime', description: 'Day from which it may be used', column: 'start' },
    { code: 'modifiedDate', type: 'dateTime', description: 'Day of the last change', column: 'modified' },
    { code: 'stopDate', type: 'dateTime', description: 'Day from which it may no longer be used', column: 'stop' },
    { code: 'notes', type: 'string', description: 'Notes', column: 'notes' },
    { code: 'group', type: 'code', description: 'Group code', column: 'group' },
  ],
}

export const lists: readonly List[] = [
  {
    name: 'cvx',
    title: 'CVX, vaccines administered (CDC)',
    takes: 'cvx.txt, parted by |',
    resourceName: 'CVX',
    url: 'http://hl7.org/fhir/sid/cvx',
    publisher: CDC,
    caseSensitive: true,
    file: /cvx.*\.(txt|csv)$/i,
    columns: { required: [] },
    positional: {
      columns: ['code', 'display', 'definition', 'notes', 'status', 'nonvaccine', 'updated'],
      delimiter: '|',
      header: /^cvx/i,
    },
    code: /^\d{2,3}$/,
    expected: 'a code of two or three digits',
    codeOf: (text) => text.trim().padStart(2, '0'),
    // The status says more than two things; only one of them is that it is over.
    isInactive: (get) => /^inactive$/i.test(get('status')),
    properties: [
      {
        code: 'vaccineStatus',
        type: 'code',
        description: 'Active, Inactive, Pending, Non-US, Never Active',
        column: 'status',
      },
      { code: 'nonvaccine', type: 'boolean', description: 'It is no vaccine', column: 'nonvaccine' },
      { code: 'notes', type: 'string', description: 'Notes', column: 'notes' },
      { code: 'updated', type: 'dateTime', description: 'Day of the last change', column: 'updated' },
    ],
  },
  {
    name: 'mvx',
    title: 'MVX, manufacturers of vaccines (CDC)',
    takes: 'mvx.txt, parted by |',
    resourceName: 'MVX',
    url: 'http://hl7.org/fhir/sid/mvx',
    publisher: CDC,
    caseSensitive: true,
    file: /mvx.*\.(txt|csv)$/i,
    columns: { required: [] },
    positional: {
      columns: ['code', 'display', 'notes', 'status', 'updated'],
      delimiter: '|',
      header: /^mvx/i,
    },
    code: /^[A-Z0-9]{2,3}$/,
    expected: 'a code of two or three letters',
    isInactive: (get) => /^inactive$/i.test(get('status')),
    properties: [
      { code: 'notes', type: 'string', description: 'Notes', column: 'notes' },
      { code: 'manufacturerStatus', type: 'code', description: 'Active or Inactive', column: 'status' },
      { code: 'updated', type: 'dateTime', description: 'Day of the last change', column: 'updated' },
    ],
  },
  {
    name: 'nucc',
    title: 'NUCC Health Care Provider Taxonomy',
    takes: 'nucc_taxonomy_VVV.csv',
    resourceName: 'NUCCProviderTaxonomy',
    url: 'http://nucc.org/provider-taxonomy',
    publisher: 'National Uniform Claim Committee',
    copyright: 'The American Medical Association holds the copyright; used under licence.',
    caseSensitive: true,
    file: /taxonomy.*\.csv$/i,
    versionOf: (file) => /_(\d+)(\d)\.csv$/i.exec(file)?.slice(1, 3).join('.'),
    columns: {
      required: ['code', 'classification'],
      optional: ['grouping', 'specialization', 'definition', 'notes', 'display', 'section'],
      also: { display: ['Display Name'] },
    },
    form: { encoding: 'utf8' },
    code: /^[0-9A-Z]{9}X$/,
    expected: 'a code of ten characters that ends with X',
    displayOf: (get) =>
      get('display').trim() || [get('specialization').trim(), get('classification').trim()].filter(Boolean).join(', '),
    properties: [
      { code: 'grouping', type: 'string', description: 'Grouping', column: 'grouping' },
      { code: 'classification', type: 'string', description: 'Classification', column: 'classification' },
      { code: 'specialization', type: 'string', description: 'Area of specialization', column: 'specialization' },
      { code: 'section', type: 'string', description: 'Individual or Non-Individual', column: 'section' },
      { code: 'notes', type: 'string', description: 'Notes', column: 'notes' },
    ],
  },
  {
    ...reasons,
    name: 'carc',
    title: 'X12 Claim Adjustment Reason Codes',
    takes: 'a table with a header: Code, Description, Start Date, Last Modified, Stop Date, Notes',
    resourceName: 'ClaimAdjustmentReasonCodes',
    url: 'https://x12.org/codes/claim-adjustment-reason-codes',
    file: /(carc|adjustment).*\.(csv|txt)$/i,
    code: /^[A-Z]{0,2}\d{1,4}$/i,
    expected: 'a code such as 197 or B13',
  },
  {
    ...reasons,
    name: 'rarc',
    title: 'X12 Remittance Advice Remark Codes',
    takes: 'a table with a header: Code, Description, Start Date, Last Modified, Stop Date, Notes',
    resourceName: 'RemittanceAdviceRemarkCodes',
    url: 'https://x12.org/codes/remittance-advice-remark-codes',
    file: /(rarc|remark).*\.(csv|txt)$/i,
    code: /^[A-Z]{1,2}\d{1,4}$/i,
    expected: 'a code such as N290 or MA130',
  },
  {
    name: 'pos',
    title: 'Place of Service codes (CMS)',
    takes: 'a table with a header: Place of Service Code, Place of Service Name, Place of Service Description',
    resourceName: 'CMSPlaceOfServiceCodes',
    url: 'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
    publisher: 'Centers for Medicare & Medicaid Services',
    caseSensitive: true,
    file: /(pos|place).*\.(csv|txt)$/i,
    columns: {
      required: ['code', 'display'],
      optional: ['definition'],
      also: {
        code: ['Place of Service Code(s)', 'Place of Service Code', 'POS Code'],
        display: ['Place of Service Name', 'Name'],
        definition: ['Place of Service Description', 'Description'],
      },
    },
    code: /^\d\d$/,
    expected: 'a code of two digits, or a range that is not assigned',
    // `28-30` are codes that nobody may use yet.
    codeOf: (text) => (/^\d\d? ?[-–] ?\d\d?$/.test(text.trim()) ? undefined : text.trim().padStart(2, '0')),
    properties: [],
  },
]
