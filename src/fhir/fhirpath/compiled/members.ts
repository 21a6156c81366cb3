import { typeDefinition } from '../../definitions.js'
import { membersOf } from '../../members.js'
import { children, elementsOf, type Item, isA } from '../item.js'
import { type Compiled, isPrimitive, nothing, plain, several, single, toItem, type Value } from './value.js'

type Json = Record<string, unknown>

/** The elements of one name below each value. Such that the type does not have are none. */
export function member(of: Compiled, name: string): Compiled {
  const { type } = of
  if (type === undefined || isPrimitive(type)) return loosely(of, name)
  const spellings = elementsOf(type).get(name)
  if (!spellings) {
    // A constraint may name a choice as JSON does: `definitionReference`.
    const spelt = membersOf(type).get(name)
    if (spelt) return below(of, name, spelt.type, spelt.element.max === '*')
    return typeDefinition(type)?.abstract ? loosely(of, name) : nothing
  }
  if (spellings.length > 1)
    return choice(
      of,
      name,
      spellings.map(([key]) => key),
    )
  const [key, { type: found, element }] = spellings[0]!
  return below(of, key, found, element.max === '*')
}

/** The first name of a path may be the type of what it starts from, and finds nothing where that is another. */
export function start(focus: Compiled, name: string): Compiled {
  const { type } = focus
  if (!/^[A-Z]/.test(name) || !typeDefinition(name)) return member(focus, name)
  if (type && isA(type, name)) return focus
  const asItems = focus.all
  return several(undefined, (value, around) =>
    asItems(value, around)
      .map((one) => toItem(one, type))
      .filter((item) => isA(item.type, name)),
  )
}

function below(of: Compiled, key: string, type: string, isList: boolean): Compiled {
  const twin = `_${key}`
  const hasTwin = isPrimitive(type) && type !== 'xhtml'
  const { one, all } = of
  if (one && !isList) {
    if (!hasTwin) return single(type, (focus, around) => first((one(focus, around) as Json | undefined)?.[key]))
    return single(type, (focus, around) => {
      const parent = one(focus, around) as Json | undefined
      if (parent === undefined) return undefined
      return beside(parent[key], parent[twin], type)
    })
  }
  if (one) {
    return several(type, (focus, around) => {
      const parent = one(focus, around) as Json | undefined
      if (parent === undefined) return nobody
      const found = parent[key]
      const twins = hasTwin ? parent[twin] : undefined
      // The list itself will do, if all is as it should be.
      if (twins === undefined && Array.isArray(found) && !found.includes(null)) return found
      const values: Value[] = []
      collect(found, twins, type, values)
      return values
    })
  }
  return several(type, (focus, around) => {
    const parents = all(focus, around)
    around.limits.spend(parents.length)
    const values: Value[] = []
    for (let i = 0; i < parents.length; i++) {
      const parent = parents[i] as Json
      collect(parent[key], hasTwin ? parent[twin] : undefined, type, values)
    }
    return values
  })
}

const nobody: readonly Value[] = []

/** What should not be a list may be one in a resource that is not valid. */
const first = (value: unknown) => (Array.isArray(value) ? value[0] : value) ?? undefined

function beside(value: unknown, twin: unknown, type: string): Value {
  if (twin === undefined || twin === null) return isPlain(value) ? value : undefined
  const item: Item = { type, value: isPlain(value) ? value : undefined, beside: twin as object }
  return item
}

/** Not null, and no object or list where a primitive should be. */
const isPlain = (value: unknown) => typeof value !== 'object'

function collect(found: unknown, twins: unknown, type: string, into: Value[]): void {
  if (found === undefined && twins === undefined) return
  const takes = isPrimitive(type)
  if (!Array.isArray(found) && !Array.isArray(twins)) {
    const value = takes ? beside(found, twins, type) : found
    if (value !== undefined && value !== null) into.push(value)
    return
  }
  const values = Array.isArray(found) ? found : []
  const others = Array.isArray(twins) ? twins : []
  for (let i = 0; i < Math.max(values.length, others.length); i++) {
    const value = takes ? beside(values[i], others[i], type) : values[i]
    if (value !== undefined && value !== null) into.push(value)
  }
}

/** Several JSON names, each with a type: which it is, only the value tells. */
function choice(of: Compiled, name: string, keys: readonly string[]): Compiled {
  const { type, one } = of
  const find = (parent: Value): Item | undefined => {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      if ((parent as Json)[key] !== undefined || (parent as Json)[`_${key}`] !== undefined) {
        return children(toItem(parent, type), name)[0]
      }
    }
    return undefined
  }
  if (one) {
    return single(undefined, (focus, around) => {
      const parent = one(focus, around)
      return parent === undefined ? undefined : find(parent)
    })
  }
  return several(undefined, (focus, around) => {
    const parents = of.all(focus, around)
    around.limits.spend(parents.length)
    return parents.flatMap((parent) => find(parent) ?? [])
  })
}

/** As the evaluator does, where only the value tells what it has. */
function loosely({ type, all }: Compiled, name: string): Compiled {
  return several(undefined, (focus, around) => {
    const parents = all(focus, around)
    around.limits.spend(parents.length)
    return parents.flatMap((parent) => {
      const item = toItem(parent, type)
      return type !== undefined && isPrimitive(type) && plain(parent) === parent ? [] : children(item, name)
    })
  })
}
