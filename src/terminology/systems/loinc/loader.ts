import type { ConceptProperty, Designation } from '../../provider.js'
import { table } from '../../release/text.js'
import { Draft, type Entry } from '../../stored/draft.js'
import { headerOf } from '../header.js'
import type { Loader } from '../loader.js'
import { type Answers, readAnswers } from './answers.js'
import { readHierarchy } from './hierarchy.js'
import { LOINC, loincKind } from './kind.js'
import { type Parts, readParts } from './parts.js'
import { properties } from './properties.js'
import { readVariants } from './variants.js'

/** The columns of Loinc.csv that become properties; those of the six axes are linked to parts instead, where links come. */
const AXES = ['COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP', 'METHOD_TYP'] as const
const PLAIN = [
  ...['CLASS', 'CLASSTYPE', 'STATUS', 'ORDER_OBS', 'VersionLastChanged', 'VersionFirstReleased', 'CHNG_TYPE'],
  ...['EXAMPLE_UCUM_UNITS', 'EXAMPLE_UNITS', 'UNITSREQUIRED', 'FORMULA', 'EXMPL_ANSWERS', 'SURVEY_QUEST_TEXT'],
  ...[
    'SURVEY_QUEST_SRC',
    'HL7_FIELD_SUBFIELD_ID',
    'HL7_ATTACHMENT_STRUCTURE',
    'ValidHL7AttachmentRequest',
    'PanelType',
  ],
  ...['AskAtOrderEntry', 'AssociatedObservations', 'STATUS_REASON', 'STATUS_TEXT', 'CHANGE_REASON_PUBLIC'],
  ...['COMMON_TEST_RANK', 'COMMON_ORDER_RANK', 'EXTERNAL_COPYRIGHT_NOTICE', 'EXTERNAL_COPYRIGHT_LINK'],
] as const
const NAMES = ['SHORTNAME', 'CONSUMER_NAME', 'DisplayName', 'RELATEDNAMES2', 'DefinitionDescription'] as const

const COLUMNS = {
  required: ['LOINC_NUM', 'LONG_COMMON_NAME', 'STATUS', 'CLASS', ...AXES],
  optional: [...PLAIN, ...NAMES],
} as const

/** Of terms; how parts, answers and answer lists are told from them. */
const use = (code: string) => ({ system: LOINC, code })

/** LOINC as Regenstrief publishes it: https://loinc.org/downloads, under its own licence. */
export const loinc: Loader = {
  name: 'loinc',
  title:
    'LOINC, laboratory and clinical observations (Regenstrief Institute; free of charge, with a licence to accept)',
  takes: 'the release (Loinc_2.82.zip) or its folder: LoincTable/Loinc.csv, and of AccessoryFiles what is there',
  kinds: [loincKind],

  async *read(release, wishes, report) {
    const file = release.need(/^Loinc\.csv$/i, 'LoincTable/Loinc.csv')
    const draft = new Draft(loincKind.keyOf)
    const parts = await readParts(release, report)
    const answers = await readAnswers(release, report)
    const hierarchy = await readHierarchy(release, report)
    const variants = await readVariants(release, report)
    let latest = ''

    for (const [code, name] of hierarchy.names)
      if (code.startsWith('LP') && !parts.names.has(code)) parts.names.set(code, { display: name })
    const parentsOf = (code: string) => hierarchy.parents.get(code)?.filter((parent) => hierarchy.names.has(parent))
    for (const [code, part] of parts.names) {
      const type: ConceptProperty[] = part.type ? [{ code: 'PartTypeName', type: 'string', value: part.type }] : []
      draft.add({ code, ...part, parents: parentsOf(code), properties: type })
    }
    report(`${file.path} is read`)
    for await (const { get } of table(release, file, COLUMNS)) {
      const code = get('LOINC_NUM')
      for (const version of [get('VersionLastChanged'), get('VersionFirstReleased')])
        if (byNumber(version, latest) > 0) latest = version
      draft.add(termOf(code, get, parts, answers, parentsOf(code), variants.get(code) ?? []))
    }
    for (const entry of answers.entries) draft.add(entry)

    const [, named] = /loinc[_-]?(\d+\.\d+)/i.exec(release.named) ?? []
    const version = wishes.version ?? named ?? latest
    const header = headerOf({
      ...{ url: LOINC, version, name: 'LOINC', title: 'LOINC Code System', caseSensitive: false, hierarchy: 'is-a' },
      publisher: 'Regenstrief Institute, Inc.',
      copyright:
        'This material contains content from LOINC (http://loinc.org). LOINC is copyright Regenstrief Institute, Inc. and the ' +
        'LOINC Committee and is available at no cost under the license at http://loinc.org/license.',
      properties: properties([...AXES, ...PLAIN, ...parts.properties]),
    })
    yield { header, draft, details: { answers: answers.entries.length, parts: parts.names.size } }
  },
}

type Get = (column: (typeof COLUMNS.required)[number] | (typeof COLUMNS.optional)[number]) => string

function termOf(
  code: string,
  get: Get,
  parts: Parts,
  answers: Answers,
  parents: readonly string[] | undefined,
  variants: readonly Designation[],
): Entry {
  const status = get('STATUS')
  const links = parts.links.get(code) ?? []
  const linked = new Set(links.map((link) => link.code))
  const axes = AXES.filter((axis) => !linked.has(axis) && get(axis)).map((axis) => text(axis, get(axis)))
  const plain = PLAIN.filter((column) => get(column) && !(/RANK$/.test(column) && get(column) === '0'))
  const rank = Number(get('COMMON_TEST_RANK'))
  return {
    code,
    display: get('LONG_COMMON_NAME'),
    definition: get('DefinitionDescription') || undefined,
    inactive: status === 'DEPRECATED',
    status: status === 'ACTIVE' ? undefined : status.toLowerCase(),
    parents,
    rank: rank > 0 ? rank : undefined,
    designations: [
      ...(['SHORTNAME', 'CONSUMER_NAME', 'DisplayName'] as const)
        .filter((name) => get(name))
        .map((name) => ({ language: 'en', use: use(name), value: get(name) })),
      ...variants,
    ],
    search: [get('RELATEDNAMES2'), get('COMPONENT'), get('SYSTEM')],
    properties: [
      ...links,
      ...axes,
      ...plain.map((column) => text(column, get(column))),
      text('copyright', get('EXTERNAL_COPYRIGHT_NOTICE') ? '3rdParty' : 'LOINC'),
      ...answers.propertiesOf(code),
    ],
  }
}

const text = (code: string, value: string): ConceptProperty => ({ code, type: 'string', value })

const order = new Intl.Collator('en', { numeric: true })
const byNumber = (a: string, b: string) => order.compare(a, b)
