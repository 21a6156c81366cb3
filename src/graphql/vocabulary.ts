import {
  DirectiveLocation,
  GraphQLBoolean,
  GraphQLDirective,
  GraphQLFloat,
  GraphQLID,
  GraphQLIncludeDirective,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLSkipDirective,
  GraphQLString,
} from 'graphql'
import { isDecimal } from '../fhir/json.js'

const onField = (name: string, description: string, args = {}) =>
  new GraphQLDirective({ name, description, locations: [DirectiveLocation.FIELD], args })

export const flatten = onField('flatten', 'The field is left out, and what is selected below it stands in its place.')
export const first = onField('first', 'Only the first element of the list.')
export const singleton = onField('singleton', 'One value although a list above is flattened; several are an error.')
export const slice = onField('slice', 'Each element under a name of its own: a dot and what the path gives is added.', {
  path: { type: new GraphQLNonNull(GraphQLString), description: 'FHIRPath on the element, or $index' },
})

/** https://hl7.org/fhir/R4/graphql.html#flattening */
export const directives = [GraphQLSkipDirective, GraphQLIncludeDirective, flatten, first, singleton, slice]

/** A FHIR decimal: its digits stay as they are, so it may be a number that carries them as text (see fhir/json.ts). */
const decimalOf = (name: string) =>
  new GraphQLScalarType<unknown, unknown>({
    name,
    parseValue(value) {
      if (!isDecimal(value)) throw new TypeError(`${name} is a number`)
      return value
    },
    // Left as it is written in the query.
    parseLiteral: (node) => ('value' in node ? node.value : GraphQLFloat.parseLiteral(node)),
  })

const textual = (name: string, description?: string) => new GraphQLScalarType({ name, description })

/** FHIR's primitive types by the scalars of the published schema: those GraphQL has, or one of the same name. */
const scalars = new Map<string, GraphQLScalarType>(
  Object.entries({
    boolean: GraphQLBoolean,
    id: GraphQLID,
    integer: GraphQLInt,
    string: GraphQLString,
    decimal: decimalOf('decimal'),
    ...Object.fromEntries(
      ['base64Binary', 'canonical', 'code', 'date', 'dateTime', 'instant', 'markdown', 'oid', 'positiveInt', 'time']
        .concat(['unsignedInt', 'uri', 'url', 'uuid', 'xhtml'])
        .map((name) => [name, textual(name)]),
    ),
  }),
)

export const scalarOf = (type: string): GraphQLScalarType => scalars.get(type) ?? GraphQLString

const searches = new Map(
  ['number', 'date', 'token', 'reference', 'composite', 'quantity', 'uri', 'special'].map((type) => [
    type,
    scalars.get(type) ?? textual(type, `A value of a search parameter of type ${type}, as in a search by URL.`),
  ]),
)

/** Of a search parameter's type. */
export const searchScalarOf = (type: string): GraphQLScalarType => searches.get(type) ?? GraphQLString

/**
 * What a document alone is checked with, and its variables: directives and scalars. What fields there are is asked
 * of FHIR's own definitions.
 */
export const vocabulary = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { resourceType: { type: GraphQLString } } }),
  types: [...scalars.values(), ...searches.values(), decimalOf('Float')],
  directives,
  // Float is not GraphQL's own here, which would round.
  assumeValid: true,
})
