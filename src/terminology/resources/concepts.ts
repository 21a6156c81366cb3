import type { CodeSystem, CodeSystemConcept, CodeSystemConceptProperty, Extension } from '@medplum/fhirtypes'
import { decimalText, isDecimal } from '../../fhir/json.js'
import type { Concept, ConceptProperty, Designation } from '../provider.js'

/** Properties that say where a concept stands: https://hl7.org/fhir/R4/codesystem.html#hierarchy */
const UPWARDS = new Set(['parent', 'subsumedBy', 'partOf'])
const DOWNWARDS = new Set(['child'])

const PROPERTIES = 'http://hl7.org/fhir/concept-properties#'
const STANDARDS_STATUS = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status'

/** Of `status`: the concept is no longer to be used. One that is `deprecated` still may be. */
const INACTIVE = new Set(['inactive', 'retired', 'withdrawn'])

/** What a concept is of a resource, with its place in it. */
export interface Entry extends Concept {
  readonly parents: string[]
  readonly children: string[]
  /** 0, 1, … in the order of the resource, parents before what is nested in them */
  readonly ordinal: number
}

/** The concepts of one CodeSystem, with its hierarchy, be it nested or said by properties; and what supplements add. */
export class ResourceConcepts {
  /** By code, in small letters where the system makes no difference. */
  private readonly entries = new Map<string, Entry>()
  /** Property code → what it means, where the standard has a name for it. */
  private readonly meanings: ReadonlyMap<string, string>
  private readonly folds: boolean

  constructor({ caseSensitive, property, concept = [] }: CodeSystem, supplements: readonly CodeSystem[] = []) {
    this.folds = caseSensitive === false
    this.meanings = meaningsOf([...(property ?? []), ...supplements.flatMap((one) => one.property ?? [])])
    const added = new Map<string, CodeSystemConcept[]>()
    for (const { concept = [] } of supplements)
      for (const one of flat(concept)) {
        const key = this.key(one.code!)
        const those = added.get(key)
        if (those) those.push(one)
        else added.set(key, [one])
      }
    this.add(concept, undefined, added)
    this.relateByProperties()
  }

  get(code: string): Entry | undefined {
    return this.entries.get(this.key(code))
  }

  all(): Entry[] {
    return [...this.entries.values()]
  }

  /** What a property is called by the standard: `notSelectable` of one that has its uri, whatever its code. */
  meaningOf(property: string): string {
    return this.meanings.get(property) ?? property
  }

  /** Whether the resource says that its concepts may have this property, or one has it. */
  hasProperty(code: string): boolean {
    return this.meanings.has(code) || this.all().some(({ properties }) => properties.some((one) => one.code === code))
  }

  /** The code itself and all on its way up or down, each once; a circle ends where it began. */
  hierarchy(direction: 'above' | 'below', code: string): Set<string> {
    const found = new Set<string>()
    const waiting = [code]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const entry = this.get(next)
      if (!entry || found.has(entry.code)) continue
      found.add(entry.code)
      waiting.push(...(direction === 'below' ? entry.children : entry.parents))
    }
    return found
  }

  private key(code: string): string {
    return this.folds ? code.toLowerCase() : code
  }

  private add(
    listed: readonly CodeSystemConcept[],
    parent: Entry | undefined,
    added: Map<string, CodeSystemConcept[]>,
  ) {
    for (const concept of listed) {
      const key = this.key(concept.code!)
      const entry = this.entries.get(key) ?? this.entryOf(concept, parent?.code, added.get(key) ?? [])
      this.entries.set(key, entry)
      if (parent) relate(parent, entry)
      if (concept.concept) this.add(concept.concept, entry, added)
    }
  }

  private entryOf(
    concept: CodeSystemConcept,
    within: string | undefined,
    supplements: readonly CodeSystemConcept[],
  ): Entry {
    const all = [concept, ...supplements]
    const properties = all.flatMap((one) => (one.property ?? []).flatMap((property) => propertyOf(property)))
    // What a supplement says of the same thing counts for more.
    const extensions = latest(all.flatMap((one) => one.extension ?? []))
    const has = (name: string) =>
      properties.filter(({ code }) => this.meaningOf(code) === name).map(({ value }) => textOf(value))
    const status = has('status')[0] ?? extensions.find(({ url }) => url === STANDARDS_STATUS)?.valueCode
    const inactive = has('inactive').includes('true') || INACTIVE.has(status ?? '')
    return {
      code: concept.code!,
      display: concept.display ?? supplements.find(({ display }) => display !== undefined)?.display,
      definition: concept.definition,
      inactive,
      status: status && status !== 'active' ? status : inactive ? 'inactive' : undefined,
      abstract: has('notSelectable').includes('true'),
      designations: all.flatMap((one) => designationsOf(one)),
      properties,
      parents: [],
      within,
      children: [],
      extensions,
      ordinal: this.entries.size,
    }
  }

  /** Relations are read once all concepts are there: a property may name one that comes later. */
  private relateByProperties() {
    for (const entry of this.entries.values()) {
      for (const { code, value } of entry.properties) {
        const meaning = this.meaningOf(code)
        const other = UPWARDS.has(meaning) || DOWNWARDS.has(meaning) ? this.get(textOf(value)) : undefined
        if (!other) continue
        if (UPWARDS.has(meaning)) relate(other, entry)
        else relate(entry, other)
      }
    }
  }
}

function relate(parent: Entry, child: Entry) {
  if (child.parents.includes(parent.code)) return
  parent.children.push(child.code)
  child.parents.push(parent.code)
}

function* flat(concepts: readonly CodeSystemConcept[]): Generator<CodeSystemConcept> {
  for (const one of concepts) {
    yield one
    if (one.concept) yield* flat(one.concept)
  }
}

function meaningsOf(declared: NonNullable<CodeSystem['property']>): ReadonlyMap<string, string> {
  return new Map(
    declared.map(({ code, uri }) => [code!, uri?.startsWith(PROPERTIES) ? uri.slice(PROPERTIES.length) : code!]),
  )
}

function designationsOf({ designation = [] }: CodeSystemConcept): Designation[] {
  return designation.map(({ language, use, value, extension }) => ({
    language,
    use: use && { system: use.system, code: use.code, display: use.display },
    value: value!,
    extensions: extension,
  }))
}

function propertyOf({ code, ...rest }: CodeSystemConceptProperty): ConceptProperty[] {
  const [name, value] = Object.entries(rest).find(([one]) => one.startsWith('value')) ?? []
  if (!code || !name || value === undefined) return []
  const type = (
    name === 'valueCoding' ? 'Coding' : name.charAt(5).toLowerCase() + name.slice(6)
  ) as ConceptProperty['type']
  return [{ code, type, value: type === 'Coding' ? (value as ConceptProperty['value']) : literal(value) }]
}

const literal = (value: unknown): string => (isDecimal(value) ? decimalText(value) : String(value))

function latest(extensions: readonly Extension[]): Extension[] {
  return [...new Map(extensions.map((one) => [one.url, one])).values()]
}

/** Of a Coding its code. */
export const textOf = (value: ConceptProperty['value']): string => (typeof value === 'string' ? value : value.code)
