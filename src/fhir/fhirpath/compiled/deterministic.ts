/** Stands for all characters; an expression that names others by themselves is not judged. */
const samples = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), '\u00a0', 'é', '漢', '\u2028']

const atom = /\[(?:\\.|[^\]\\])+\]|\\.|[^\\[()|*+?{}^$]/y
const quantifier = /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y
const anchor = /\^|\$|\\[bB]/y
/** Back references, code points by their number, properties, and characters beyond ASCII. */
const beyond = /\\[1-9kuxpPc]|\(\?[^:]|[^\0-\x7f]/

/** Part of an expression: the places that it can begin and end with, and whether it takes nothing too. */
interface Part {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly isOptional: boolean
}

/**
 * Whether each character of a text can be taken in one way only, so that a search that goes back finds nothing to try
 * again: `[a-z]+(-[a-z]+)*`, but neither `(a+)+` nor `.*,.*`. No is also said of what is not understood.
 *
 * Each character or class of the expression is a place. No two places that may come next, after any place, may take the
 * same character, and none may come next in two ways.
 * @see Brüggemann-Klein and Wood, One-Unambiguous Regular Languages (1998)
 */
export function isDeterministic(pattern: string): boolean {
  if (beyond.test(pattern) || pattern.length > 1000) return false
  const places: boolean[][] = []
  const next: Set<number>[] = []
  let at = 0
  let isClear = true

  const take = (kind: RegExp): string | undefined => {
    kind.lastIndex = at
    const found = kind.exec(pattern)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const accept = (sign: string): boolean => {
    if (!pattern.startsWith(sign, at)) return false
    at += sign.length
    return true
  }

  const link = (from: readonly number[], to: readonly number[]) => {
    for (const place of from) {
      for (const other of to) {
        if (next[place]!.has(other)) isClear = false
        next[place]!.add(other)
      }
    }
  }

  function alternatives(): Part {
    let part = sequence()
    while (accept('|')) {
      const other = sequence()
      part = {
        first: [...part.first, ...other.first],
        last: [...part.last, ...other.last],
        isOptional: part.isOptional || other.isOptional,
      }
    }
    return part
  }

  function sequence(): Part {
    let part: Part = { first: [], last: [], isOptional: true }
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') {
      const other = repeated()
      link(part.last, other.first)
      part = {
        first: part.isOptional ? [...part.first, ...other.first] : part.first,
        last: other.isOptional ? [...part.last, ...other.last] : other.last,
        isOptional: part.isOptional && other.isOptional,
      }
      if (!isClear) break
    }
    return part
  }

  function repeated(): Part {
    const part = single()
    const times = take(quantifier)
    if (times === undefined) return part
    if (!/^(?:\?|\{[01]?,?1\})/.test(times)) link(part.last, part.first)
    return { ...part, isOptional: part.isOptional || /^(?:[*?]|\{0)/.test(times) }
  }

  function single(): Part {
    if (take(anchor) !== undefined) return { first: [], last: [], isOptional: true }
    if (accept('(?:') || accept('(')) {
      const part = alternatives()
      if (!accept(')')) isClear = false
      return part
    }
    const text = take(atom)
    if (text === undefined) {
      isClear = false
      at = pattern.length
      return { first: [], last: [], isOptional: true }
    }
    const taken = new RegExp(`^${text}$`, 's')
    const place = places.push(samples.map((char) => taken.test(char))) - 1
    next.push(new Set())
    return { first: [place], last: [place], isOptional: false }
  }

  const areApart = (among: readonly number[]) =>
    samples.every((_, char) => among.filter((place) => places[place]![char]).length < 2)

  const whole = alternatives()
  if (!isClear || at < pattern.length) return false
  return areApart(whole.first) && next.every((set) => areApart([...set]))
}
