import { join, sql } from '../db/sql.js'
import { membersOf } from '../fhir/members.js'
import { isA } from '../fhir/path/routes.js'
import { type Aliases, asJson, type Branch, type Collection, isSingle, spread } from './collection.js'
import { familyOf } from './types.js'
import { NoElement, Unfit } from './unfit.js'

/**
 * One element further; a choice such as value[x] forks into a branch for each of its types.
 *
 * @throws Unfit  none of the types that the values can have has such an element
 */
export function element(collection: Collection, name: string, aliases: Aliases): Collection {
  const { branches } = collection
  const found = branches.map((branch) => elementOf(branch, name))
  if (branches.length > 0 && found.every((forks) => forks.length === 0)) throw unknown(branches, name)
  // The forks of a repeating element are in the order of that element only if they are of one row.
  if (found.some((forks) => forks.length > 1) && !isSingle(collection) && branches.some(isRepeating))
    return element(spread(collection, aliases), name, aliases)
  return { ...collection, branches: joined(found.flat()) }
}

/** A type has one branch, unless it repeats: what different forks lead to is as one again. */
function joined(branches: readonly Branch[]): Branch[] {
  const types = [...new Set(branches.map(({ type }) => type))]
  return types.flatMap((type): Branch[] => {
    const same = branches.filter((branch) => branch.type === type)
    if (same.length === 1 || same.some(isRepeating)) return same
    return [{ type, form: 'json', base: sql`coalesce(${join(same.map(asJson), ', ')})`, steps: [] }]
  })
}

const isRepeating = ({ steps }: Branch) => steps.some(({ array }) => array)

function unknown(branches: readonly Branch[], name: string): NoElement {
  const types = [...new Set(branches.map(({ type }) => type))]
  const choice = types.map((type) => membersOf(type).get(name)).find((member) => member?.element.choice)
  const hint = choice ? `; FHIRPath calls it ${choice.element.name}.ofType(${choice.type})` : ''
  return new NoElement(`asks for '${name}', which ${types.slice(0, 5).join(', ')} does not have${hint}`, name)
}

function elementOf(branch: Branch, name: string): Branch[] {
  if (familyOf(branch.type) !== 'complex') return branch.beside ? elementOf(branch.beside, name) : []
  return [...membersOf(branch.type)]
    .filter(([, { element }]) => element.name === name)
    .map(([key, { element, type }]) => further(branch, { name: key, array: element.max === '*' }, type))
}

function further({ base, steps }: Branch, step: Branch['steps'][number], type: string): Branch {
  const branch: Branch = { type, form: 'json', base, steps: [...steps, step] }
  if (familyOf(type) === 'complex') return branch
  const beside: Branch = { ...branch, type: 'Element', steps: [...steps, { ...step, name: `_${step.name}` }] }
  return { ...branch, beside }
}

/**
 * The values of a type or of one derived from it.
 * @throws Unfit  the values are never of that type
 */
export function ofType(collection: Collection, type: string, aliases: Aliases): Collection {
  const { branches } = collection
  const narrower = (branch: Branch) => branch.type !== type && isA(type, branch.type)
  if (branches.some(narrower) && branches.some(isRepeating)) return ofType(spread(collection, aliases), type, aliases)
  const found = branches.flatMap((branch) => {
    if (isA(branch.type, type)) return [branch]
    if (!narrower(branch) || !isA(type, 'Resource')) return []
    // A contained resource, or one in a Bundle, says itself what it is.
    const json = asJson(branch)
    return [
      { ...branch, type, base: sql`(case when ${json} ->> 'resourceType' = ${type} then ${json} end)`, steps: [] },
    ]
  })
  if (branches.length > 0 && found.length === 0)
    throw new Unfit(`a value that is ${listed(branches)} is never a ${type}`)
  return { ...collection, branches: found }
}

export const listed = (branches: readonly Branch[]): string =>
  [...new Set(branches.map(({ type }) => type))].slice(0, 8).join(', ')
