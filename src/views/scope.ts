import type { Sql } from '../db/sql.js'
import type { Expression } from '../fhir/path/parse.js'
import type { Aliases, Collection } from './collection.js'

/** What the names in an expression mean. */
export interface Scope {
  readonly aliases: Aliases
  /** `%resource` */
  readonly resource: Collection
  /** `%context`: what the expression is applied to. */
  readonly context: Collection
  /** `$this`: inside where(), each of the values in turn. */
  readonly item: Collection
  /** `$index` */
  readonly index?: Sql
  /** `%rowIndex`, made when it is asked for. */
  readonly rowIndex: () => Sql
  /** The view's constants: `%name` */
  readonly constants: ReadonlyMap<string, Collection>
  /** FHIR base of this server, which references may start with. */
  readonly base: string
}

export type Compile = (expression: Expression, scope: Scope) => Collection
