import {
  type GraphQLFieldConfig,
  type GraphQLFieldConfigArgumentMap,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
} from 'graphql'
import { resourceTypes } from '../fhir/definitions.js'
import type { Parameters } from '../search/parameters.js'
import { type Argument, argumentsOf } from './arguments.js'
import { ANY, complexTypes, type Field, fieldOf, graphqlName, isResource, ownFields, QUERY } from './fields.js'
import { directives, scalarOf, searchScalarOf } from './vocabulary.js'

/** Large, and seldom asked for: kept only as long as there is room. */
const made = new WeakMap<Parameters, WeakRef<GraphQLSchema>>()

/**
 * What can be asked of the system, as a GraphQL schema for those who introspect; generated from FHIR's definitions when
 * that is done. Queries are not checked with it: below a reference FHIR allows fields that a schema has in fragments.
 */
export function schemaOf(parameters: Parameters): GraphQLSchema {
  let schema = made.get(parameters)?.deref()
  if (!schema) {
    schema = new Types(parameters).schema()
    made.set(parameters, new WeakRef(schema))
  }
  return schema
}

class Types {
  private readonly byName = new Map<string, GraphQLObjectType | GraphQLInterfaceType>()
  private readonly targetsByType = new Map<string, readonly string[]>()

  constructor(private readonly parameters: Parameters) {}

  schema(): GraphQLSchema {
    return new GraphQLSchema({
      query: this.complex(QUERY) as GraphQLObjectType,
      types: [...resourceTypes, ...complexTypes()].map((type) => this.complex(type)),
      directives,
      assumeValid: true,
    })
  }

  private complex(type: string): GraphQLObjectType | GraphQLInterfaceType {
    let found = this.byName.get(type)
    if (!found) {
      const name = graphqlName(type)
      const fields = () =>
        Object.fromEntries(this.fields(type).map((field) => [field.name, this.field(field, type === QUERY)]))
      const interfaces = () => (isResource(type) ? [this.complex(ANY) as GraphQLInterfaceType] : [])
      found =
        type === ANY
          ? new GraphQLInterfaceType({ name, fields, description: ABOUT_ANY })
          : new GraphQLObjectType({ name, fields, interfaces })
      this.byName.set(type, found)
    }
    return found
  }

  private fields(type: string): Field[] {
    if (type === QUERY) return resourceTypes.flatMap((one) => [fieldOf(QUERY, one)!, ...searchesOf(QUERY, one)])
    const own = [...ownFields(type).values()]
    return type !== ANY && isResource(type) ? [...own, ...this.referring(type)] : own
  }

  /**
   * Searches for what can refer to a type. Those by parameters that point at anything, of Provenance or List, are as
   * possible on each type, and would be nine tenths of the schema: the description of `Resource` has them.
   */
  private referring(type: string): Field[] {
    return resourceTypes.filter((one) => this.targets(one).includes(type)).flatMap((one) => searchesOf(type, one))
  }

  /** The types that the reference parameters of a type point at by name. */
  private targets(type: string): readonly string[] {
    let found = this.targetsByType.get(type)
    if (!found) {
      const references = [...this.parameters.of(type).values()].filter((one) => one.type === 'reference')
      found = references.flatMap(({ targets }) => (targets.length < resourceTypes.length - 1 ? targets : []))
      this.targetsByType.set(type, found)
    }
    return found
  }

  private field(field: Field, isRoot: boolean): GraphQLFieldConfig<unknown, unknown> {
    const type = this.output(field)
    return { type: field.list ? new GraphQLList(type) : type, args: this.args(field, isRoot) }
  }

  private output({ type, scalar }: Field): GraphQLOutputType {
    return scalar ? scalarOf(type) : this.complex(type)
  }

  private args(field: Field, isRoot: boolean): GraphQLFieldConfigArgumentMap {
    const known = [...argumentsOf(field, { isRoot, parameters: this.parameters })]
    return Object.fromEntries(known.map(([name, argument]) => [name, argumentOf(field, argument)]))
  }
}

const ABOUT_ANY =
  'A resource of any type: fields of its own type are had in a fragment. What may refer to any resource can be ' +
  'searched for on each, too, whether its type has a field for it here or not: ProvenanceList(_reference: target).'

const searchesOf = (on: string, type: string): Field[] => [
  fieldOf(on, `${type}List`)!,
  fieldOf(on, `${type}Connection`)!,
]

function argumentOf({ kind }: Field, { type, list, about }: Argument) {
  const scalar = kind === 'list' || kind === 'connection' ? searchScalarOf(type) : scalarOf(type)
  // There are a hundred thousand of them: those of elements go without saying.
  return { type: list ? new GraphQLList(scalar) : scalar, ...(kind !== 'element' && { description: about }) }
}
