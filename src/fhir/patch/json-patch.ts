import { createRequire } from 'node:module'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Invalid, Unprocessable } from '../../base/errors.js'
import { isDecimal, toNumber } from '../json.js'
import { Copier, isTree, type Tree } from './tree.js'

// Our own application of RFC 6902: the packages at hand take `/name/x` for `/name/0`, follow inherited members
// (`/constructor`), and compare arrays in quadratic time.

interface Operation {
  op: keyof typeof operations
  path: string
  /** Of add, replace and test. */
  value: unknown
  /** Of move and copy. */
  from: string
}

const pointer = { type: 'string', pattern: '^(/([^~/]|~[01])*)*$' }
const operation = (op: string[], members: Record<string, object>) => ({
  properties: { op: { enum: op }, ...members },
  required: Object.keys(members),
})

/** RFC 6902 section 4: which members each operation needs. Members that it does not define are ignored. */
const patchSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['op'],
    discriminator: { propertyName: 'op' },
    oneOf: [
      operation(['add', 'replace', 'test'], { path: pointer, value: {} }),
      operation(['move', 'copy'], { path: pointer, from: pointer }),
      operation(['remove'], { path: pointer }),
    ],
  },
}

// Loaded and compiled by the first patch, not by every start: 70 ms and 8 MB.
let hasShape: ValidateFunction<Operation[]> | undefined

function compileShape(): ValidateFunction<Operation[]> {
  const { Ajv } = createRequire(import.meta.url)('ajv') as typeof import('ajv')
  return new Ajv({ discriminator: true }).compile<Operation[]>(patchSchema)
}

/**
 * A resource with a JSON Patch applied: all of it, or an error and nothing. The arguments stay as they are.
 *
 * Arrays and objects that the patch has emptied by `remove` or `move` are left out of the result: in FHIR JSON an
 * element without content does not exist (https://hl7.org/fhir/R4/json.html#null). What the patch itself adds empty
 * stays, for the validation to refuse.
 *
 * @param resource  parsed JSON, with decimals as numbers or tagged
 * @param patch     parsed JSON of `application/json-patch+json`: `[{ op: 'replace', path: '/gender', value: 'other' }]`
 * @throws Invalid        the patch is not a JSON Patch document (400); names the operation by its index from 0
 * @throws Unprocessable  an operation has no target, or a `test` fails (422); names the operation and the path
 * @throws TooCostly      its copies multiply the resource (422)
 * @see https://hl7.org/fhir/R4/http.html#patch and RFC 6902
 */
export function applyJsonPatch(resource: unknown, patch: unknown): unknown {
  const copier = new Copier()
  const root: Tree = { '': copier.copy(resource) }
  const emptied = new Set<unknown>()
  for (const [index, operation] of operationsOf(patch).entries()) {
    try {
      operations[operation.op](operation, { root, copier, emptied })
    } catch (error) {
      if (!(error instanceof Unprocessable)) throw error
      throw new Unprocessable(`Operation ${index} (${operation.op} ${operation.path}): ${error.message}`)
    }
  }
  const patched = root['']
  if (emptied.size > 0 && isTree(patched)) leaveOut(emptied, patched)
  return patched
}

function operationsOf(patch: unknown): Operation[] {
  hasShape ??= compileShape()
  if (hasShape(patch)) return patch
  throw new Invalid(shapeMessage(hasShape.errors?.[0]))
}

function shapeMessage(error: ErrorObject | undefined): string {
  const [, index, member] = error?.instancePath.split('/') ?? []
  if (index === undefined) return 'A JSON Patch is an array of operations'
  if (error?.keyword === 'discriminator') return `Operation ${index}: 'op' must be ${allOperations}`
  const wanted = error?.keyword === 'pattern' ? 'must be a JSON Pointer such as /name/0/family' : error?.message
  return `Operation ${index}: ${member ? `'${member}'` : 'it'} ${wanted}`
}

/** What the operations of one patch work on. */
interface Patching {
  /** The document is its member '', so that the pointer '' is a place like any other. */
  root: Tree
  copier: Copier
  /** Objects and arrays that have lost their last member. */
  emptied: Set<unknown>
}

/** A member of an object, or an item of an array (its index may be one past the end). */
type Slot = { holder: Tree; key: string } | { holder: unknown[]; key: number }

