import { createHash } from 'node:crypto'

/** Items with weights of any sum. */
export type Weighted<T> = readonly (readonly [weight: number, item: T])[]

/**
 * Numbers that look random and depend on a name only: everything about patient 7 of seed 1 is drawn from `1/patient/7`,
 * so it stays the same however many patients are made beside it. The generator is sfc32 (Chris Doty-Humphrey, PractRand).
 */
export class Random {
  private readonly state: Uint32Array

  constructor(name: string) {
    const hash = createHash('sha256').update(name).digest()
    this.state = Uint32Array.from({ length: 4 }, (_, i) => hash.readUInt32LE(i * 4))
  }

  /** 32 bits. */
  bits(): number {
    const s = this.state as Uint32Array & [number, number, number, number]
    const sum = (s[0] + s[1] + s[3]) >>> 0
    s[3]++
    s[0] = s[1] ^ (s[1] >>> 9)
    s[1] = s[2] + (s[2] << 3)
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + sum
    return sum
  }

  /** 0 ≤ x < 1 */
  fraction(): number {
    return this.bits() / 2 ** 32
  }

  /** A whole number, both ends included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.fraction() * (to - from + 1))
  }

  /** Around `mean` as a normal distribution has it, to `digits` decimals, never below `least`. */
  normal(mean: number, deviation: number, digits = 0, least = 0): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.fraction()))
    const value = mean + deviation * radius * Math.cos(2 * Math.PI * this.fraction())
    return Number(Math.max(least, value).toFixed(digits))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.fraction() * items.length)] as T
  }

  weighted<T>(items: Weighted<T>): T {
    let left = this.fraction() * items.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, item] of items) {
      left -= weight
      if (left < 0) return item
    }
    return items.at(-1)![1]
  }

  digits(length: number): string {
    return Array.from({ length }, () => this.whole(0, 9)).join('')
  }

  /** Shaped as a version 4 UUID. */
  uuid(): string {
    const bytes = Buffer.alloc(16)
    for (let at = 0; at < 16; at += 4) bytes.writeUInt32LE(this.bits(), at)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    return bytes.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
}
