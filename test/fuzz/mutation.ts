import { cloneJson } from '../../src/fhir/json.js'

/** A stream of numbers from 0 to 1 that a seed determines. https://en.wikipedia.org/wiki/Xorshift */
export function random(seed: number): () => number {
  let state = seed || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

type Json = Record<string, unknown>
type Random = () => number

const pick = <T>(next: Random, of: readonly T[]): T => of[Math.floor(next() * of.length)]!

/** What nobody expects in a resource, and what looks as if it belonged there. */
const values: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1e308, 12345678901234567000, 0.1, '', ' ', 'x', 'final', 'male', '2024-02-30', '2024'],
  ...['\u0000', '\u202e', '\ud800', '𝒳', 'a'.repeat(5000), '<div>', "'; drop table resource; --", '$&', '../..'],
  ...['http://', 'urn:uuid:x', 'Patient/1', '#', 'Patient?name=x', '__proto__', 'constructor', '1970-01-01T24:00:00Z'],
  ...[[], {}, [null], [[]], [{}], { extension: [] }, { resourceType: 'Patient' }, { reference: 1 }, { value: {} }],
  ...[{ coding: [{ system: 'http://loinc.org', code: 1 }] }, { extension: [{ url: 'u' }] }, { id: '' }],
]

const keys = [
  'resourceType',
  'id',
  'meta',
  'text',
  'contained',
  'extension',
  'value',
  'valueString',
  'status',
  '_status',
  'x',
  '__proto__',
]

/** Every object and array within, the outermost first. */
function nodesIn(value: unknown, found: (Json | unknown[])[] = []): (Json | unknown[])[] {
  if (typeof value !== 'object' || value === null) return found
  found.push(value as Json)
  for (const child of Object.values(value)) nodesIn(child, found)
  return found
}

type Change = (next: Random, node: Json | unknown[], all: readonly (Json | unknown[])[]) => void

const keyIn = (next: Random, node: object) => pick(next, Object.keys(node))
const put = (node: object, key: string, value: unknown) =>
  Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true })

const changes: readonly Change[] = [
  (next, node) => void Reflect.deleteProperty(node, keyIn(next, node) ?? ''),
  (next, node) => put(node, keyIn(next, node) ?? '0', cloneJson(pick(next, values))),
  (next, node) =>
    put(node, Array.isArray(node) ? String(node.length) : pick(next, keys), cloneJson(pick(next, values))),
  // what stands elsewhere in it
  (next, node, all) => put(node, keyIn(next, node) ?? '0', cloneJson(pick(next, all))),
  (next, node) => {
    const key = keyIn(next, node)
    if (key !== undefined) put(node, key, [(node as Json)[key]])
  },
  (next, node) => {
    const key = keyIn(next, node)
    const value = key === undefined ? undefined : (node as Json)[key]
    if (typeof value === 'string')
      put(node, key!, value.slice(0, Math.floor(next() * value.length)) + pick(next, ['', '\t', '0', 'é']))
    else if (typeof value === 'number') put(node, key!, -value * 10 ** Math.floor(next() * 40))
  },
  (next, node) => {
    const [a, b] = [keyIn(next, node), keyIn(next, node)]
    if (a === undefined || b === undefined) return
    const { [a]: first, [b]: second } = node as Json
    put(node, a, second)
    put(node, b, first)
  },
  (next, node) => {
    let deep: unknown = {}
    for (let i = 0; i < 40 + next() * 300; i++) deep = next() < 0.5 ? [deep] : { extension: deep }
    put(node, keyIn(next, node) ?? '0', deep)
  },
]

/** The resource with one to three changes anywhere in it; most are wrong then. */
export function mutated(next: Random, resource: Json): Json {
  const copy = cloneJson(resource)
  for (let n = 1 + Math.floor(next() * 3); n > 0; n--) {
    const all = nodesIn(copy)
    pick(next, changes)(next, pick(next, all), all)
  }
  return copy
}

/** JSON text that has been cut, spliced or had a character changed. */
export function mangled(next: Random, text: string): string {
  const at = Math.floor(next() * text.length)
  switch (Math.floor(next() * 4)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + pick(next, ['"', '{', '}', '[', ',', '\\', '\u0001', '1e', 'NaN']) + text.slice(at + 1)
    case 2:
      return text.replace(/\{/, '{"id":"twice","id":"twice",')
    default:
      return text.slice(0, at) + text.slice(Math.floor(next() * text.length))
  }
}
