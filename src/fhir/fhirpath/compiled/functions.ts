import { Invalid, TooCostly } from '../../../base/errors.js'
import { distinct, isAmong } from '../equality.js'
import { functions as evaluated } from '../functions.js'
import { children, type Item, toSystem } from '../item.js'
import type { Limits } from '../limits.js'
import { asString } from '../operands.js'
import type { Call, FunctionDefinition, Session } from '../scope.js'
import type { Node } from '../syntax.js'
import { Temporal } from '../temporal.js'
import { typeArgument } from '../types.js'
import { member } from './members.js'
import { union } from './operators.js'
import { matcher } from './regex.js'
import { narrowed, typeTest } from './types.js'
import {
  type Around,
  type Compiled,
  condition,
  exists,
  fromItem,
  isPrimitive,
  itemsOf,
  kindOf,
  only,
  plain,
  several,
  single,
  truth,
  type Value,
} from './value.js'

/** A call as it stands in an expression. */
export interface Site {
  readonly node: Node & { is: 'call' }
  readonly input: Compiled
  /** An argument, from where the call stands. */
  argument(at: number): Compiled
  /** An argument for each value of the input, which is `$this` in it. */
  applied(at: number): Compiled
}

type Compile = (site: Site) => Compiled
type Text = (focus: Value, around: Around) => string | undefined

// ── Existence and filters ──────────────────────────────────────────────────────────────────────────────────────────

const criterion = ({ applied, node }: Site) => condition(applied(0), `The criterion of ${node.name}()`)

function where(site: Site): Compiled {
  const { type, one, all } = site.input
  const holds = criterion(site)
  if (one) {
    return single(type, (focus, around) => {
      const value = one(focus, around)
      return value !== undefined && holds(value, around) === true ? value : undefined
    })
  }
  return several(type, (focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    return values.filter((value) => holds(value, around) === true)
  })
}

const existence: Compile = (site) => {
  if (site.node.args.length === 0) return truth(exists(site.input))
  const { all } = site.input
  const holds = criterion(site)
  return truth((focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    for (let i = 0; i < values.length; i++) if (holds(values[i], around) === true) return true
    return false
  })
}

const everyone: Compile = (site) => {
  const { all } = site.input
  const holds = criterion(site)
  return truth((focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    for (let i = 0; i < values.length; i++) if (holds(values[i], around) !== true) return false
    return true
  })
}

const emptiness: Compile = ({ input }) => {
  const found = exists(input)
  return truth((focus, around) => !found(focus, around))
}

const not: Compile = ({ input }) => {
  const test = condition(input, 'What not() negates')
  return truth((focus, around) => {
    const answer = test(focus, around)
    return answer === undefined ? undefined : !answer
  })
}

const count: Compile = ({ input: { all } }) => single('System.Integer', (focus, around) => all(focus, around).length)

function select(site: Site): Compiled {
  const { one, all } = site.input
  const projection = site.applied(0)
  if (one && projection.one) {
    const project = projection.one
    return single(projection.type, (focus, around) => {
      const value = one(focus, around)
      return value === undefined ? undefined : project(value, around)
    })
  }
  return several(projection.type, (focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    return values.flatMap((value) => projection.all(value, around))
  })
}

const iif: Compile = (site) => {
  const { one, all, type } = site.input
  const holds = condition(site.applied(0), 'The criterion of iif()')
  const branches = [1, 2].map((at) => (site.node.args[at] ? site.applied(at) : undefined))
  const [yes, no] = branches
  const isOneType = !no || yes!.type === no.type
  const run = [yes, no].map((branch) => branch && (isOneType ? branch.all : itemsOf(branch)))
  // Of nothing, too, it asks the criterion: `resolve().iif(empty(), true, …)`
  return several(isOneType ? yes!.type : undefined, (focus, around) => {
    const value = one ? one(focus, around) : soleOf(all(focus, around))
    const branch = holds(value, around) === true ? run[0] : run[1]
    return branch ? branch(value, around) : []
  })
}

function soleOf(values: readonly Value[]): Value {
  if (values.length > 1) throw new Invalid(`What iif() is given must be one value, but there are ${values.length}`)
  return values[0]
}

// ── Parts of a collection ──────────────────────────────────────────────────────────────────────────────────────────

const at =
  (index: (length: number) => number): Compile =>
  ({ input: { type, one, all } }) =>
    one && index(1) === 0
      ? { type, one, all }
      : single(type, (focus, around) => {
          const values = all(focus, around)
          return values[index(values.length)]
        })

const tail: Compile = ({ input: { type, all } }) => several(type, (focus, around) => all(focus, around).slice(1))

const sole: Compile = ({ input }) => single(input.type, only(input, 'What single() is given'))

// ── Sets ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const distinctness: Compile = ({ input }) => {
  const items = itemsOf(input)
  const areTexts = kindOf(input.type) === 'text'
  return truth((focus, around) => {
    const values = input.all(focus, around)
    if (values.length < 2) return true
    around.limits.spend(values.length)
    if (areTexts && values.every(isText)) return new Set(values).size === values.length
    return distinct(items(focus, around)).length === values.length
  })
}

