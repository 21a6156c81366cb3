import { Invalid, Unprocessable } from '../../base/errors.js'
import { isDecimal, toNumber } from '../json.js'
import { capitalized, membersOf } from '../members.js'
import { compile, type Syntax, syntaxOf } from './fhirpath-js.js'
import { isTree, type Tree } from './tree.js'

/** Where an element stands in the JSON of a resource. A primitive's extensions stand beside it, under `_key`. */
export interface Place {
  readonly holder: Tree
  /** `birthDate`, `valueQuantity`, `name` */
  readonly key: string
  /** Position, when the member is a list */
  readonly index?: number
  /** Of what stands there: `Patient`, `HumanName`, `date`, `Patient.contact` */
  readonly type: string
  /** The element it belongs to; absent on the resource itself. */
  readonly parent?: Place
}

/**
 * The elements that a FHIRPath selects from a resource, as places in its JSON.
 *
 * @param resource  the tree that is being patched; it is not changed
 * @param path      only navigation: no unions, no `%variables`, no functions but those that narrow a collection, so
 *                  that a path costs no more than a walk through the resource
 * @throws Invalid        the path is no such FHIRPath (400)
 * @throws Unprocessable  the path cannot be evaluated on this resource, or selects what is no element of it (422)
 */
export function locate(resource: Tree, path: string): Place[] {
  const evaluate = navigation(path)
  const { copy, places } = numbered(resource)
  let nodes: unknown[]
  try {
    nodes = evaluate(copy, {})
  } catch (cause) {
    throw new Unprocessable('the path cannot be evaluated on this resource', { cause }) // the cause may quote data
  }
  return nodes.map((node) => {
    const place = placeOf(node as Node, places)
    if (!place) throw new Unprocessable('the path selects a value that is no element of the resource')
    return place
  })
}

// ── From a node to its place ───────────────────────────────────────────────────────────────────────────────────────

/** What the fhirpath package knows of a selected element (ResourceNode in its src/types.js). */
interface Node {
  data: unknown
  /** The `_key` object of a primitive */
  _data: unknown
  /** As the expression says it: `value` for `valueQuantity` */
  propName: string | null
  index: number | null
  fhirNodeDataType: string | null
  parentResNode: Node | null
}

/** Objects of the evaluated copy → what they were copied from, and where that stands. */
type Places = Map<unknown, { original: Tree; place: Place }>

function placeOf(node: Node, places: Places): Place | undefined {
  const found = places.get(node.data)
  if (found) return found.place
  const parent = places.get(node.parentResNode?.data) ?? places.get(node.parentResNode?._data)
  if (!parent || node.propName === null) return undefined
  const holder = parent.original
  const isThere = (key: string) => Object.hasOwn(holder, key) || Object.hasOwn(holder, `_${key}`)
  const key = isThere(node.propName) ? node.propName : node.propName + capitalized(node.fhirNodeDataType ?? '')
  const type = membersOf(parent.place.type).get(key)?.type
  if (!type || !isThere(key)) return undefined
  return { holder, key, ...(node.index !== null && { index: node.index }), type, parent: parent.place }
}

/** A copy to evaluate on, its decimals as numbers, with the place of each of its objects. */
function numbered(resource: Tree): { copy: unknown; places: Places } {
  const places: Places = new Map()
  const whole: Place = { holder: { '': resource }, key: '', type: String(resource.resourceType) }
  return { copy: copyOf(resource, whole), places }

  function copyOf(value: unknown, place: Place): unknown {
    if (isDecimal(value)) return toNumber(value)
    if (Array.isArray(value)) return value.map((item, index) => copyOf(item, { ...place, index }))
    if (!isTree(value)) return value
    const type = place.type === 'Resource' ? String(value.resourceType) : place.type
    const here = type === place.type ? place : { ...place, type }
    const members = membersOf(type)
    const copy = { ...value }
    for (const [name, member] of Object.entries(value)) {
      const key = name.startsWith('_') ? name.slice(1) : name
      copy[name] = copyOf(member, { holder: value, key, type: members.get(key)?.type ?? '', parent: here })
    }
    places.set(copy, { original: value, place: here })
    return copy
  }
}

// ── What a path may say ────────────────────────────────────────────────────────────────────────────────────────────

// https://hl7.org/fhirpath/N1: what picks elements, and what a criterion of where() needs. Regular expressions,
// recursion and iteration over made-up collections would let one small request occupy the server for hours.
const functions = new Set(
  `where ofType as is first last tail skip take single extension exists empty not hasValue count children
   startsWith endsWith contains lower upper length toString toInteger toDecimal getValue`.split(/\s+/),
)
const refused: Record<string, string> = { UnionExpression: 'a union', ExternalConstantTerm: 'a %variable' }
const longest = 1000

const checked = new WeakSet<object>()

function navigation(path: string): (resource: unknown, variables: Record<string, unknown>) => unknown[] {
  if (path.length > longest) throw new Invalid(`the path is longer than ${longest} characters`)
  const evaluate = compile(path) // which keeps it
  if (!checked.has(evaluate)) {
    onlyNavigates(syntaxOf(path))
    checked.add(evaluate)
  }
  return evaluate
}

function onlyNavigates({ type, children = [] }: Syntax): void {
  if (refused[type]) throw new Invalid(`the path of a patch cannot use ${refused[type]}`)
  if (type === 'Functn' && !functions.has(children[0]?.text ?? '')) {
    throw new Invalid(`the path of a patch cannot use ${children[0]?.text ?? 'that function'}()`)
  }
  for (const child of children) onlyNavigates(child)
}