const operations = {
  add({ path, value }: Operation, { root, copier }: Patching): void {
    add(slotAt(root, path), copier.copy(value))
  },

  remove({ path }: Operation, { root, emptied }: Patching): void {
    if (path === '') throw new Unprocessable('a resource cannot be removed from itself')
    remove(existing(root, path), emptied)
  },

  replace({ path, value }: Operation, { root, copier }: Patching): void {
    set(existing(root, path), copier.copy(value))
  },

  move({ path, from }: Operation, { root, emptied }: Patching): void {
    const source = existing(root, from)
    if (path.startsWith(`${from}/`)) throw new Unprocessable('a value cannot move into itself')
    if (path === from) return
    const value = remove(source, emptied)
    add(slotAt(root, path), value)
  },

  copy({ path, from }: Operation, { root, copier }: Patching): void {
    add(slotAt(root, path), copier.copy(get(existing(root, from))))
  },

  test({ path, value }: Operation, { root }: Patching): void {
    if (!equal(get(existing(root, path)), value)) throw new Unprocessable('the value is another one')
  },
}

const allOperations = Object.keys(operations).join(', ')

/** Where a pointer points: its parent exists, it itself perhaps not yet. */
function slotAt(root: Tree, path: string): Slot {
  const tokens = path.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  let slot: Slot = { holder: root, key: '' }
  for (const token of tokens.slice(1)) {
    const holder = get(slot)
    if (Array.isArray(holder)) slot = { holder, key: indexOf(holder, token) }
    else if (isTree(holder)) slot = { holder, key: token }
    else throw new Unprocessable(`there is no target: nothing holds '${token}'`)
  }
  return slot
}

/** RFC 6901: an index has no sign and no leading zeros; `-` is the place after the last item. */
function indexOf(array: unknown[], token: string): number {
  if (token === '-') return array.length
  if (!/^(0|[1-9]\d*)$/.test(token)) throw new Unprocessable(`'${token}' is not an array index`)
  if (Number(token) > array.length) throw new Unprocessable(`index ${token} is beyond the ${array.length} items`)
  return Number(token)
}

function existing(root: Tree, path: string): Slot {
  const slot = slotAt(root, path)
  const exists = Array.isArray(slot.holder)
    ? (slot.key as number) < slot.holder.length
    : Object.hasOwn(slot.holder, slot.key)
  if (!exists) throw new Unprocessable(`there is nothing at '${path}'`)
  return slot
}

const get = ({ holder, key }: Slot): unknown =>
  Array.isArray(holder) ? holder[key as number] : Object.hasOwn(holder, key) ? holder[key] : undefined

function set({ holder, key }: Slot, value: unknown): void {
  if (Array.isArray(holder)) holder[key as number] = value
  // Assigning to __proto__ would set the prototype; defined as a member it is refused with the result, as unknown.
  else Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
}

function add(slot: Slot, value: unknown): void {
  if (Array.isArray(slot.holder)) slot.holder.splice(slot.key as number, 0, value)
  else set(slot, value)
}

function remove(slot: Slot, emptied: Set<unknown>): unknown {
  const { holder, key } = slot
  const value = get(slot)
  if (Array.isArray(holder)) holder.splice(key as number, 1)
  else delete holder[key]
  if (isEmpty(holder)) emptied.add(holder)
  return value
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0

/** Leaves out of an object what stayed empty after the patch, and then what is empty without it. */
function leaveOut(emptied: Set<unknown>, holder: Tree): void {
  for (const [key, member] of Object.entries(holder)) {
    if (isVoid(emptied, key, member)) delete holder[key]
  }
}

function isVoid(emptied: Set<unknown>, key: string, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const wasEmpty = isEmpty(value)
  if (!Array.isArray(value)) leaveOut(emptied, value as Tree)
  else if (key.startsWith('_')) {
    // Stands item by item beside the values of a primitive, so that one less would shift the others.
    for (const [index, item] of value.entries()) if (isVoid(emptied, '', item)) value[index] = null
    if (value.every((item) => item === null)) return true
  } else {
    const kept = value.filter((item) => !isVoid(emptied, '', item))
    for (const [index, item] of kept.entries()) value[index] = item
    value.length = kept.length
  }
  return isEmpty(value) && (!wasEmpty || emptied.has(value))
}

/** Equality of RFC 6902 section 4.6: numbers by value, so `1.10` equals `1.1`; objects in any order of members. */
function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isDecimal(a)) return isDecimal(b) && toNumber(a) === toNumber(b)
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
  }
  if (!isTree(a) || !isTree(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
}