const isText = (value: Value) => typeof value === 'string'

/** A function of two collections of one type, by the rules of the evaluator. */
const combined =
  (run: (input: readonly Item[], other: readonly Item[]) => readonly Item[]): Compile =>
  ({ input, argument }) => {
    const other = argument(0)
    const [a, b] = [itemsOf(input), itemsOf(other)]
    const { type } = input
    return several(type, (focus, around) => {
      const [x, y] = [a(focus, around), b(focus, around)]
      around.limits.spend(x.length * y.length)
      const found = run(x, y)
      return type === undefined ? found : found.map(fromItem)
    })
  }

const combine: Compile = ({ input, argument }) => {
  const other = argument(0)
  if (input.type === other.type) {
    return several(input.type, (focus, around) => [...input.all(focus, around), ...other.all(focus, around)])
  }
  const [a, b] = [itemsOf(input), itemsOf(other)]
  return several(undefined, (focus, around) => [...a(focus, around), ...b(focus, around)])
}

const subset =
  (orientation: 'subsetOf' | 'supersetOf'): Compile =>
  ({ input, argument }) => {
    const [a, b] = [itemsOf(input), itemsOf(argument(0))]
    return truth((focus, around) => {
      const [x, y] = [a(focus, around), b(focus, around)]
      around.limits.spend(x.length * y.length)
      const [some, whole] = orientation === 'subsetOf' ? [x, y] : [y, x]
      return some.every((item) => isAmong(item, whole))
    })
  }

// ── Below ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const offspring: Compile = ({ input }) => {
  const items = itemsOf(input)
  return several(undefined, (focus, around) => {
    const found = items(focus, around).flatMap((item) => children(item))
    around.limits.spend(found.length)
    return found
  })
}

const descent: Compile = ({ input }) => {
  const items = itemsOf(input)
  return several(undefined, (focus, around) => {
    const found: Item[] = []
    const visit = (item: Item) => {
      const below = children(item)
      around.limits.spend(below.length)
      for (const child of below) {
        found.push(child)
        visit(child)
      }
    }
    for (const item of items(focus, around)) visit(item)
    return found
  })
}

const MOST_REPEATED = 10_000

const repeat: Compile = (site) => {
  const items = itemsOf(site.input)
  const project = itemsOf(site.applied(0))
  return several(undefined, (focus, around) => {
    const found: Item[] = []
    let level = items(focus, around)
    while (level.length > 0) {
      around.limits.spend(level.length)
      level = distinct(level.flatMap((item) => project(item, around))).filter((item) => !isAmong(item, found))
      found.push(...level)
      if (found.length > MOST_REPEATED) throw new TooCostly(`repeat() has found more than ${MOST_REPEATED} values`)
    }
    return found
  })
}

// ── Texts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function textOf(part: Compiled, what: string): Text {
  if (kindOf(part.type) === 'text' && part.one) {
    const { one } = part
    return (focus, around) => {
      const value = one(focus, around)
      if (typeof value === 'string') return value
      const text = value === undefined ? undefined : plain(value)
      return typeof text === 'string' ? text : undefined
    }
  }
  const items = itemsOf(part)
  return (focus, around) => asString(items(focus, around), what)
}

const input = ({ input, node }: Site) => textOf(input, `What ${node.name}() is given`)
const argument = ({ argument, node }: Site, at: number) => textOf(argument(at), `Argument ${at + 1} of ${node.name}()`)

const ofTexts =
  <T>(type: string, run: (text: string, other: string) => T): Compile =>
  (site) => {
    const [text, other] = [input(site), argument(site, 0)]
    return single(type, (focus, around) => {
      const [a, b] = [text(focus, around), other(focus, around)]
      return a === undefined || b === undefined ? undefined : run(a, b)
    })
  }

const ofText =
  <T>(type: string, run: (text: string) => T): Compile =>
  (site) => {
    const text = input(site)
    return single(type, (focus, around) => {
      const value = text(focus, around)
      return value === undefined ? undefined : run(value)
    })
  }

/** With a pattern that stands in the expression, which is made ready once. */
function matches(site: Site, wrapped: (pattern: string) => string): Compiled {
  const [pattern] = site.node.args
  const literal = pattern?.is === 'literal' ? pattern.items[0]?.value : undefined
  if (typeof literal !== 'string' || site.node.args.length > 1) return asEvaluated(site)
  const [text, test] = [input(site), matcher(wrapped(literal))]
  return truth((focus, around) => {
    const value = text(focus, around)
    return value === undefined ? undefined : test(value, around.limits)
  })
}

/** A primitive that JSON has as text is that text. */
const toText: Compile = (site) => {
  const { type, one } = site.input
  if (!type || !one || !isPrimitive(type) || type.startsWith('System.') || !isJsonText(type)) return asEvaluated(site)
  return single('System.String', (focus, around) => {
    const value = one(focus, around)
    return value === undefined ? undefined : plain(value)
  })
}

