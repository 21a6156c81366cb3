import { createRequire } from 'node:module'
import type { Typed } from '../../src/fhir/fhirpath.js'
import { isDecimal, toNumber } from '../../src/fhir/json.js'

// What fhirpath.js finds, to hold our own evaluation against: another's work on the same specification.

const require = createRequire(import.meta.url)
const fhirpath = require('fhirpath') as typeof import('fhirpath')
const r4 = require('fhirpath/fhir-context/r4') as import('fhirpath').Model

/**
 * @param item  JSON from `parseJson`
 * @param base  its type, when it is a part of a resource
 * @throws whatever fhirpath.js throws
 */
export function foundByFhirPathJs(
  expression: string,
  item: unknown,
  env: Record<string, unknown> = {},
  base?: string,
): Typed[] {
  // R4 writes as() where there are several values, and means ofType().
  const text = expression.replace(/'(?:[^'\\]|\\.)*'|\.as\(|\s+as\s+([\w.]+)/g, (match, type) =>
    match.startsWith("'") ? match : type ? `.ofType(${type})` : '.ofType(',
  )
  const options = { resolveInternalTypes: false, async: false, traceFn: () => {} } as const
  const data = plain(item)
  const variables = { resource: data, ...(plain(env) as typeof env) }
  const nodes = fhirpath.compile(base ? { base, expression: text } : text, r4, options)(data as object, variables)
  return nodes.map(typed)
}

function typed(node: unknown): Typed {
  const [namespace, name] = fhirpath.types([node])[0]!.split('.') as [string, string]
  const value = fhirpath.util.valData(node)
  if (namespace === 'System') {
    const type = name === 'Quantity' ? name : name[0]!.toLowerCase() + name.slice(1)
    return { value: fhirpath.resolveInternalTypes([value])[0], type }
  }
  const isPart = name === 'BackboneElement' || name === 'Element'
  return { value, type: (isPart && (node as { path: string | null }).path) || name }
}

/** A copy with numbers for decimals that carry their own digits. */
function plain(value: unknown): unknown {
  if (isDecimal(value)) return toNumber(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}
