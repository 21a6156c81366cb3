import { ARBITRARY, BASES, METRIC, OTHERS, PREFIXES, SCALES } from './ucum/units.js'

export const UCUM = 'http://unitsofmeasure.org'

/** A unit in base units: `n` of it are `n × factor + zero` of the product of these dimensions. */
export interface Unit {
  factor: number
  /** not 0 only for temperatures */
  zero: number
  /** base unit → exponent */
  dimensions: ReadonlyMap<string, number>
}

const MOST_KEPT = 2000
const read = new Map<string, Unit | undefined>()

/**
 * A unit by its code, case sensitive: `mg/dL`, `10*3/uL`, `kg.m/s2`, `mm[Hg]`, `{score}`.
 * @returns undefined for what is no code of UCUM, or one that these tables do not have
 * @see https://ucum.org/ucum#section-Grammar-of-Units-and-Unit-Terms
 */
export function unitOf(code: string): Unit | undefined {
  if (!read.has(code)) {
    if (read.size >= MOST_KEPT) read.clear()
    read.set(code, parsed(code))
  }
  return read.get(code)
}

/** How numbers of one unit become numbers of another: `n × slope + shift`. */
export interface Conversion {
  slope: number
  shift: number
}

/** @returns undefined when the two do not measure the same */
export function conversion(from: string, to: string): Conversion | undefined {
  if (from === to) return { slope: 1, shift: 0 }
  const [a, b] = [unitOf(from), unitOf(to)]
  if (!a || !b || !isCommensurable(a, b)) return undefined
  return { slope: rounded(a.factor / b.factor), shift: rounded((a.zero - b.zero) / b.factor) }
}

function isCommensurable(a: Unit, b: Unit): boolean {
  if (a.dimensions.size !== b.dimensions.size) return false
  return [...a.dimensions].every(([base, exponent]) => b.dimensions.get(base) === exponent)
}

/** Binary fractions leave their mark in the sixteenth digit; no unit is known to more than ten. */
const rounded = (n: number) => Number(n.toPrecision(12))

const NONE: Unit = { factor: 1, zero: 0, dimensions: new Map() }
const DEEPEST = 20
const LONGEST = 200
const ANNOTATION = /\{[^{}]*\}/y

function parsed(code: string): Unit | undefined {
  const parser = new Parser(code)
  return parser.whole()
}

/** Why a code is no unit, for a person; undefined when it is one. */
export function unitFault(code: string): string | undefined {
  const parser = new Parser(code)
  return parser.whole() ? undefined : parser.fault
}

/**
 * The unit that all units of its kind are multiples of: `m3` of `mL`, `g.m-1.s-2` of `mm[Hg]`, `1` of `%`.
 * @returns undefined  it is no code of UCUM
 */
export function canonicalUnit(code: string): string | undefined {
  const unit = unitOf(code)
  if (!unit) return undefined
  const factors = [...unit.dimensions].map(([base, exponent]) => (exponent === 1 ? base : `${base}${exponent}`))
  return factors.sort().join('.') || '1'
}

/** `term` is `/a`, `a.b`, `a/b`; each part a unit with an exponent, a number, a term in parentheses or an annotation. */
class Parser {
  private at = 0
  /** What is wrong, for a person: the first that was. */
  fault?: string

  constructor(private readonly code: string) {}

  whole(): Unit | undefined {
    const { code } = this
    if (code === '') return this.wrong('There is nothing')
    if (code.length > LONGEST) return this.wrong(`More than ${LONGEST} characters`)
    // White space stands in annotations only.
    const strange = /[^!-~]/.exec(code.replace(/\{[ -z|~]*\}/g, (annotation) => '{'.repeat(annotation.length)))
    if (strange) return this.wrong(`The character '${strange[0]}' is not allowed`, strange.index)
    const unit = this.term(0)
    if (unit && !this.isAtEnd) return this.wrong(`'${code[this.at]}' is not expected`)
    return unit
  }

  private get isAtEnd(): boolean {
    return this.at === this.code.length
  }

