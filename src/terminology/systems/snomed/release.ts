import { Unprocessable } from '../../../base/errors.js'
import type { Release, ReleaseFile } from '../../release/release.js'
import { wrongLine } from '../../release/text.js'
import type { Report } from '../../stored/put.js'
import { id } from './ids.js'
import { eachRow, headerOf, type Row } from './rf2.js'

export interface SnomedConcept {
  readonly id: string
  /** Its place in the release: 0, 1 … */
  readonly at: number
  /** `20250901` */
  readonly effective: string
  readonly active: boolean
  readonly module: string
  readonly status: string
  readonly descriptions: Description[]
  readonly parents: string[]
  /** Attributes, without is-a. */
  readonly attributes: [type: string, value: string][]
}

export interface Description {
  readonly id: string
  readonly effective: string
  readonly active: boolean
  readonly module: string
  readonly language: string
  readonly type: string
  readonly term: string
  /** Numbers of the language reference sets in which it is so. */
  preferred: readonly number[]
  acceptable: readonly number[]
}

/** A value that is no concept: `#10`, `"text"`, `true`. */
export interface ConcreteValue {
  readonly type: string
  readonly source: number
  readonly group: number
  readonly value: string
}

export interface Member {
  readonly refset: number
  /** Place of the concept in the release. */
  readonly component: number
  readonly effective: string
  readonly active: boolean
  readonly module: string
  readonly target?: string
  /** JSON */
  readonly fields: string
}

/** A snapshot in release format 2, as it was read. */
export interface SnomedRelease {
  readonly concepts: ReadonlyMap<string, SnomedConcept>
  /** By type, is-a too: place of the source, group, place of the target, place of the next source … */
  readonly relationships: ReadonlyMap<string, number[]>
  readonly values: readonly ConcreteValue[]
  /** Their ids, by number. */
  readonly refsets: readonly string[]
  readonly members: readonly Member[]
  /** By place of the concept `scheme#code` of what it is in other schemes. */
  readonly alternates: readonly (readonly [at: number, alternate: string])[]
  /** Date of the release: the latest that a component has. */
  readonly date: string
}

const CONCEPTS = ['id', 'effectiveTime', 'active', 'moduleId', 'definitionStatusId']
const DESCRIPTIONS = ['id', 'effectiveTime', 'active', 'moduleId', 'conceptId', 'languageCode', 'typeId', 'term']
const RELATIONSHIPS = [
  ...['id', 'effectiveTime', 'active', 'sourceId', 'destinationId'],
  ...['relationshipGroup', 'typeId', 'characteristicTypeId'],
]
const VALUES = RELATIONSHIPS.map((name) => (name === 'destinationId' ? 'value' : name))
const MEMBERS = ['id', 'effectiveTime', 'active', 'moduleId', 'refsetId', 'referencedComponentId']
const IDENTIFIERS = ['alternateIdentifier', 'effectiveTime', 'active', 'identifierSchemeId', 'referencedComponentId']
const TARGETS = new Set(['targetComponentId', 'mapTarget'])

/**
 * Reads the snapshot of an edition, with the extensions that came along.
 * @throws Unprocessable  a file is missing, a line is none of such a file, or refers to a concept that is not there (422)
 */
export async function readRelease(release: Release, report: Report): Promise<SnomedRelease> {
  const reading = new Reading(release)
  report('Concepts are read')
  await reading.concepts()
  report(`${reading.known.size} concepts; descriptions are read`)
  await reading.descriptions()
  report('Relationships are read')
  await reading.relations()
  report('Reference sets are read')
  await reading.sets()
  const { known: concepts, relationships, values, refsets, members, alternates, date } = reading
  return { concepts, relationships, values, refsets: [...refsets.keys()], members, alternates, date }
}

class Reading {
  readonly known = new Map<string, SnomedConcept>()
  readonly relationships = new Map<string, number[]>()
  readonly values: ConcreteValue[] = []
  readonly refsets = new Map<string, number>()
  readonly members: Member[] = []
  readonly alternates: [number, string][] = []
  date = ''
  /** Lists that many descriptions have in common. */
  private readonly lists = new Map<string, readonly number[]>()

  constructor(private readonly release: Release) {}

  async concepts() {
    await eachRow(this.release, this.files('sct2', 'Concept', true), CONCEPTS, (row) => {
      const [concept, effective, active, module, status] = row.cells as [string, string, string, string, string]
      if (!/^[1-9]\d{5,17}$/.test(concept)) throw wrong(row, `the concept id ${concept}`, 'six to eighteen digits')
      if (effective > this.date) this.date = effective
      const at = this.known.size
      const lists = { descriptions: [], parents: [], attributes: [] }
      this.known.set(concept, { id: concept, at, effective, active: active === '1', module, status, ...lists })
    })
  }

