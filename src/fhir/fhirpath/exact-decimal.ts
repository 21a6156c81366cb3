/** Digits that a quotient gets behind the point; FHIRPath asks for at least 8. */
const QUOTIENT_SCALE = 16
/** Beyond these a product is rounded, and a number has overflowed: nothing that is measured is so large or so small. */
const GREATEST_SCALE = 40
const GREATEST_DIGITS = 100

const literal = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** A number with its digits: `1.10` is 110 with a scale of 2, and prints as it was written. */
export class ExactDecimal {
  private constructor(
    readonly unscaled: bigint,
    /** Digits behind the point, 0 to 40 */
    readonly scale: number,
  ) {}

  /** @returns undefined for what is no decimal, or has more digits than anything measured has */
  static parse(text: string): ExactDecimal | undefined {
    const [, sign, whole = '', fraction = '', exponent = '0'] = literal.exec(text) ?? []
    if (sign === undefined || whole.length + fraction.length > GREATEST_DIGITS) return undefined
    const scale = fraction.length - Number(exponent)
    if (Math.abs(scale) > GREATEST_DIGITS) return undefined
    const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n)
    return scale < 0 ? bounded(digits * 10n ** BigInt(-scale), 0) : bounded(digits, scale)
  }

  /** The 15 digits that a JavaScript number is good for; undefined for NaN and infinities. */
  static of(value: number): ExactDecimal | undefined {
    return Number.isFinite(value) ? ExactDecimal.parse(String(Number(value.toPrecision(15)))) : undefined
  }

  static from(unscaled: bigint, scale = 0): ExactDecimal {
    return new ExactDecimal(unscaled, scale)
  }

  get isInteger(): boolean {
    return this.unscaled % 10n ** BigInt(this.scale) === 0n
  }

  get isZero(): boolean {
    return this.unscaled === 0n
  }

  plus(other: ExactDecimal): ExactDecimal | undefined {
    const scale = Math.max(this.scale, other.scale)
    return bounded(this.at(scale) + other.at(scale), scale)
  }

  minus(other: ExactDecimal): ExactDecimal | undefined {
    return this.plus(other.negated())
  }

  times(other: ExactDecimal): ExactDecimal | undefined {
    return bounded(this.unscaled * other.unscaled, this.scale + other.scale)
  }

  /** @returns undefined when the divisor is 0 */
  dividedBy(other: ExactDecimal): ExactDecimal | undefined {
    if (other.isZero) return undefined
    const scale = Math.max(this.scale, other.scale)
    const quotient = divided(this.at(scale) * 10n ** BigInt(QUOTIENT_SCALE), other.at(scale), 'half-up')
    return bounded(quotient, QUOTIENT_SCALE)?.trimmed()
  }

  /** @returns the whole part of the quotient; undefined when the divisor is 0 */
  wholeTimes(other: ExactDecimal): ExactDecimal | undefined {
    if (other.isZero) return undefined
    const scale = Math.max(this.scale, other.scale)
    return bounded(this.at(scale) / other.at(scale), 0)
  }

  /** What `wholeTimes` leaves over; undefined when the divisor is 0. */
  remainder(other: ExactDecimal): ExactDecimal | undefined {
    if (other.isZero) return undefined
    const scale = Math.max(this.scale, other.scale)
    return bounded(this.at(scale) % other.at(scale), scale)
  }

  negated(): ExactDecimal {
    return new ExactDecimal(-this.unscaled, this.scale)
  }

  absolute(): ExactDecimal {
    return this.unscaled < 0n ? this.negated() : this
  }

  /** With `scale` digits behind the point, no more and no fewer. */
  rounded(scale: number, way: Rounding = 'half-up'): ExactDecimal {
    if (scale >= this.scale) return new ExactDecimal(this.at(scale), scale)
    return new ExactDecimal(divided(this.unscaled, 10n ** BigInt(this.scale - scale), way), scale)
  }

  /** Without zeros at the end of the fraction. */
  trimmed(): ExactDecimal {
    let { unscaled, scale } = this
    while (scale > 0 && unscaled % 10n === 0n) {
      unscaled /= 10n
      scale--
    }
    return new ExactDecimal(unscaled, scale)
  }

  /** @returns below 0, 0 or above 0 */
  compare(other: ExactDecimal): number {
    const scale = Math.max(this.scale, other.scale)
    const [left, right] = [this.at(scale), other.at(scale)]
    return left < right ? -1 : left > right ? 1 : 0
  }

  toNumber(): number {
    return Number(this.toString())
  }

  toString(): string {
    const digits = String(this.unscaled < 0n ? -this.unscaled : this.unscaled).padStart(this.scale + 1, '0')
    const whole = digits.slice(0, digits.length - this.scale)
    const fraction = this.scale > 0 ? `.${digits.slice(-this.scale)}` : ''
    return `${this.unscaled < 0n ? '-' : ''}${whole}${fraction}`
  }

  private at(scale: number): bigint {
    return this.unscaled * 10n ** BigInt(scale - this.scale)
  }
}

/** `half-up`: halves go away from zero; `floor` and `ceiling` to the next lower or higher number, `down` towards zero. */
export type Rounding = 'half-up' | 'floor' | 'ceiling' | 'down'

function divided(dividend: bigint, divisor: bigint, way: Rounding): bigint {
  const quotient = dividend / divisor
  const rest = dividend % divisor
  if (rest === 0n || way === 'down') return quotient
  const isNegative = rest < 0n !== divisor < 0n
  if (way === 'floor') return isNegative ? quotient - 1n : quotient
  if (way === 'ceiling') return isNegative ? quotient : quotient + 1n
  const isHalf = magnitude(rest) * 2n >= magnitude(divisor)
  return isHalf ? quotient + (isNegative ? -1n : 1n) : quotient
}

const magnitude = (value: bigint) => (value < 0n ? -value : value)

const overflow = 10n ** BigInt(GREATEST_DIGITS)

function bounded(unscaled: bigint, scale: number): ExactDecimal | undefined {
  const rounded =
    scale > GREATEST_SCALE ? divided(unscaled, 10n ** BigInt(scale - GREATEST_SCALE), 'half-up') : unscaled
  return magnitude(rounded) < overflow ? ExactDecimal.from(rounded, Math.min(scale, GREATEST_SCALE)) : undefined
}
