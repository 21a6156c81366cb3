import type { Item } from './item.js'
import type { Limits } from './limits.js'
import type { Node } from './syntax.js'
import { Temporal } from './temporal.js'

/** What `trace()` saw, in the order it came. */
export interface Trace {
  readonly name: string
  readonly items: readonly Item[]
}

/** What is the same for all of one evaluation. */
export interface Session {
  /** `%resource`: the resource around the item, which contained resources and bundled ones are looked for in */
  readonly resource?: Item
  /** Instant that `now()`, `today()` and `timeOfDay()` mean: always the same one. */
  readonly now: Temporal
  readonly traces: Trace[]
  /** `as()` picks among several values, as R4's search parameters and invariants need it; else they are a mistake. */
  readonly asR4: boolean
  /** Absent where the evaluation has a thread of its own, which others can end. */
  readonly limits?: Limits
}

export function sessionOf(resource: Item | undefined, { asR4, limits }: Pick<Session, 'asR4' | 'limits'>): Session {
  return { resource, now: Temporal.at(new Date()), traces: [], asR4, limits }
}

/** What an expression is evaluated in. */
export interface Scope {
  readonly session: Session
  /** `$this`: what a path starts from */
  readonly focus: readonly Item[]
  readonly index?: number
  readonly total?: readonly Item[]
  /** `%name`; `defineVariable()` adds to it for what follows in the same path. */
  readonly variables: Map<string, readonly Item[]>
}

/** One call of a function. */
export interface Call {
  readonly node: Node & { is: 'call' }
  readonly input: readonly Item[]
  readonly scope: Scope
  /** An argument's value, from where the call stands; empty when it was left out. */
  argument(at: number): readonly Item[]
  /** An argument for one item or a whole collection, which is `$this` in it. */
  applied(argument: number | Node, focus: readonly Item[], index?: number, total?: readonly Item[]): readonly Item[]
}

export interface FunctionDefinition {
  /** Fewest and most arguments. */
  readonly arity: readonly [least: number, most: number]
  /**
   * Type of what it returns; or `input`, what it was given; `argument`, what that is; `both` of them; `branches`, what
   * the arguments from the second on are; `unordered`, anything in no order. Absent: only evaluation can tell.
   */
  readonly returns?: string
  /** Arguments are evaluated with each item as `$this`; `found`: and with what that finds, which may be anything. */
  readonly perItem?: true | 'found'
  /** The first argument is a boolean that something turns on. */
  readonly decides?: true
  /** Arguments are names of types. */
  readonly takesType?: true
  /** Asks for the first, the last and the like, which children() and descendants() do not have. */
  readonly needsOrder?: true
  /** The input must be a string, so that a HumanName is a mistake. */
  readonly onString?: true
  run(call: Call): readonly Item[]
}

export type Functions = Readonly<Record<string, FunctionDefinition>>
