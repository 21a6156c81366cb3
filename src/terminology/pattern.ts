import { Unprocessable } from '../base/errors.js'

/**
 * A regular expression of a filter as a test of whole values. JavaScript's own would backtrack, for years on some
 * expressions; this takes time in proportion to expression and value, whatever they are: all states that the expression
 * may be in go forward together.
 *
 * @param source  alternatives, groups, classes, `.`, `^`, `$`, `\d \w \s` and their opposites, `* + ? {n,m}`
 * @throws Unprocessable  it is none, is longer than any that makes sense, or looks ahead, behind or back (422)
 */
export function patternOf(source: string): (value: string) => boolean {
  if (source.length > LONGEST) throw refused(`has more than ${LONGEST} characters`)
  const program: Step[] = []
  new Reader(source, program).whole()
  return (value) => matches(program, value)
}

const LONGEST = 1000
/** `{1,1000}` of something is that many copies of it. */
const MOST_STEPS = 20_000

type Step =
  /** one character, then the next step */
  | { readonly takes: (character: string) => boolean }
  /** on at each of these steps */
  | { readonly to: readonly number[] }
  /** on when the value begins or ends here */
  | { readonly at: 'start' | 'end' }
  | { readonly done: true }

function matches(program: readonly Step[], value: string): boolean {
  const characters = [...value]
  let states = reached(program, [0], true, characters.length === 0)
  for (const [i, character] of characters.entries()) {
    const next: number[] = []
    for (const state of states) {
      const step = program[state]!
      if ('takes' in step && step.takes(character)) next.push(state + 1)
    }
    if (next.length === 0) return false
    states = reached(program, next, false, i === characters.length - 1)
  }
  for (const state of states) if ('done' in program[state]!) return true
  return false
}

/** These states and all that are reached from them without a character. */
function reached(program: readonly Step[], from: readonly number[], atStart: boolean, atEnd: boolean): Set<number> {
  const states = new Set<number>()
  const waiting = [...from]
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    if (states.has(state)) continue
    states.add(state)
    const step = program[state]!
    if ('to' in step) waiting.push(...step.to)
    else if ('at' in step && (step.at === 'start' ? atStart : atEnd)) waiting.push(state + 1)
  }
  return states
}

type Node =
  | { kind: 'takes'; takes: (character: string) => boolean }
  | { kind: 'at'; at: 'start' | 'end' }
  | { kind: 'all' | 'any'; nodes: Node[] }
  | { kind: 'times'; node: Node; least: number; most: number }

/** Reads an expression and writes its steps. */
class Reader {
  private i = 0

  constructor(
    private readonly source: string,
    private readonly program: Step[],
  ) {}

  whole(): void {
    const node = this.alternatives(0)
    if (this.i < this.source.length) throw refused('closes a group that was not opened')
    this.write(node)
    this.step({ done: true })
  }

  private alternatives(depth: number): Node {
    if (depth > 100) throw refused('has more than 100 groups in each other')
    const nodes = [this.sequence(depth)]
    while (this.taken('|')) nodes.push(this.sequence(depth))
    return nodes.length === 1 ? nodes[0]! : { kind: 'any', nodes }
  }

  private sequence(depth: number): Node {
    const nodes: Node[] = []
    while (this.i < this.source.length && !'|)'.includes(this.source[this.i]!)) nodes.push(this.repeated(depth))
    return { kind: 'all', nodes }
  }

  private repeated(depth: number): Node {
    let node = this.one(depth)
    for (let times = this.times(); times; times = this.times()) {
      node = { kind: 'times', node, ...times }
      this.taken('?') // greedy or not makes no difference to whether the whole matches
    }
    return node
  }

  private times(): { least: number; most: number } | undefined {
    if (this.taken('*')) return { least: 0, most: Number.POSITIVE_INFINITY }
    if (this.taken('+')) return { least: 1, most: Number.POSITIVE_INFINITY }
    if (this.taken('?')) return { least: 0, most: 1 }
    const [text, least, comma, most] = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(this.source.slice(this.i)) ?? []
    if (text === undefined) return undefined
    this.i += text.length
    const end = most ? Number(most) : comma ? Number.POSITIVE_INFINITY : Number(least)
    if (end < Number(least)) throw refused(`has ${text}, whose end is before its beginning`)
    return { least: Number(least), most: end }
  }

