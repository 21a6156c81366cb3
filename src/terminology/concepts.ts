import type { CodeSystem, CodeSystemConcept, CodeSystemConceptProperty } from '@medplum/fhirtypes'
import type { Direction } from '../fhir/terminology.js'

export interface Concept {
  readonly code: string
  readonly display?: string
  readonly inactive: boolean
  /** By property code, the values as text: of a Coding its code. */
  readonly properties: ReadonlyMap<string, readonly string[]>
  readonly parents: Set<string>
  readonly children: Set<string>
}

/** Properties that say where a concept stands: https://hl7.org/fhir/R4/codesystem.html#hierarchy */
const UPWARDS = new Set(['parent', 'subsumedBy', 'partOf'])
const DOWNWARDS = new Set(['child'])
const STANDARD = 'http://hl7.org/fhir/concept-properties#'

/** The concepts of one stored CodeSystem, with its hierarchy, be it nested or said by properties. */
export class Concepts {
  private readonly concepts = new Map<string, Concept>()
  readonly url: string
  /** All concepts of the system are here: `complete`, or only some of them. */
  readonly isComplete: boolean
  readonly isEmpty: boolean

  constructor(codeSystem: CodeSystem) {
    this.url = codeSystem.url!
    this.isComplete = codeSystem.content === 'complete'
    const names = new Map(
      codeSystem.property?.map(({ code, uri }) => [
        code!,
        uri?.startsWith(STANDARD) ? uri.slice(STANDARD.length) : code!,
      ]),
    )
    this.add(codeSystem.concept ?? [], undefined, names)
    this.isEmpty = this.concepts.size === 0
    // Relations are read once all concepts are there: a property may name one that comes later.
    for (const concept of this.concepts.values()) {
      for (const [name, values] of concept.properties) {
        const meaning = names.get(name) ?? name
        for (const value of values) {
          const other = this.concepts.get(value)
          if (!other) continue
          if (UPWARDS.has(meaning)) relate(other, concept)
          else if (DOWNWARDS.has(meaning)) relate(concept, other)
        }
      }
    }
  }

  get(code: string): Concept | undefined {
    return this.concepts.get(code)
  }

  all(): IterableIterator<Concept> {
    return this.concepts.values()
  }

  /** The code itself and all on its way up or down, each once; a circle ends where it began. */
  hierarchy(direction: Direction, code: string): Set<string> {
    const found = new Set<string>()
    const waiting = [code]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const concept = this.concepts.get(next)
      if (!concept || found.has(next)) continue
      found.add(next)
      waiting.push(...(direction === 'below' ? concept.children : concept.parents))
    }
    return found
  }

  private add(listed: readonly CodeSystemConcept[], parent: Concept | undefined, names: ReadonlyMap<string, string>) {
    for (const { code, display, property, concept: nested } of listed) {
      const properties = propertiesOf(property ?? [])
      const concept = this.concepts.get(code!) ?? {
        code: code!,
        display,
        inactive: isInactive(properties, names),
        properties,
        parents: new Set<string>(),
        children: new Set<string>(),
      }
      this.concepts.set(code!, concept)
      if (parent) relate(parent, concept)
      if (nested) this.add(nested, concept, names)
    }
  }
}

function relate(parent: Concept, child: Concept) {
  parent.children.add(child.code)
  child.parents.add(parent.code)
}

function propertiesOf(listed: readonly CodeSystemConceptProperty[]): ReadonlyMap<string, readonly string[]> {
  const properties = new Map<string, string[]>()
  for (const { code, ...value } of listed) {
    const text = value.valueCoding?.code ?? Object.entries(value).find(([name]) => name.startsWith('value'))?.[1]
    if (text === undefined) continue
    const values = properties.get(code!)
    if (values) values.push(String(text))
    else properties.set(code!, [String(text)])
  }
  return properties
}

function isInactive(properties: ReadonlyMap<string, readonly string[]>, names: ReadonlyMap<string, string>): boolean {
  for (const [name, values] of properties) {
    const meaning = names.get(name) ?? name
    if (meaning === 'inactive' && values.includes('true')) return true
    if (meaning === 'status' && values.some((value) => value === 'retired' || value === 'inactive')) return true
  }
  return false
}
