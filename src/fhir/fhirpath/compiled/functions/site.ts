import type { Node } from '../../syntax.js'
import type { Compiled } from '../value.js'

/** A call as it stands in an expression. */
export interface Site {
  readonly node: Node & { is: 'call' }
  readonly input: Compiled
  /** An argument, from where the call stands. */
  argument(at: number): Compiled
  /** An argument for each value of the input, which is `$this` in it. */
  applied(at: number): Compiled
}

export type Compile = (site: Site) => Compiled
