import { createRequire } from 'node:module'
import { Invalid } from '../base/errors.js'
import { isDecimal, toNumber } from './json.js'

/** A value found by an expression, with its FHIR type: `Quantity`, `dateTime`, `Observation.component`. */
export interface Typed {
  value: unknown
  type: string
}

type Engine = ReturnType<typeof load>
type Evaluator = (item: unknown, env: Record<string, unknown>) => Node[]
/** What fhirpath.js calls a ResourceNode; results that were computed are bare. */
type Node = { data: unknown; path: string | null } | string | number | boolean | object

let engine: Engine | undefined
const compiled = new Map<string, Evaluator>()
const compiledAtMost = 1000

/**
 * The values of any FHIRPath expression, by fhirpath.js with the R4 model: complete, but three orders of magnitude
 * slower than a compiled path.
 *
 * @param env  values of `%name`; `%resource` and `%context` are the resource unless given
 * @throws Invalid  the expression is not FHIRPath, or cannot be applied to the resource (400)
 */
export function evaluate(expression: string, resource: unknown, env: Record<string, unknown> = {}): unknown[] {
  return evaluateTyped(expression, resource, env).map(({ value }) => value)
}

/**
 * As `evaluate`, with the type of every value.
 *
 * @param base  type of the item when it is a part of a resource: `Observation.component`, `UsageContext`
 */
export function evaluateTyped(
  expression: string,
  item: unknown,
  env: Record<string, unknown> = {},
  base?: string,
): Typed[] {
  const evaluator = compile(expression, base)
  const data = plain(item)
  try {
    return evaluator(data, { resource: data, ...(plain(env) as typeof env) }).map(typed)
  } catch (cause) {
    throw new Invalid(`The FHIRPath '${expression}' cannot be evaluated: ${(cause as Error).message}`, { cause })
  }
}

/**
 * fhirpath.js's own evaluator, for who needs its nodes (the value, its type, its place); decimals must be numbers.
 *
 * @throws Invalid  the expression is not FHIRPath (400)
 */
export function compile(expression: string, base?: string): Evaluator {
  const key = `${base ?? ''} ${expression}`
  const evaluator = compiled.get(key) ?? parse(expression, base)
  compiled.delete(key) // to the end of the map: its first key is always the one used longest ago
  compiled.set(key, evaluator)
  if (compiled.size > compiledAtMost) compiled.delete(compiled.keys().next().value!)
  return evaluator
}

function parse(expression: string, base: string | undefined): Evaluator {
  engine ??= load()
  const text = castsAsFilters(expression)
  try {
    // Resolving internal types would hang a hidden __path__ with the whole evaluation on the resource's objects.
    return engine.fhirpath.compile(base ? { base, expression: text } : text, engine.r4, {
      resolveInternalTypes: false,
      async: false,
    }) as Evaluator
  } catch (cause) {
    throw new Invalid(`'${expression}' is not FHIRPath: ${(cause as Error).message}`, { cause })
  }
}

/** Loaded at first use: most servers never need it, and it takes 0.1 s and 23 MB. */
function load() {
  const require = createRequire(import.meta.url)
  return {
    fhirpath: require('fhirpath') as typeof import('fhirpath'),
    r4: require('fhirpath/fhir-context/r4') as import('fhirpath').Model,
  }
}

/**
 * R4 writes `X.as(T)` and `X as T` where X has several values, on which FHIRPath's `as` fails; `ofType` was meant.
 * Strings are matched only to be left as they are.
 */
function castsAsFilters(expression: string): string {
  return expression.replace(/'(?:[^'\\]|\\.)*'|\.as\(|\s+as\s+([\w.]+)/g, (match, type) =>
    match.startsWith("'") ? match : type ? `.ofType(${type})` : '.ofType(',
  )
}

function typed(node: Node): Typed {
  const { fhirpath } = engine!
  const [namespace, name] = fhirpath.types([node])[0]!.split('.') as [string, string]
  const value = fhirpath.util.valData(node)
  if (namespace === 'System') {
    const type = name === 'Quantity' ? name : name[0]!.toLowerCase() + name.slice(1)
    return { value: fhirpath.resolveInternalTypes([value])[0], type }
  }
  const isPart = name === 'BackboneElement' || name === 'Element'
  return { value, type: (isPart && (node as { path: string | null }).path) || name }
}

/** Numbers for decimals that carry their own digits, which fhirpath.js does not know; what has none is not copied. */
function plain(value: unknown): unknown {
  if (isDecimal(value)) return toNumber(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map(plain)
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  let copy: Record<string, unknown> | undefined
  for (const [name, before] of Object.entries(value)) {
    const after = plain(before)
    if (after !== before) {
      copy ??= { ...value }
      copy[name] = after
    }
  }
  return copy ?? value
}
