import { isResourceType } from './definitions.js'
import { evaluateTyped, Limits, mustSuit } from './fhirpath.js'
import { type Each, generate } from './path/generate.js'
import { Unsupported } from './path/parse.js'
import { type Route, routes } from './path/routes.js'

/** One way from a resource to values of one FHIR type; a choice element or a union gives several. */
export interface Path {
  /**
   * FHIR type of the values: `CodeableConcept`, `dateTime`, `Reference`, a backbone such as `Observation.component`,
   * `Resource` for a whole resource inside another; `dynamic` when only each value can tell.
   */
  readonly type: string
  /**
   * Visits every value, never undefined or null, with its type.
   *
   * @param item  a resource, or a part of one for a path relative to that
   * @param resource  the resource around the item: `%resource`, and the owner of contained resources
   */
  readonly each: Each
  /** The properties on the way when there is nothing else to it, for SQL jsonpath; absent otherwise. */
  readonly steps?: readonly { readonly name: string; readonly array: boolean }[]
  /** Types that references and canonicals found here may point at; absent = any. */
  readonly targets?: readonly string[]
}

/**
 * Compiles a FHIRPath expression, as search parameters use it, for items of one type.
 *
 * What R4 and the common guides write becomes JavaScript (path/generate.ts); the rest of FHIRPath is evaluated by
 * an interpreter, many times slower, as one path of type `dynamic`.
 *
 * @param base  a resource type, or the data type or backbone that a composite's components start from
 * @returns none when the expression speaks only of other types: `Patient.name | Person.name` on Group
 * @throws Invalid  it is not FHIRPath, or names an element that is not there
 */
export function compilePaths(expression: string, base: string): Path[] {
  try {
    return routes(expression, base).map(pathOf)
  } catch (reason) {
    if (!(reason instanceof Unsupported)) throw reason
    return [interpreted(expression, base)]
  }
}

function pathOf(route: Route): Path {
  const { type, targets } = route
  return { type, targets, each: generate(route), steps: plainSteps(route) }
}

function plainSteps({ from, steps }: Route): Path['steps'] {
  const plain = steps.flatMap((step) => ('name' in step && step.at === undefined ? step : []))
  return from === 'item' && plain.length === steps.length ? plain : undefined
}

// Each write pays for each expression, and all others wait for it.
const MOST_STEPS = 100_000
const MOST_REGEX_MS = 50

function interpreted(expression: string, base: string): Path {
  const part = isResourceType(base) ? undefined : base
  mustSuit(expression, base) // now, so that a mistake shows when the parameter is defined, not when data comes
  return {
    type: 'dynamic',
    each(item, visit, resource = item) {
      const limits = new Limits(MOST_STEPS, MOST_REGEX_MS)
      for (const { value, type } of evaluateTyped(expression, item, { resource }, part, limits)) visit(value, type)
    },
  }
}
