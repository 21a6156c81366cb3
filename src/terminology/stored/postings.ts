import { Ordinals } from './ordinals.js'

/** Under each term the concepts that have it, as they arrive: ascending, so that a repeat is the last one. */
export class Postings {
  private readonly terms = new Map<string, number[]>()

  add(term: string, arrival: number): void {
    const listed = this.terms.get(term)
    if (!listed) this.terms.set(term, [arrival])
    else if (listed.at(-1) !== arrival) listed.push(arrival)
  }

  /** @param ordinal  by arrival */
  *numbered(ordinal: Int32Array): Generator<[term: string, ordinals: Ordinals]> {
    for (const [term, arrivals] of this.terms) yield [term, Ordinals.of(arrivals.map((arrival) => ordinal[arrival]!))]
  }
}
