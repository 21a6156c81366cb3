/**
 * A set of the concepts of one system by their numbers, as ascending runs `[from, to)` that do not touch. What is below a
 * concept, or has a value, is few runs even where it is many concepts. Immutable.
 */
export class Ordinals {
  static readonly none = new Ordinals(new Int32Array(0))

  /** @param runs  from, to, from, to … */
  private constructor(private readonly runs: Int32Array) {}

  static range(from: number, to: number): Ordinals {
    return to > from ? new Ordinals(Int32Array.of(from, to)) : Ordinals.none
  }

  /** @param ordinals  in any order, repeats allowed */
  static of(ordinals: Iterable<number>): Ordinals {
    const sorted = Int32Array.from(ordinals).sort()
    const runs = new Runs(sorted.length)
    for (const ordinal of sorted) runs.add(ordinal, ordinal + 1)
    return new Ordinals(runs.done())
  }

  /** Of all of them: one pass, however many there are. */
  static union(sets: readonly Ordinals[]): Ordinals {
    if (sets.length < 2) return sets[0] ?? Ordinals.none
    const middle = sets.length >> 1
    return Ordinals.union(sets.slice(0, middle)).or(Ordinals.union(sets.slice(middle)))
  }

  get size(): number {
    const { runs } = this
    let size = 0
    for (let i = 0; i < runs.length; i += 2) size += runs[i + 1]! - runs[i]!
    return size
  }

  get isEmpty(): boolean {
    return this.runs.length === 0
  }

  /** Of memory, about. */
  get bytes(): number {
    return this.runs.byteLength + 100
  }

  has(ordinal: number): boolean {
    const { runs } = this
    const at = firstBehind(runs, ordinal, 0)
    return at < runs.length && runs[at]! <= ordinal
  }

  and(other: Ordinals): Ordinals {
    const [few, many] = this.runs.length < other.runs.length ? [this.runs, other.runs] : [other.runs, this.runs]
    const found = new Runs(few.length + many.length)
    const isLopsided = few.length * LOPSIDED < many.length
    for (let i = 0, j = 0; i < few.length && j < many.length; ) {
      if (isLopsided) j = firstBehind(many, few[i]!, j)
      if (j >= many.length) break
      found.add(Math.max(few[i]!, many[j]!), Math.min(few[i + 1]!, many[j + 1]!))
      if (few[i + 1]! < many[j + 1]!) i += 2
      else j += 2
    }
    return new Ordinals(found.done())
  }

  or(other: Ordinals): Ordinals {
    const { runs: a } = this
    const { runs: b } = other
    if (a.length === 0) return other
    if (b.length === 0) return this
    const found = new Runs((a.length + b.length) >> 1)
    for (let i = 0, j = 0; i < a.length || j < b.length; ) {
      if (j === b.length || (i < a.length && a[i]! <= b[j]!)) {
        found.add(a[i]!, a[i + 1]!)
        i += 2
      } else {
        found.add(b[j]!, b[j + 1]!)
        j += 2
      }
    }
    return new Ordinals(found.done())
  }

  minus({ runs: b }: Ordinals): Ordinals {
    const { runs: a } = this
    const found = new Runs((a.length + b.length) >> 1)
    for (let i = 0, j = 0; i < a.length; i += 2) {
      let from = a[i]!
      const to = a[i + 1]!
      while (j < b.length && b[j + 1]! <= from) j += 2
      for (; j < b.length && b[j]! < to; j += 2) {
        found.add(from, b[j]!)
        from = b[j + 1]!
        if (from >= to) break
      }
      found.add(from, to)
    }
    return new Ordinals(found.done())
  }

  /** Those from the offset on, ascending. */
  slice(offset: number, count: number): number[] {
    const { runs } = this
    const found: number[] = []
    let skip = offset
    for (let i = 0; i < runs.length && found.length < count; i += 2) {
      const length = runs[i + 1]! - runs[i]!
      if (skip >= length) {
        skip -= length
        continue
      }
      for (let ordinal = runs[i]! + skip; ordinal < runs[i + 1]! && found.length < count; ordinal++) found.push(ordinal)
      skip = 0
    }
    return found
  }

  each(visit: (ordinal: number) => void): void {
    const { runs } = this
    for (let i = 0; i < runs.length; i += 2)
      for (let ordinal = runs[i]!; ordinal < runs[i + 1]!; ordinal++) visit(ordinal)
  }

  /** The beginnings and ends of the runs: for SQL, as `join unnest(froms, tos) r (a, b) on ordinal >= a and ordinal < b`. */
  bounds(): { froms: number[]; tos: number[] } {
    const { runs } = this
    return {
      froms: [...runs.filter((_, i) => i % 2 === 0)],
      tos: [...runs.filter((_, i) => i % 2 === 1)],
    }
  }

  /** Each run as the gap before it and its length, in groups of seven bits; a run of one is told by the gap's last bit. */
  encode(): Buffer {
    const { runs } = this
    const bytes = Buffer.allocUnsafe(runs.length * 5)
    let at = 0
    const put = (value: number) => {
      let rest = value
      for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128
      bytes[at++] = rest
    }
    for (let i = 0, end = 0; i < runs.length; i += 2) {
      const gap = runs[i]! - end
      end = runs[i + 1]!
      const length = end - runs[i]!
      put(gap * 2 + (length === 1 ? 1 : 0))
      if (length > 1) put(length)
    }
    return Buffer.from(bytes.subarray(0, at))
  }

  static decode(bytes: Uint8Array): Ordinals {
    let at = 0
    const take = () => {
      let value = 0
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++]!
        value += (byte & 127) * scale
        if (byte < 128) return value
      }
    }
    const runs = new Runs(bytes.length)
    for (let end = 0; at < bytes.length; ) {
      const gap = take()
      const from = end + Math.floor(gap / 2)
      end = from + (gap % 2 === 1 ? 1 : take())
      runs.add(from, end)
    }
    return new Ordinals(runs.done())
  }
}

/** So many times more runs that it is quicker to look for each than to pass by all. */
const LOPSIDED = 32

/** The first run that ends behind an ordinal, from one on. */
function firstBehind(runs: Int32Array, ordinal: number, from: number): number {
  let low = from >> 1
  let high = runs.length >> 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (runs[2 * middle + 1]! <= ordinal) low = middle + 1
    else high = middle
  }
  return 2 * low
}

/** Where runs are collected: no two sets are made at a time, and most are far smaller than they might have been. */
let scratch = new Int32Array(65_536)

/** Runs as they are found, ascending; those that touch become one. */
class Runs {
  private readonly runs: Int32Array
  private length = 0

  /** @param most  how many there may be */
  constructor(most: number) {
    if (scratch.length < 2 * most) scratch = new Int32Array(4 * most)
    this.runs = scratch
  }

  add(from: number, to: number): void {
    const { runs, length } = this
    if (to <= from) return
    if (length > 0 && from <= runs[length - 1]!) {
      if (to > runs[length - 1]!) runs[length - 1] = to
      return
    }
    runs[length] = from
    runs[length + 1] = to
    this.length += 2
  }

  done(): Int32Array {
    return this.runs.slice(0, this.length)
  }
}
