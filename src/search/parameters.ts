import { Invalid } from '../base/errors.js'
import {
  resourceTypes,
  type SearchParameterDefinition,
  type SearchType,
  searchParameterDefinitions,
  typeDefinition,
} from '../fhir/definitions.js'
import { compilePaths, type Path } from '../fhir/path.js'

/** A search parameter as one resource type uses it. Paths are compiled when first asked for. */
export interface SearchParameter {
  /** Its name in a query: `birthdate` */
  readonly code: string
  readonly url: string
  readonly type: SearchType
  /** The type it is used on here, though it may be defined for several; `Resource` when searching across types. */
  readonly base: string
  /** As defined, for all bases; empty on `_content` and `_text`. */
  readonly expression: string
  readonly description: string
  /** Ways to its values; of a composite, to the elements that its components start from. */
  readonly paths: readonly Path[]
  /** Of a reference: resource types it can point at from this base; empty = any. */
  readonly targets: readonly string[]
  /** Of a composite, in the order of its values. */
  readonly components: readonly Component[]
}

export interface Component {
  /** The parameter whose type and modifiers it has. */
  readonly parameter: SearchParameter
  /** Relative to an element of the composite: `value.as(Quantity)` */
  readonly expression: string
  /** From the elements at the composite's `paths[n]` to this component's values: `paths[n]`. */
  readonly paths: readonly (readonly Path[])[]
}

/** Where a search looks up what it can ask for: the standard's parameters, or those of a tenant. */
export interface Parameters {
  /** By code; `Resource` for what every resource can be found by. */
  of(type: string): ReadonlyMap<string, SearchParameter>
  /** Why a parameter that is there cannot be searched by; undefined: there is none. */
  refusal?(type: string, code: string): string | undefined
}

/** The search parameters of a set of definitions, by the resource types that have them. */
export class ParameterRegistry implements Parameters {
  private readonly definitions = new Map<string, SearchParameterDefinition[]>()
  private readonly byUrl = new Map<string, SearchParameterDefinition>()
  private readonly parameters = new Map<string, ReadonlyMap<string, SearchParameter>>()

  /** @param parent  has the others: those of the standard, for a tenant that has some of its own */
  constructor(
    definitions: Iterable<SearchParameterDefinition>,
    private readonly parent?: ParameterRegistry,
  ) {
    for (const definition of definitions) {
      this.byUrl.set(definition.url, definition)
      for (const base of definition.base) {
        const those = this.definitions.get(base)
        if (those) those.push(definition)
        else this.definitions.set(base, [definition])
      }
    }
  }

  /** By code, those of Resource and DomainResource included. */
  of(type: string): ReadonlyMap<string, SearchParameter> {
    let parameters = this.parameters.get(type)
    if (!parameters) {
      const inherited = this.parent?.of(type)
      const own = this.definitionsOf(type).map((one) => [one.code, new DefinedParameter(one, type, this)] as const)
      parameters = inherited && own.length === 0 ? inherited : new Map([...(inherited ?? []), ...own])
      this.parameters.set(type, parameters)
    }
    return parameters
  }

  /** These besides those that there are. */
  with(definitions: Iterable<SearchParameterDefinition>): ParameterRegistry {
    return new ParameterRegistry(definitions, this)
  }

  definition(url: string): SearchParameterDefinition | undefined {
    return this.byUrl.get(url) ?? this.parent?.definition(url)
  }

  private definitionsOf(type: string): SearchParameterDefinition[] {
    const base = typeDefinition(type)?.base
    return [...(base ? this.definitionsOf(base) : []), ...(this.definitions.get(type) ?? [])]
  }
}

class DefinedParameter implements SearchParameter {
  readonly code: string
  readonly url: string
  readonly type: SearchType
  readonly expression: string
  readonly description: string
  private compiled?: readonly Path[]
  private pointsAt?: readonly string[]
  private parts?: readonly Component[]

  constructor(
    private readonly definition: SearchParameterDefinition,
    readonly base: string,
    private readonly registry: ParameterRegistry,
  ) {
    this.code = definition.code
    this.url = definition.url
    this.type = definition.type
    this.expression = definition.expression ?? ''
    this.description = definition.descriptions[base] ?? ''
  }

  get paths(): readonly Path[] {
    this.compiled ??= this.expression === '' ? [] : compilePaths(this.expression, this.base)
    return this.compiled
  }

  get targets(): readonly string[] {
    this.pointsAt ??= this.type === 'reference' ? targetsOf(this.definition.target ?? [], this.paths) : []
    return this.pointsAt
  }

  get components(): readonly Component[] {
    this.parts ??= (this.definition.component ?? []).map(({ definition, expression }) => ({
      parameter: this.sibling(definition),
      expression,
      paths: this.paths.map((path) => compilePaths(expression, path.type)),
    }))
    return this.parts
  }

  private sibling(url: string): SearchParameter {
    const definition = this.registry.definition(url)
    if (!definition) throw new Invalid(`SearchParameter ${this.url} is composed of ${url}, which is not known`)
    return new DefinedParameter(definition, this.base, this.registry)
  }
}

/** Those a parameter lists for all of its bases, as far as the elements of this base allow them. */
function targetsOf(listed: readonly string[], paths: readonly Path[]): readonly string[] {
  const pointing = paths.filter(({ type }) => type !== 'Attachment') // Consent.source may be one
  if (pointing.some((path) => !path.targets)) return listed
  const allowed = new Set(pointing.flatMap((path) => path.targets!))
  return listed.filter((type) => allowed.has(type))
}

/*
 * What is to be known of R4's own definitions:
 * - `_query` names a stored query and filters nothing: left out. `_content` and `_text` have no expression.
 * - Parameters shared by several bases (`clinical-patient`) list the targets of all of them, and
 *   MeasureReport.subject some that the element forbids: narrowed by `targetsOf`.
 * - RequestGroup.instantiates-canonical lists no target: its canonicals may point at anything.
 * - DeviceUseStatement.patient forgot `where(resolve() is Patient)`: it visits Groups too, its targets do not name them.
 * - Choice elements without a cast bring types that the parameter's type has no meaning for: text, Age and Range in
 *   dates (CarePlan.activity-date, Immunization.date, Procedure.date), Range in numbers (RiskAssessment.probability),
 *   SampledData in quantities (Observation.value-quantity), Attachment in references (Consent.source-reference),
 *   Quantity, Range and Reference in tokens (`value` of Group.characteristic-value). They are visited with their type.
 * - Bundle.composition and Bundle.message are references whose value is the whole resource in the first entry.
 * - No two definitions share a url, nor a code on one base.
 */
export const standard = new ParameterRegistry(searchParameterDefinitions().filter(({ code }) => code !== '_query'))

/** The resource types that a parameter of these bases is for. */
export function typesOf(base: readonly string[]): string[] {
  return resourceTypes.filter((type) => {
    for (let at: string | undefined = type; at; at = typeDefinition(at)?.base) if (base.includes(at)) return true
    return false
  })
}

/** The search parameters of a resource type by code, `_id` and the like included. */
export function searchParameters(type: string): ReadonlyMap<string, SearchParameter> {
  return standard.of(type)
}

export function searchParameter(type: string, code: string): SearchParameter | undefined {
  return standard.of(type).get(code)
}

/** What every resource can be found by, for a search across types. */
export function commonParameters(): ReadonlyMap<string, SearchParameter> {
  return standard.of('Resource')
}
