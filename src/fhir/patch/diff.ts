import { capitalized, type Member, membersOf } from '../members.js'
import { isTree, type Tree } from './tree.js'

/** One operation of a FHIRPath Patch, with what was there before in `previousValue`. */
type Operation = { name: 'operation'; part: Tree[] }

/**
 * How one version of a resource becomes another, as a FHIRPath Patch: applied to `from` it gives `to`.
 * Within an element what comes goes before what leaves, so that nothing is empty in between.
 *
 * @param left  elements of the resource that are not compared: `meta`
 * @see https://hl7.org/fhir/R4/fhirpatch.html
 */
export function diff(from: Tree, to: Tree, left: readonly string[] = []): Operation[] {
  const type = String(from.resourceType)
  const less = (resource: Tree) =>
    Object.fromEntries(Object.entries(resource).filter(([key]) => !left.includes(key.replace(/^_/, ''))))
  return elements(less(from), less(to), type, type)
}

/** An element in JSON: its value, and what stands under `_key` beside it if it is a primitive. */
interface Item {
  key: string
  type: string
  value?: unknown
  extra?: unknown
}

interface Pair {
  path: string
  name: string
  before: Item[]
  after: Item[]
  isList: boolean
}

function elements(from: Tree, to: Tree, type: string, path: string): Operation[] {
  const members = membersOf(type)
  const names = new Map<string, Member['element']>()
  for (const { element } of members.values()) names.set(element.name, element)
  const coming: Operation[] = []
  const changing: Operation[] = []
  const leaving: Operation[] = []
  for (const [name, element] of names) {
    const keys = [...members].filter(([, member]) => member.element === element)
    const [before, after] = [from, to].map((tree) => keys.flatMap(([key, member]) => itemsOf(tree, key, member.type)))
    const pair = { path, name, before: before!, after: after!, isList: element.max === '*' }
    const { comes, changes, leaves } = pair.isList ? list(pair) : single(pair)
    coming.push(...comes)
    changing.push(...changes)
    leaving.push(...leaves)
  }
  return [...coming, ...changing, ...leaving]
}

function itemsOf(tree: Tree, key: string, type: string): Item[] {
  const [value, extra] = [tree[key], tree[`_${key}`]]
  if (Array.isArray(value) || Array.isArray(extra)) {
    const [values, extras] = [(value ?? []) as unknown[], (extra ?? []) as unknown[]]
    const length = Math.max(values.length, extras.length)
    return Array.from({ length }, (_, i) => ({
      key,
      type,
      value: values[i] ?? undefined,
      extra: extras[i] ?? undefined,
    }))
  }
  return value === undefined && extra === undefined ? [] : [{ key, type, value, extra }]
}

interface Changes {
  comes: Operation[]
  changes: Operation[]
  leaves: Operation[]
}

function single({ path, name, before: [before], after: [after] }: Pair): Changes {
  const at = `${path}.${quoted(name)}`
  const none: Changes = { comes: [], changes: [], leaves: [] }
  if (before && after) return { ...none, changes: changed(at, before, after) }
  if (after)
    return { ...none, comes: [operation('add', path, [{ name: 'name', valueString: name }, part('value', after)])] }
  return before ? { ...none, leaves: [operation('delete', at, [part('previousValue', before)])] } : none
}

/** What is the same at both ends stays; in between one is taken for the other as long as there are two. */
function list({ path, name, before, after }: Pair): Changes {
  const at = `${path}.${quoted(name)}`
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && isEqual(before[start], after[start])) start++
  let end = 0
  while (end < most - start && isEqual(before.at(-1 - end), after.at(-1 - end))) end++
  const result: Changes = { comes: [], changes: [], leaves: [] }
  const both = most - end
  for (let i = start; i < both; i++) result.changes.push(...changed(`${at}[${i}]`, before[i]!, after[i]!))
  for (let i = both; i < after.length - end; i++)
    result.comes.push(operation('insert', at, [{ name: 'index', valueInteger: i }, part('value', after[i]!)]))
  for (let i = before.length - end - 1; i >= both; i--)
    result.leaves.push(operation('delete', `${at}[${i}]`, [part('previousValue', before[i]!)]))
  return result
}

function changed(at: string, before: Item, after: Item): Operation[] {
  if (isEqual(before, after)) return []
  const isComplex = isTree(before.value) && isTree(after.value) && before.key === after.key
  // A resource within is one value: what it holds has no path of its own in a patch.
  if (isComplex && before.type !== 'Resource')
    return elements(before.value as Tree, after.value as Tree, before.type, at)
  return [operation('replace', at, [part('value', after), part('previousValue', before)])]
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [of, to] = [Object.entries(a).filter(isThere), Object.entries(b).filter(isThere)]
  return of.length === to.length && of.every(([key, value]) => isEqual(value, (b as Tree)[key]))
}

const isThere = ([, value]: [string, unknown]) => value !== undefined

const operation = (type: string, path: string, parts: Tree[]): Operation => ({
  name: 'operation',
  part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...parts],
})

/** As Parameters carry an element: as `value[x]` where that has its type, else in parts. */
function part(name: string, { type, value, extra }: Item): Tree {
  if (type === 'Resource') return { name, resource: value }
  const key = `value${type === 'xhtml' ? 'String' : capitalized(type)}`
  if (membersOf('Parameters.parameter').has(key))
    return { name, ...(value !== undefined && { [key]: value }), ...(extra !== undefined && { [`_${key}`]: extra }) }
  const members = [...membersOf(type)]
  return {
    name,
    part: members.flatMap(([child, { element, type: of }]) =>
      itemsOf(value as Tree, child, of).map((item) => part(element.name, item)),
    ),
  }
}

/** Names of R4 that are words of FHIRPath, too. */
const WORDS = new Set(['as', 'contains', 'div', 'in', 'is', 'mod', 'and', 'or', 'xor', 'implies'])
const quoted = (name: string) => (WORDS.has(name) ? `\`${name}\`` : name)