const isJsonText = (type: string) => kindOf(type) === 'text' || kindOf(type) === 'other'

// ── Of FHIR ────────────────────────────────────────────────────────────────────────────────────────────────────────

const isValue = (value: Value, type: string | undefined): boolean => {
  const known = type ?? (value as Item).type
  return isPrimitive(known) && plain(value) !== undefined
}

const hasValue: Compile = ({ input: { type, all } }) =>
  truth((focus, around) => {
    const values = all(focus, around)
    return values.length === 1 && isValue(values[0], type)
  })

const extension: Compile = (site) => {
  const url = argument(site, 0)
  const { type, all } = member(site.input, 'extension')
  return several(type, (focus, around) => {
    const extensions = all(focus, around)
    if (extensions.length === 0) return extensions
    around.limits.spend(extensions.length)
    const wanted = url(focus, around)
    return extensions.filter((one) => {
      const { url } = (type === undefined ? (one as Item).value : one) as { url?: unknown }
      return url === wanted
    })
  })
}

const resolve: Compile = ({ input }) => {
  const items = itemsOf(input)
  return several('Resource', (focus, around) =>
    items(focus, around).flatMap((item) => {
      const part = item.type === 'Reference' ? children(item, 'reference')[0] : item
      const url = part && toSystem(part)?.value
      return (typeof url === 'string' ? around.resolve(url) : undefined) ?? []
    }),
  )
}

const asked =
  (ask: (item: Item, url: string, around: Around) => boolean): Compile =>
  (site) => {
    const [items, url] = [itemsOf(site.input), argument(site, 0)]
    return truth((focus, around) => {
      const found = items(focus, around)
      if (found.length > 1) throw new Invalid(`${site.node.name}() asks about one value, but there are ${found.length}`)
      const wanted = url(focus, around)
      return found.length === 0 || wanted === undefined ? undefined : ask(found[0]!, wanted, around)
    })
  }

const htmlChecks: Compile = ({ input }) => {
  const items = itemsOf(input)
  return truth((focus, around) => items(focus, around).every(({ value }) => around.htmlChecks(value as string)))
}

// ── All others ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** As the evaluator does it, on items: what needs no argument for each of them. */
export function asEvaluated(site: Site): Compiled {
  const { node } = site
  const definition = evaluated[node.name] as FunctionDefinition
  const input = itemsOf(site.input)
  const args = definition.takesType ? [] : node.args.map((_, at) => itemsOf(site.argument(at)))
  return several(undefined, (focus, around) => {
    const given = input(focus, around)
    around.limits.spend(given.length)
    const call: Call = {
      node,
      input: given,
      scope: { session: new OneCall(around.limits), focus: given, variables: new Map() },
      argument: (at) => args[at]?.(focus, around) ?? [],
      applied: () => [],
    }
    return definition.run(call)
  })
}

class OneCall implements Session {
  readonly traces = []
  readonly asR4 = true
  constructor(readonly limits: Limits) {}

  /** Few ask. */
  get now(): Temporal {
    return Temporal.at(new Date())
  }
}

/** Functions that are worth more than the evaluator's way, or need what is around. */
export const functions: Readonly<Record<string, Compile>> = {
  exists: existence,
  all: everyone,
  empty: emptiness,
  not,
  count,
  where,
  select,
  iif,
  first: at(() => 0),
  last: at((length) => length - 1),
  tail,
  single: sole,
  isDistinct: distinctness,
  intersect: combined((input, other) => distinct(input.filter((item) => isAmong(item, other)))),
  exclude: combined((input, other) => input.filter((item) => !isAmong(item, other))),
  union: ({ input, argument }) => union(input, argument(0), 'of union()'),
  combine,
  subsetOf: subset('subsetOf'),
  supersetOf: subset('supersetOf'),
  children: offspring,
  descendants: descent,
  repeat,
  trace: ({ input }) => input,
  startsWith: ofTexts('System.Boolean', (text, part) => text.startsWith(part)),
  endsWith: ofTexts('System.Boolean', (text, part) => text.endsWith(part)),
  contains: ofTexts('System.Boolean', (text, part) => text.includes(part)),
  indexOf: ofTexts('System.Integer', (text, part) => text.indexOf(part)),
  length: ofText('System.Integer', (text) => text.length),
  upper: ofText('System.String', (text) => text.toUpperCase()),
  lower: ofText('System.String', (text) => text.toLowerCase()),
  toString: toText,
  matches: (site) => matches(site, (pattern) => pattern),
  matchesFull: (site) => matches(site, (pattern) => `^(?:${pattern})$`),
  is: ({ input, node }) => typeTest(input, typeArgument(node.args[0]!), 'What is() asks about'),
  as: ({ input, node }) => narrowed(input, typeArgument(node.args[0]!)),
  ofType: ({ input, node }) => narrowed(input, typeArgument(node.args[0]!)),
  hasValue,
  extension,
  resolve,
  memberOf: asked((item, url, around) => around.memberOf(item, url)),
  conformsTo: asked((item, url, around) => around.conformsTo(item, url)),
  htmlChecks,
}
