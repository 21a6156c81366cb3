import { messages } from './messages.js'
import type { ProfileElement, Slicing } from './program.js'
import { type CheckValue, matches } from './slicing.js'
import { walk } from './walk.js'

const DEFAULT = '@default'

/** The values of one element as they go into its slices. */
export class Sorting {
  private readonly counts: number[]
  /** Of slices that are sliced themselves. */
  private readonly inner: (Sorting | undefined)[] = []
  private lastSlice = 0
  private sawOther = false
  /** Slices of which some value may be: what would tell is not at hand. */
  private readonly undecided = new Set<ProfileElement>()

  constructor(
    private readonly slicing: Slicing,
    private readonly check: CheckValue,
  ) {
    this.counts = new Array(slicing.slices.length).fill(0)
  }

  sort(value: unknown, twin: unknown, type: string): void {
    const { slices, rules, isOrdered } = this.slicing
    const index = this.find(value, twin, type)
    if (index === undefined) return
    const slice = slices[index]
    if (!slice) {
      this.sawOther = true
      if (rules === 'closed')
        walk.report(messages.notInSlice, () => `is in none of the slices ${names(slices)}, and no others are allowed`)
      return
    }
    this.counts[index]!++
    if (isOrdered && index < this.lastSlice)
      walk.report(messages.outOfOrder, () => `${slice.id} must come before ${slices[this.lastSlice]!.id}`)
    this.lastSlice = Math.max(index, this.lastSlice)
    if (rules === 'openAtEnd' && this.sawOther)
      walk.report(messages.openNotLast, () => `${slice.id} must come before what is in no slice`)
    this.check(slice, value, twin, type)
    if (slice.slicing) {
      this.inner[index] ??= new Sorting(slice.slicing, this.check)
      this.inner[index].sort(value, twin, type)
    }
  }

  /** @returns the slice, -1 for none; undefined when it cannot be told */
  private find(value: unknown, twin: unknown, type: string): number | undefined {
    const { slices } = this.slicing
    const from = { value, twin, type }
    let found = -1
    let isDecided = true
    for (let i = 0; i < slices.length; i++) {
      if (slices[i]!.sliceName === DEFAULT) continue
      if (!walk.step()) {
        this.undecided.add(slices[i]!)
        return undefined
      }
      const isMatch = matches(this.slicing, slices[i]!, from, this.check)
      if (isMatch === undefined) {
        isDecided = false
        this.undecided.add(slices[i]!)
      }
      if (!isMatch) continue
      if (found >= 0) {
        const both = [slices[found]!.sliceName, slices[i]!.sliceName]
        walk.report(messages.severalSlices, () => `is in more than one slice: ${both.join(', ')}`)
        return found
      }
      found = i
    }
    if (found >= 0) return found
    if (!isDecided) return undefined
    return slices.findIndex(({ sliceName }) => sliceName === DEFAULT)
  }

  /** @param level  of the object whose element was sliced */
  end(level: number): void {
    for (const [i, slice] of this.slicing.slices.entries()) {
      const { id, min, max } = slice
      const count = this.counts[i]!
      if (count < min && !this.undecided.has(slice))
        walk.reportOf(level, messages.sliceMinimum, () => `${id}: at least ${min} required; found ${count}`)
      if (count > max)
        walk.reportOf(level, messages.sliceMaximum, () => `${id}: at most ${max} allowed; found ${count}`)
      if (count > 0) this.inner[i]?.end(level)
    }
  }
}

const names = (slices: readonly ProfileElement[]) => slices.map(({ sliceName }) => sliceName).join(', ')
