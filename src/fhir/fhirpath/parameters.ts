import { Invalid } from '../../base/errors.js'
import { version } from '../../base/version.js'
import { isResourceType, typeDefinition } from '../definitions.js'
import { stringifyJson } from '../json.js'
import { capitalized } from '../members.js'
import { asFhir } from './as-fhir.js'
import { answer, type Result } from './engine.js'
import { type Item, itemOf } from './item.js'

/** A parameter of a Parameters resource, or a part of one. */
export interface Parameter {
  name: string
  resource?: object
  part?: Parameter[]
  extension?: { url: string; valueString: string }[]
  [value: `value${string}` | `_value${string}`]: unknown
}

/** What $fhirpath is asked, all of it JSON from `parseJson`. */
export interface Asked {
  expression: string
  resource: object
  context?: string
  variables?: Parameter
}

const EXTENSIONS = 'http://fhir.forms-lab.com/StructureDefinition'

/** Types that `value[x]` of a parameter may have. */
const open = new Set(
  typeDefinition('Parameters.parameter')!
    .elements.find(({ name }) => name === 'value')!
    .types.map(({ code }) => code),
)
const typeOfSuffix = new Map([...open].map((code) => [capitalized(code), code]))

/**
 * The answer to `$fhirpath` as Parameters, as FHIRPath Lab reads it.
 * @throws Invalid  as `answer` does, or a variable has no value
 */
export function answerParameters(asked: Asked): { resourceType: 'Parameters'; parameter: Parameter[] } {
  const { expression, resource, context } = asked
  const { resourceType } = resource as { resourceType?: unknown }
  if (!isResourceType(resourceType)) throw new Invalid('The parameter resource is of a type that FHIR R4 does not have')
  const variables = variablesOf(asked.variables)
  const results = answer({ expression, resource, context, variables })
  const about: Parameter = {
    name: 'parameters',
    part: [
      { name: 'evaluator', valueString: `Ingle ${version} (R4)` },
      { name: 'expression', valueString: expression },
      ...(context === undefined ? [] : [{ name: 'context', valueString: context }]),
      ...(asked.variables ? [asked.variables] : []),
      { name: 'resource', resource },
    ],
  }
  return { resourceType: 'Parameters', parameter: [about, ...results.map(resultParameter)] }
}

const fixed = new Set(['resource', 'rootResource', 'context'])

function variablesOf(variables: Parameter | undefined): Map<string, Item[]> {
  const values = new Map<string, Item[]>()
  for (const part of variables?.part ?? []) {
    if (fixed.has(part.name)) throw new Invalid(`The variable %${part.name} has its value already`)
    values.set(part.name, [...(values.get(part.name) ?? []), variable(part)])
  }
  return values
}

function variable(part: Parameter): Item {
  if (part.resource) return itemOf(part.resource)
  const key = Object.keys(part).find((name): name is `value${string}` => name.startsWith('value'))
  if (!key) throw new Invalid(`The variable ${part.name} has its value in value[x] or in resource`)
  return itemOf(part[key], typeOfSuffix.get(key.slice('value'.length)))
}

function resultParameter({ path, items, traces }: Result): Parameter {
  const part = [
    ...items.map(valueParameter),
    ...traces.map(({ name, items }): Parameter => {
      return { name: 'trace', valueString: name, ...(items.length > 0 && { part: items.map(valueParameter) }) }
    }),
  ]
  return { name: 'result', ...(path !== '' && { valueString: path }), ...(part.length > 0 && { part }) }
}

function valueParameter(item: Item): Parameter {
  if (item.value === '') return { name: 'empty-string' }
  const { type, value } = asFhir(item)
  const definition = typeDefinition(type)
  const name = definition?.kind === 'backbone' ? (definition.base ?? type) : type
  const extensions = item.path === undefined ? [] : [{ url: `${EXTENSIONS}/resource-path`, valueString: item.path }]
  if (isResourceType(type)) return { name, ...extended(extensions), resource: value as object }
  if (!open.has(type)) {
    const json = { url: `${EXTENSIONS}/json-value`, valueString: stringifyJson(value ?? item.beside) }
    return { name, extension: [...extensions, json] }
  }
  return {
    name,
    ...extended(extensions),
    ...(value !== undefined && { [`value${capitalized(type)}`]: value }),
    ...(item.beside && { [`_value${capitalized(type)}`]: item.beside }),
  }
}

const extended = (extension: Parameter['extension']) => (extension?.length ? { extension } : {})
