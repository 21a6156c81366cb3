import type { CodeSystem } from '@medplum/fhirtypes'
import { Unprocessable } from '../../../base/errors.js'
import type { CopyRows } from '../../../db/copy.js'
import type { Designation } from '../../provider.js'
import { Draft } from '../../stored/draft.js'
import type { Hierarchy } from '../../stored/hierarchy.js'
import type { Beside } from '../../stored/put.js'
import type { Loader } from '../loader.js'
import { editionOf, languagesOf, moduleOf } from './editions.js'
import { headerFor } from './header.js'
import { id, SNOMED } from './ids.js'
import { snomed as kind } from './kind.js'
import { type Description, readRelease, type SnomedConcept, type SnomedRelease } from './release.js'

/** SNOMED CT, an edition of it with its extensions, by the snapshot of a release in release format 2. */
export const snomed: Loader = {
  name: 'snomed',
  title: 'SNOMED CT',
  takes: 'the zip archive or the folder of a release in release format 2; its snapshot is loaded',
  kinds: [kind],

  async *read(release, wishes, report) {
    const content = await readRelease(release, report)
    const header = headerFor(versionOf(content, wishes.version))
    const draft = draftOf(content, header)
    const details = {
      edition: editionOf(header.version),
      relationships: [...content.relationships.values()].reduce((sum, { length }) => sum + length / 3, 0),
      members: content.members.length,
    }
    yield { header, draft, details, beside: besideOf(content) }
  },
}

/**
 * @param wish  the uri of a version, or its date alone
 * @throws Unprocessable  the release does not tell of which edition it is, and nobody else does (422)
 */
function versionOf({ concepts, date }: SnomedRelease, wish: string | undefined): string {
  if (wish && /^http:\/\/snomed\.info\/x?sct\/\d+\/version\/\d{8}$/.test(wish)) return wish
  if (wish && !/^\d{8}$/.test(wish))
    throw new Unprocessable(
      `The version ${wish} is none of SNOMED CT: it is http://snomed.info/sct/<module>/version/<date>, or only the date`,
    )
  const modules = new Set([...concepts.values()].map(({ module }) => module))
  const module = moduleOf(modules)
  if (module) return `http://snomed.info/sct/${module}/version/${wish ?? date}`
  throw new Unprocessable(
    `Of which edition this release is cannot be told by its modules (${[...modules].join(', ')}): say so by a version, http://snomed.info/sct/<module>/version/${wish ?? date}`,
  )
}

function draftOf({ concepts, refsets, members, alternates }: SnomedRelease, header: CodeSystem): Draft {
  const draft = new Draft()
  const languages = languagesOf(header.version!).map((refset) => refsets.indexOf(refset))
  for (const concept of concepts.values()) {
    const current = concept.descriptions.filter(({ active }) => active)
    const preference = (one: Description) => preferenceOf(one, languages)
    const terms = current.filter(({ type }) => type !== id.textDefinition)
    terms.sort((a, b) => preference(a) - preference(b))
    draft.add({
      code: concept.id,
      display: displayOf(terms),
      definition: current.find(({ type }) => type === id.textDefinition)?.term,
      inactive: !concept.active,
      parents: concept.parents,
      designations: [...terms, ...concept.descriptions.filter(isFormer)].map(designationOf),
      properties: [
        { code: 'effectiveTime', type: 'dateTime', value: dateOf(concept.effective) },
        { code: 'module', type: 'code', value: concept.module },
        ...concept.attributes.map(([code, value]) => propertyOf(code, value)),
      ],
    })
  }
  // What is asked for by sets of concepts, but is no property of one: `value` of these has no place in `details`.
  for (const { at, status } of concepts.values()) draft.values.add(`definitionStatus\n${status}`, at)
  for (const { refset, component, active } of members) {
    if (active) draft.values.add(`refset\n${refsets[refset]}`, component)
  }
  for (const [at, alternate] of alternates) draft.values.add(`alternate\n${alternate}`, at)
  return draft
}

/** The term that is shown: the synonym that the language reference sets prefer, else any term. */
const displayOf = (terms: readonly Description[]): string | undefined =>
  (terms.find(({ type }) => type === id.synonym) ?? terms[0])?.term

