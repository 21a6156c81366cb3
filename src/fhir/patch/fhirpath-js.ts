import { createRequire } from 'node:module'
import { Invalid } from '../../base/errors.js'

/** The values of an expression as fhirpath.js's nodes, which know where in the JSON they stand. */
export type Evaluator = (item: unknown, variables: Record<string, unknown>) => unknown[]

/** A node of the package's syntax tree; a function's name is the first child of its `Functn`. */
export interface Syntax {
  type: string
  text?: string
  children?: Syntax[]
}

type Package = ReturnType<typeof load>

let loaded: Package | undefined
const compiled = new Map<string, Evaluator>()
const compiledAtMost = 1000

/**
 * An expression compiled by the fhirpath package with the R4 model; what it is evaluated on has numbers for decimals.
 * @throws Invalid  the expression is not FHIRPath (400)
 */
export function compile(expression: string): Evaluator {
  const evaluator = compiled.get(expression) ?? compileAnew(expression)
  compiled.delete(expression) // to the end of the map: its first key is always the one used longest ago
  compiled.set(expression, evaluator)
  if (compiled.size > compiledAtMost) compiled.delete(compiled.keys().next().value!)
  return evaluator
}

export function syntaxOf(expression: string): Syntax {
  loaded ??= load()
  return loaded.fhirpath.parse(expression)
}

function compileAnew(expression: string): Evaluator {
  loaded ??= load()
  try {
    // Resolving internal types would hang a hidden __path__ with the whole evaluation on the resource's objects.
    const options = { resolveInternalTypes: false, async: false } as const
    return loaded.fhirpath.compile(castsAsFilters(expression), loaded.r4, options) as Evaluator
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
