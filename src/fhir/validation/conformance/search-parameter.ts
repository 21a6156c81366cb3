import { Invalid } from '../../../base/errors.js'
import { isResourceType, type SearchParameterDefinition, searchParameterDefinitions } from '../../definitions.js'
import { mustSuit } from '../../fhirpath.js'
import { listOf } from '../bundle/entries.js'
import type { Json, Place } from '../rule.js'
import { messages } from './messages.js'

let parameters: ReadonlyMap<string, SearchParameterDefinition> | undefined

/** R4's own, by its canonical. */
function parameterOf(canonical: unknown): SearchParameterDefinition | undefined {
  parameters ??= new Map(searchParameterDefinitions().map((one) => [one.url, one]))
  return typeof canonical === 'string' ? parameters.get(canonical.split('|', 1)[0]!) : undefined
}

/** https://hl7.org/fhir/R4/searchparameter.html */
export function checkSearchParameter({ base, type, expression, derivedFrom }: Json, at: Place): void {
  const types = Array.isArray(base) ? base.filter(isResourceType) : []
  const origin = parameterOf(derivedFrom)
  if (origin) {
    for (const name of types) {
      if (origin.base.includes(name) || origin.base.includes('Resource')) continue
      at.report(messages.base, () => `is for ${name}, which ${origin.url}, that it comes from, is not`)
    }
    if (typeof type === 'string' && type !== origin.type) {
      at.report(messages.type, () => `must be of type ${origin.type}, as ${origin.url}, that it comes from`)
    }
  }
  if (typeof expression !== 'string') return
  const problem = problemOf(expression, types)
  if (problem) at.report(messages.expression, () => problem, { below: '.expression' })
}

/** An expression of several types speaks of each of them somewhere. */
function problemOf(expression: string, types: readonly string[]): string | undefined {
  for (const type of types) {
    const names = expression.match(/\b[A-Z][A-Za-z]+(?=\.)/g)?.filter(isResourceType) ?? []
    if (names.length > 0 && !names.includes(type)) return `says nothing of ${type}, which the parameter is for`
    try {
      mustSuit(expression, type)
    } catch (reason) {
      if (reason instanceof Invalid) return `cannot be evaluated on ${type}: ${reason.message}`
      throw reason
    }
  }
  return undefined
}

/** The parameters that a server says it has are of the types that their definitions say. */
export function checkCapabilityStatement({ rest }: Json, at: Place): void {
  for (const [i, one] of listOf(rest).entries()) {
    checkParameters(one, `.rest[${i}]`, at)
    for (const [j, resource] of listOf(one.resource).entries()) {
      checkParameters(resource, `.rest[${i}].resource[${j}]`, at)
    }
  }
}

function checkParameters({ searchParam }: Json, around: string, at: Place): void {
  for (const [k, { definition, type }] of listOf(searchParam).entries()) {
    const known = parameterOf(definition)
    if (!known || known.type === type) continue
    at.report(messages.statedType, () => `must be of type ${known.type}, as ${known.url} says`, {
      below: `${around}.searchParam[${k}]`,
    })
  }
}
