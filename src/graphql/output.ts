import { Unprocessable } from '../base/errors.js'
import type { Planned } from './plan.js'
import { problem, Refused, type ResponsePath } from './problem.js'

/** What stands under one name of the answer. */
interface Slot {
  readonly type: string
  readonly list: boolean
  readonly singleton: boolean
  readonly values: unknown[]
}

/**
 * An object of the answer while it is collected. Flattening brings the values of several elements together under one
 * name, and where there are several, or could be, they are a list.
 */
export class Output {
  private readonly slots = new Map<string, Slot>()

  constructor(readonly path: ResponsePath = []) {}

  /**
   * A name of the answer; without a value it is null, or an empty list.
   * @param list  there may be several values
   * @throws Refused  values of another type are there already: https://hl7.org/fhir/R4/graphql.html#flattening
   */
  slot(name: string, { field, singleton, nodes }: Planned, list: boolean): void {
    const { type } = field
    const slot = this.slots.get(name)
    if (!slot) this.slots.set(name, { type, list: list && !singleton, singleton, values: [] })
    else if (slot.type !== type) {
      const types = `${slot.type} and ${type}`
      const reason = new Unprocessable(`${name} would have values of several types, ${types}; give one an alias`)
      throw new Refused([problem(reason, nodes, [...this.path, name])])
    } else if (list && !slot.list && !singleton) this.slots.set(name, { ...slot, list })
  }

  /** @throws Refused  one value was said to be all, and there is one already */
  add(name: string, value: unknown, { nodes }: Planned): void {
    const { values, singleton } = this.slots.get(name)!
    if (singleton && values.length > 0 && value !== null) {
      const reason = new Unprocessable(`${name} is said to be a @singleton, but has several values`)
      throw new Refused([problem(reason, nodes, [...this.path, name])])
    }
    if (!singleton || value !== null) values.push(value)
  }

  toJSON(): object {
    // Without a prototype: an alias may be `__proto__`.
    const object: Record<string, unknown> = Object.create(null)
    for (const [name, { list, values }] of this.slots) {
      object[name] = list || values.length > 1 ? values : (values[0] ?? null)
    }
    return object
  }
}