/** The lower the better; English first where no reference set says anything. */
function preferenceOf({ preferred, acceptable, language }: Description, languages: readonly number[]): number {
  const [at, next] = [preferred, acceptable].map((sets) => languages.findIndex((refset) => sets.includes(refset)))
  if (at! >= 0) return at!
  if (next! >= 0) return 100 + next!
  return language === 'en' ? 200 : 300
}

const USES: Readonly<Record<string, string>> = {
  [id.fullySpecifiedName]: 'Fully specified name',
  [id.synonym]: 'Synonym',
}

const isFormer = ({ active, type }: Description) => !active && type !== id.textDefinition

const designationOf = ({ active, language, type, term, preferred, acceptable }: Description): Designation => ({
  language,
  use: { system: SNOMED, code: type, display: USES[type] },
  value: term,
  ...(preferred.length === 0 && acceptable.length > 0 && { acceptable: true }),
  ...(!active && { inactive: true }),
})

const dateOf = (effective: string) => effective.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')

/** Concrete values are written with what tells their type: `#10.5`, `"text"`, `true`. */
function propertyOf(code: string, value: string) {
  if (/^\d+$/.test(value)) return { code, type: 'code', value } as const
  if (value.startsWith('#'))
    return { code, type: value.includes('.') ? 'decimal' : 'integer', value: value.slice(1) } as const
  if (value === 'true' || value === 'false') return { code, type: 'boolean', value } as const
  return { code, type: 'string', value: value.replace(/^"|"$/g, '') } as const
}

const tables = ['snomed_relationship', 'snomed_value', 'snomed_description', 'snomed_refset', 'snomed_member'] as const

function besideOf(content: SnomedRelease): Beside {
  return {
    tables,
    async write(put, { ordinal }: Hierarchy) {
      await put('snomed_relationship', ['type', 'triples'], content.relationships, (row, [type, triples]) =>
        row.text(type).bytes(packed(triples, ordinal)),
      )
      await put('snomed_value', ['type', 'source', 'role_group', 'value'], content.values, (row, one) =>
        row.text(one.type).int4(ordinal[one.source]!).int4(one.group).text(one.value),
      )
      await put('snomed_refset', ['number', 'id'], content.refsets.entries(), (row, [number, refset]) =>
        row.int4(number).text(refset),
      )
      const described = 'concept,id,effective,active,module,language,type,term,preferred,acceptable'.split(',')
      await put('snomed_description', described, descriptionsOf(content.concepts.values()), (row, [at, one]) =>
        descriptionRow(row.int4(ordinal[at]!), one),
      )
      const membership = 'refset,component,effective,active,module,target,fields'.split(',')
      await put('snomed_member', membership, content.members, (row, one) => {
        row.int4(one.refset).int4(ordinal[one.component]!).int4(Number(one.effective)).bool(one.active).text(one.module)
        if (one.target === undefined) row.null()
        else row.text(one.target)
        row.text(one.fields)
      })
    },
  }
}

function* descriptionsOf(concepts: Iterable<SnomedConcept>): Generator<[at: number, one: Description]> {
  for (const { at, descriptions } of concepts) for (const one of descriptions) yield [at, one]
}

function descriptionRow(row: CopyRows, one: Description) {
  row.text(one.id).int4(Number(one.effective)).bool(one.active).text(one.module).text(one.language).text(one.type)
  row.text(one.term).int4s(one.preferred).int4s(one.acceptable)
}

/** Triples by the numbers of the concepts, ordered by source and group. */
function packed(triples: readonly number[], ordinal: Int32Array): Uint8Array {
  const order = Array.from({ length: triples.length / 3 }, (_, i) => i)
  const source = (i: number) => ordinal[triples[3 * i]!]!
  order.sort((a, b) => source(a) - source(b) || triples[3 * a + 1]! - triples[3 * b + 1]!)
  const found = new Int32Array(triples.length)
  order.forEach((from, to) => {
    found[3 * to] = source(from)
    found[3 * to + 1] = triples[3 * from + 1]!
    found[3 * to + 2] = ordinal[triples[3 * from + 2]!]!
  })
  return new Uint8Array(found.buffer)
}