  private wrong(what: string, at = this.at): undefined {
    this.fault ??= `${what} at character ${at + 1}`
    return undefined
  }

  private term(depth: number): Unit | undefined {
    if (depth > DEEPEST) return this.wrong('Parentheses are nested too deeply')
    let unit: Unit | undefined = NONE
    let sign = this.take('/') ? -1 : 1
    for (let first = true; ; first = false) {
      const part = this.part(depth)
      if (!part) return undefined
      const isAlone = first && sign === 1 && (this.isAtEnd || this.code[this.at] === ')')
      unit = isAlone ? part : multiplied(unit, part, sign)
      if (!unit) return this.wrong('A temperature with a zero of its own cannot be a factor')
      if (this.take('.')) sign = 1
      else if (this.take('/')) sign = -1
      else return unit
    }
  }

  private part(depth: number): Unit | undefined {
    if (this.take('(')) {
      const inner = this.term(depth + 1)
      if (!this.take(')')) return this.wrong("')' is expected")
      this.match(ANNOTATION)
      return inner
    }
    const from = this.at
    const symbol = this.match(/(?:\[[^\]]*\]|[^[\](){}./])+/y)
    const annotation = this.match(ANNOTATION)
    if (symbol !== undefined) return withExponent(symbol) ?? this.wrong(`The unit '${symbol}' is unknown`, from)
    return annotation === undefined ? this.wrong("A unit or '(' is expected") : NONE
  }

  private take(character: string): boolean {
    if (this.code[this.at] !== character) return false
    this.at++
    return true
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.code)?.[0]
    if (found) this.at += found.length
    return found
  }
}

function withExponent(symbol: string): Unit | undefined {
  if (/^\d+$/.test(symbol)) return { ...NONE, factor: Number(symbol) }
  const [, name, exponent] = /^(.*?)([+-]?\d+)?$/.exec(symbol)!
  const unit = simple(name!)
  if (exponent === undefined || !unit) return unit
  return multiplied(NONE, unit, Number(exponent))
}

/** A unit with or without a prefix. */
function simple(name: string): Unit | undefined {
  const whole = atom(name)
  if (whole) return whole
  for (const length of [1, 2]) {
    const prefix = PREFIXES[name.slice(0, length)]
    const rest = name.slice(length)
    if (prefix === undefined || !(BASES.has(rest) || Object.hasOwn(METRIC, rest) || rest === 'Cel')) continue
    const unit = atom(rest)!
    return { ...unit, factor: unit.factor * prefix }
  }
  return undefined
}

function atom(name: string): Unit | undefined {
  // [iU] and [IU] are two codes of one unit.
  if (BASES.has(name) || ARBITRARY.has(name))
    return { factor: 1, zero: 0, dimensions: new Map([[name === '[IU]' ? '[iU]' : name, 1]]) }
  const scale = Object.hasOwn(SCALES, name) ? SCALES[name] : undefined
  if (scale) return { factor: scale[0], zero: scale[1], dimensions: new Map([['K', 1]]) }
  const [value, of] =
    (Object.hasOwn(METRIC, name) && METRIC[name]) || (Object.hasOwn(OTHERS, name) && OTHERS[name]) || []
  const unit = of === undefined ? undefined : unitOf(of)
  return unit && { ...unit, factor: unit.factor * value! }
}

/** A temperature with a zero of its own is no factor of anything: 37 Cel/min are not so many kelvins. */
function multiplied(a: Unit, b: Unit, exponent: number): Unit | undefined {
  if (a.zero || b.zero || !Number.isInteger(exponent) || Math.abs(exponent) > 100) return undefined
  const dimensions = new Map(a.dimensions)
  for (const [base, power] of b.dimensions) {
    const sum = (dimensions.get(base) ?? 0) + power * exponent
    if (sum) dimensions.set(base, sum)
    else dimensions.delete(base)
  }
  return { factor: a.factor * b.factor ** exponent, zero: 0, dimensions }
}
