import { Unprocessable } from '../../base/errors.js'
import type { ConceptProperty, Designation } from '../provider.js'
import { wordsOf } from '../text.js'
import { Circle, type Hierarchy, hierarchyOf } from './hierarchy.js'
import { Postings } from './postings.js'

/** A concept as a loader has read it. */
export interface Entry {
  code: string
  display?: string
  definition?: string
  inactive?: boolean
  abstract?: boolean
  /** What the system calls its state where that is not plainly active. */
  status?: string
  /** Codes; they may come later than what they are above. */
  parents?: readonly string[]
  designations?: readonly Designation[]
  properties?: readonly ConceptProperty[]
  /** How often it is used: 1 is the most common; text finds it first. */
  rank?: number
  /** Texts by which it is found beside display, designations and code. */
  search?: readonly string[]
}

/** What is kept of an entry until it is written. */
export interface Kept {
  key: string
  code: string
  display?: string
  inactive: boolean
  abstract: boolean
  status?: string
  parents: readonly string[]
  weight: number
  /** JSON of `Details` */
  details: string
}

/** What of a concept is not looked for, and read only when somebody wants to see it. */
export interface Details {
  definition?: string
  designations?: readonly Designation[]
  properties?: readonly ConceptProperty[]
  parents?: readonly string[]
}

/** A code system as it is being read: its concepts in any order, until all are there and can be numbered. */
export class Draft {
  readonly kept: Kept[] = []
  /** Words of any text, of the display, and the one that the display begins with. */
  readonly words = { any: new Postings(), shown: new Postings(), first: new Postings() }
  readonly values = new Postings()
  private readonly arrivals = new Map<string, number>()

  /** @param keyOf  the code as it is compared */
  constructor(private readonly keyOf: (code: string) => string = (code) => code) {}

  get size(): number {
    return this.kept.length
  }

  has(code: string): boolean {
    return this.arrivals.has(this.keyOf(code))
  }

  /** @throws Unprocessable  the code was there before */
  add(entry: Entry): void {
    const { code, display, definition, inactive = false, abstract = false, status, parents = [] } = entry
    const { designations, properties } = entry
    const key = this.keyOf(code)
    const arrival = this.kept.length
    if (this.arrivals.has(key)) throw new Unprocessable(`The code ${code} is there twice`)
    this.arrivals.set(key, arrival)
    const details: Details = {
      definition,
      designations: designations?.length ? designations : undefined,
      properties: properties?.length ? properties : undefined,
      parents: parents.length ? parents : undefined,
    }
    const terms = (designations ?? []).flatMap(({ value, inactive }) => (inactive ? [] : value))
    const texts = [display ?? '', ...terms, ...(entry.search ?? [])]
    this.index(arrival, code, display, texts)
    this.value(arrival, properties ?? [])
    if (inactive) this.value(arrival, [{ code: 'inactive', type: 'boolean', value: 'true' }])
    if (abstract) this.value(arrival, [{ code: 'notSelectable', type: 'boolean', value: 'true' }])
    if (status) this.value(arrival, [{ code: 'status', type: 'code', value: status }])
    const weight = weightOf(display ?? code, inactive, entry.rank)
    this.kept.push({
      ...{ key, code, display, inactive, abstract, status, parents, weight },
      details: JSON.stringify(details),
    })
  }

  /**
   * @throws Unprocessable  a parent is not there, or a concept is above itself
   */
  hierarchy(): Hierarchy {
    const parents = this.kept.map(({ code, parents }) =>
      [...new Set(parents)].map((parent) => {
        const arrival = this.arrivals.get(this.keyOf(parent))
        if (arrival === undefined) throw new Unprocessable(`The code ${code} is below ${parent}, which is not there`)
        return arrival
      }),
    )
    try {
      return hierarchyOf(parents)
    } catch (cause) {
      if (!(cause instanceof Circle)) throw cause
      throw new Unprocessable(`The code ${this.kept[cause.arrival]!.code} is below itself`, { cause })
    }
  }

  /** What was added by this code; for tables beside ours. */
  arrivalOf(code: string): number | undefined {
    return this.arrivals.get(this.keyOf(code))
  }

  private index(arrival: number, code: string, display: string | undefined, texts: readonly string[]) {
    const { any, shown, first } = this.words
    for (const word of wordsOfCode(code)) any.add(word, arrival)
    for (const text of texts) for (const word of wordsOf(text)) any.add(word, arrival)
    const displayed = display === undefined ? [] : wordsOf(display)
    for (const word of displayed) shown.add(word, arrival)
    if (displayed[0] !== undefined) first.add(displayed[0], arrival)
  }

  private value(arrival: number, properties: readonly ConceptProperty[]) {
    for (const { code, value } of properties) {
      this.values.add(`${code}\n`, arrival)
      if (typeof value === 'string') this.values.add(`${code}\n${value}`, arrival)
      else
        for (const text of new Set([value.code, value.display ?? value.code]))
          this.values.add(`${code}\n${text}`, arrival)
    }
  }
}

/** The words of a code: its parts, and all of it without what parts them: `E11.9` is found by `e11` and by `e119`. */
function wordsOfCode(code: string): string[] {
  const parts = wordsOf(code)
  return parts.length > 1 ? [...parts, parts.join('')] : parts
}

/** What is common comes first, then what is said in few words; what is no longer used comes last. */
function weightOf(display: string, inactive: boolean, rank: number | undefined): number {
  if (inactive) return 40_000 + shortness(display)
  return rank ? Math.min(rank, 9_999) : 10_000 + shortness(display)
}

const shortness = (display: string) => Math.min(wordsOf(display).length, 99) * 200 + Math.min(display.length, 199)
