import { Ordinals } from './ordinals.js'
import { SHORT, wordKind } from './tables.js'

/** Under each term the concepts that have it, as they arrive: ascending, so that a repeat is the last one. */
export class Postings {
  private readonly terms = new Map<string, number[]>()

  add(term: string, arrival: number): void {
    const listed = this.terms.get(term)
    if (!listed) this.terms.set(term, [arrival])
    else if (listed[listed.length - 1] !== arrival) listed.push(arrival)
  }

  /** @param ordinal  by arrival */
  *numbered(ordinal: Int32Array): Generator<[term: string, ordinals: Ordinals]> {
    for (const [term, arrivals] of this.terms) yield [term, Ordinals.of(arrivals.map((arrival) => ordinal[arrival]!))]
  }
}

interface Words {
  readonly any: Postings
  readonly shown: Postings
  readonly first: Postings
}

/** The rows of `word`: each word, and of short beginnings what all words that begin so find. */
export function* wordRows({ any, shown, first }: Words, ordinal: Int32Array): Generator<[number, string, Ordinals]> {
  yield* withBeginnings(any.numbered(ordinal), wordKind.whole, wordKind.prefix)
  yield* withBeginnings(first.numbered(ordinal), wordKind.first, wordKind.firstPrefix)
  for (const [word, ordinals] of shown.numbered(ordinal)) yield [wordKind.shown, word, ordinals]
}

function* withBeginnings(
  words: Iterable<[string, Ordinals]>,
  whole: number,
  prefix: number,
): Generator<[number, string, Ordinals]> {
  const beginnings = new Map<string, Ordinals[]>()
  for (const [word, ordinals] of words) {
    yield [whole, word, ordinals]
    for (let length = 1; length <= Math.min(SHORT, word.length); length++) {
      const beginning = word.slice(0, length)
      const known = beginnings.get(beginning)
      if (known) known.push(ordinals)
      else beginnings.set(beginning, [ordinals])
    }
  }
  for (const [beginning, all] of beginnings) yield [prefix, beginning, Ordinals.union(all)]
}
