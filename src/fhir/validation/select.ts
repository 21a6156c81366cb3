import { isA } from './is-a.js'
import { isObject } from './objects.js'
import type { Step } from './program.js'
import { targetTypeOf } from './references.js'
import { sourcesOf, typeOf } from './sources.js'
import { walk } from './walk.js'

/** A value with what is beside it. */
export interface Selected {
  readonly value: unknown
  readonly twin: unknown
  readonly type: string
}

// All slices of an element ask the same of each value.
let latest: { from: Selected; steps: readonly Step[]; selected: readonly Selected[] } | undefined

/** What the path of a discriminator leads to from a value. */
export function select(from: Selected, steps: readonly Step[]): readonly Selected[] {
  if (latest?.from === from && latest.steps === steps) return latest.selected
  let selected = [from]
  for (const one of steps) selected = selected.flatMap((node) => follow(node, one))
  latest = { from, steps, selected }
  return selected
}

function follow(node: Selected, one: Step): Selected[] {
  switch (one.kind) {
    case 'child':
      return childrenOf(node, one.name)
    case 'extension':
      return childrenOf(node, 'extension').filter(({ value }) => isObject(value) && value.url === one.url)
    case 'ofType':
      return isA(node.type, one.type) ? [node] : []
    case 'resolve':
      return targetOf(node)
  }
}

function childrenOf({ value, twin, type }: Selected, name: string): Selected[] {
  const object = isObject(value) ? value : isObject(twin) ? twin : undefined
  if (!object) return []
  const children: Selected[] = []
  for (const source of sourcesOf([object === value ? type : 'Element'], name)) {
    const values = listOf(object[source.key])
    const twins = listOf(object[source.twinKey])
    for (let i = 0; i < values.length || i < twins.length; i++) {
      const one = values[i] ?? undefined
      children.push({ value: one, twin: twins[i], type: typeOf(one, source) })
    }
  }
  return children
}

export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]

/** What is not at hand is known at least by its type. */
function targetOf({ value }: Selected): Selected[] {
  if (!isObject(value)) return []
  const found = typeof value.reference === 'string' ? walk.resolve(value.reference) : null
  const type = found ? String(found.resource.resourceType) : targetTypeOf(value)
  return type === undefined ? [] : [{ value: found?.resource, twin: undefined, type }]
}
