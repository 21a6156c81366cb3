import { Invalid, TooCostly } from '../../base/errors.js'

/** A JSON object of a parsed resource; its decimals may be tagged (src/fhir/json.ts). */
export type Tree = Record<string, unknown>

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Makes the deep copies of one patch, and counts what they cost: a chain of `copy` operations doubles the resource
 * each time, so a patch of 1 kB could ask for more memory than there is.
 */
export class Copier {
  private values = 0

  /**
   * @throws TooCostly  the patch has copied a million values by now
   * @throws Invalid    the value is nested more than 500 deep
   */
  copy<T>(value: T, depth = 0): T {
    if (++this.values > 1_000_000) throw new TooCostly('The patch copies more than 1,000,000 values')
    if (typeof value !== 'object' || value === null) return value
    if (depth > 500) throw new Invalid('The content is nested more than 500 deep')
    if (Array.isArray(value)) return value.map((item) => this.copy(item, depth + 1)) as T
    const copy = { ...value } as Tree
    for (const key of Object.keys(copy)) copy[key] = this.copy(copy[key], depth + 1)
    return copy as T
  }
}