  private one(depth: number): Node {
    const character = this.next()
    switch (character) {
      case '(': {
        if (this.taken('?') && !this.taken(':')) throw refused('looks ahead, behind or back, or names a group')
        const node = this.alternatives(depth + 1)
        if (!this.taken(')')) throw refused('has a group that is not closed')
        return node
      }
      case '[':
        return { kind: 'takes', takes: this.characterClass() }
      case '.':
        return { kind: 'takes', takes: (one) => one !== '\n' && one !== '\r' }
      case '^':
        return { kind: 'at', at: 'start' }
      case '$':
        return { kind: 'at', at: 'end' }
      case '\\':
        return { kind: 'takes', takes: testOf(this.escaped()) }
      case '*':
      case '+':
      case '?':
        throw refused(`repeats nothing with its ${character}`)
      default:
        return { kind: 'takes', takes: testOf(character) }
    }
  }

  private characterClass(): (character: string) => boolean {
    const negative = this.taken('^')
    const tests: ((character: string) => boolean)[] = []
    while (!this.taken(']')) {
      const from = this.ofClass()
      const ranges = this.source[this.i] === '-' && this.source[this.i + 1] !== ']'
      if (!ranges || typeof from !== 'string') {
        tests.push(testOf(from))
        continue
      }
      this.i++
      const to = this.ofClass()
      if (typeof to !== 'string' || to < from) throw refused('has a range whose end is before its beginning')
      tests.push((one) => one >= from && one <= to)
    }
    return (one) => tests.some((test) => test(one)) !== negative
  }

  private ofClass(): Escaped {
    const character = this.next('has a class that is not closed')
    return character === '\\' ? this.escaped() : character
  }

  /** What stands after a backslash. */
  private escaped(): Escaped {
    const character = this.next('ends with a backslash')
    const own = Object.hasOwn(CLASSES, character) ? CLASSES[character] : undefined
    if (own) return own
    const control = Object.hasOwn(CONTROLS, character) ? CONTROLS[character] : undefined
    if (control) return control
    const [text, x, u] = /^(?:x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4}))/.exec(this.source.slice(this.i - 1)) ?? []
    if (text !== undefined) {
      this.i += text.length - 1
      return String.fromCharCode(Number.parseInt(x ?? u!, 16))
    }
    if (/[A-Za-z0-9]/.test(character)) throw refused(`has \\${character}, which is not known here`)
    return character
  }

  private taken(character: string): boolean {
    if (this.source[this.i] !== character) return false
    this.i++
    return true
  }

  private next(otherwise = 'ends too early'): string {
    const point = this.source.codePointAt(this.i)
    if (point === undefined) throw refused(otherwise)
    const character = String.fromCodePoint(point)
    this.i += character.length
    return character
  }

  private write(node: Node): void {
    switch (node.kind) {
      case 'takes':
        this.step({ takes: node.takes })
        break
      case 'at':
        this.step({ at: node.at })
        break
      case 'all':
        for (const one of node.nodes) this.write(one)
        break
      case 'any':
        this.writeAny(node.nodes)
        break
      case 'times':
        this.writeTimes(node.node, node.least, node.most)
    }
  }

  private writeAny(nodes: readonly Node[]): void {
    const starts: number[] = []
    this.step({ to: starts })
    const ends: number[][] = []
    for (const one of nodes) {
      starts.push(this.program.length)
      this.write(one)
      const end: number[] = []
      ends.push(end)
      this.step({ to: end })
    }
    for (const end of ends) end.push(this.program.length)
  }

  private writeTimes(node: Node, least: number, most: number): void {
    for (let n = 0; n < least; n++) this.write(node)
    if (most === Number.POSITIVE_INFINITY) {
      const start = this.program.length
      const way: number[] = [start + 1]
      this.step({ to: way })
      this.write(node)
      this.step({ to: [start] })
      way.push(this.program.length)
      return
    }
    const ways: number[][] = []
    for (let n = least; n < most; n++) {
      const way = [this.program.length + 1]
      ways.push(way)
      this.step({ to: way })
      this.write(node)
    }
    for (const way of ways) way.push(this.program.length)
  }

  private step(step: Step): void {
    if (this.program.length >= MOST_STEPS) throw refused('repeats so much that it cannot be run')
    this.program.push(step)
  }
}

type Escaped = string | ((character: string) => boolean)

const testOf = (one: Escaped) => (typeof one === 'string' ? (character: string) => character === one : one)

const CLASSES: Readonly<Record<string, (character: string) => boolean>> = {
  d: (one) => /\d/.test(one),
  D: (one) => /\D/.test(one),
  w: (one) => /\w/.test(one),
  W: (one) => /\W/.test(one),
  s: (one) => /\s/.test(one),
  S: (one) => /\S/.test(one),
}

const CONTROLS: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', f: '\f', v: '\v', 0: '\0' }

const refused = (why: string) => new Unprocessable(`The regular expression of a filter ${why}`)