  async descriptions() {
    const all = new Map<string, Description>()
    const files = [...this.files('sct2', 'Description', true), ...this.files('sct2', 'TextDefinition')]
    await eachRow(this.release, files, DESCRIPTIONS, (row) => {
      const [id, effective, active, module, of, language, type, term] = row.cells as Eight
      const description = {
        ...{ id, effective, active: active === '1', module, language: intern(language), type: intern(type), term },
        ...{ preferred: NONE, acceptable: NONE },
      }
      all.set(id, description)
      this.concept(row, of).descriptions.push(description)
    })
    const columns = [...MEMBERS, 'acceptabilityId']
    await eachRow(this.release, this.files('der2', 'cRefset_Language', true), columns, ({ cells }) => {
      const [, , active, , refset, component, acceptability] = cells
      const description = all.get(component!)
      if (active !== '1' || !description) return
      const role = acceptability === id.preferred ? 'preferred' : 'acceptable'
      description[role] = this.list([...description[role], this.number(refset!)])
    })
  }

  async relations() {
    await eachRow(this.release, this.files('sct2', 'Relationship', true), RELATIONSHIPS, (row) => {
      const [, , active, from, to, group, type, characteristic] = row.cells as Eight
      if (active !== '1' || characteristic === id.statedRelationship) return
      const source = this.concept(row, from)
      const target = this.concept(row, to)
      if (type === id.isA) source.parents.push(target.id)
      else source.attributes.push([intern(type), target.id])
      const triples = this.relationships.get(type) ?? []
      if (triples.length === 0) this.relationships.set(type, triples)
      triples.push(source.at, Number(group), target.at)
    })
    await eachRow(this.release, this.files('sct2', 'RelationshipConcreteValues'), VALUES, (row) => {
      const [, , active, from, value, group, type, characteristic] = row.cells as Eight
      if (active !== '1' || characteristic === id.statedRelationship) return
      const source = this.concept(row, from)
      source.attributes.push([type, value])
      this.values.push({ type, source: source.at, group: Number(group), value })
    })
  }

  async sets() {
    const files = this.release.all(/^x?der2_.*Snapshot/i).filter(({ name }) => !/Refset_Language/i.test(name))
    const byHeader = new Map<string, ReleaseFile[]>()
    for (const file of files) {
      const header = (await headerOf(file)).join('\t')
      byHeader.set(header, [...(byHeader.get(header) ?? []), file])
    }
    for (const [header, alike] of byHeader) await this.membersOf(alike, header.split('\t').slice(MEMBERS.length))
    await eachRow(this.release, this.files('sct2', 'Identifier'), IDENTIFIERS, ({ cells }) => {
      const [code, , active, scheme, component] = cells
      const concept = this.known.get(component!)
      if (active === '1' && concept) this.alternates.push([concept.at, `${scheme}#${code}`])
    })
  }

  /** Members that are descriptions or relationships make no sets of concepts: they are left where they are. */
  private async membersOf(files: readonly ReleaseFile[], own: readonly string[]) {
    await eachRow(this.release, files, [...MEMBERS, ...own], ({ cells }) => {
      const [, effective, active, module, refset, component, ...values] = cells
      const concept = this.known.get(component!)
      if (!concept) return
      const fields = own.map((name, i) => [name, values[i]!] as const)
      this.members.push({
        ...{ refset: this.number(refset!), component: concept.at, effective: effective!, active: active === '1' },
        module: intern(module!),
        target: fields.find(([name]) => TARGETS.has(name))?.[1],
        fields: JSON.stringify(Object.fromEntries(fields)),
      })
    })
  }

  private files(prefix: string, content: string, needed = false): ReleaseFile[] {
    // Releases name their language or country behind the content: sct2_Description_Snapshot-en_INT_20250901.txt
    const name = new RegExp(`^x?${prefix}_${content}(?:_[^_]*)?Snapshot`, 'i')
    const found = this.release.all(name)
    if (needed && found.length === 0)
      throw new Unprocessable(
        `${this.release.named} has no snapshot of release format 2: a file ${prefix}_${content}_Snapshot… is expected`,
      )
    return found
  }

  private concept(row: Row, concept: string): SnomedConcept {
    const found = this.known.get(concept)
    if (found) return found
    throw wrong(
      row,
      `the concept ${concept}, which no file has`,
      'an extension to come with the edition that it extends',
    )
  }

  private number(refset: string): number {
    const number = this.refsets.get(refset) ?? this.refsets.size
    this.refsets.set(refset, number)
    return number
  }

  private list(numbers: readonly number[]): readonly number[] {
    const key = numbers.join()
    const known = this.lists.get(key) ?? numbers
    this.lists.set(key, known)
    return known
  }
}

type Eight = [string, string, string, string, string, string, string, string]
const NONE: readonly number[] = []

const wrong = ({ file, line }: Row, found: string, expected: string) => wrongLine(file, line, found, expected)

const interned = new Map<string, string>()
/** One copy of a text that comes again and again: what is cut from a line keeps the whole of it. */
function intern(text: string): string {
  const known = interned.get(text)
  if (known !== undefined) return known
  interned.set(text, text)
  return text
}
