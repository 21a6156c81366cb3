import {
  type ASTNode,
  type DocumentNode,
  executeSync,
  type FieldNode,
  FieldsOnCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  type GraphQLSchema,
  Kind,
  KnownArgumentNamesRule,
  MaxIntrospectionDepthRule,
  OverlappingFieldsCanBeMergedRule,
  ProvidedRequiredArgumentsRule,
  print,
  ScalarLeafsRule,
  ValuesOfCorrectTypeRule,
  validate,
  visit,
} from 'graphql'
import type { Query } from './document.js'
import { Refused } from './problem.js'
import { schemaOf } from './schema.js'

const rules = [
  FieldsOnCorrectTypeRule,
  ScalarLeafsRule,
  KnownArgumentNamesRule,
  ProvidedRequiredArgumentsRule,
  ValuesOfCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  OverlappingFieldsCanBeMergedRule,
  // Types have fields have types: without an end each level is many times the one above.
  MaxIntrospectionDepthRule,
]

/** The whole schema takes seconds to tell, and all clients ask for it in the same words. */
const told = new WeakMap<GraphQLSchema, Map<string, unknown>>()
const toldAtMost = 4

/**
 * The answer to `__schema` or `__type`: https://spec.graphql.org/October2021/#sec-Introspection
 * @throws Refused  what is selected below is not of the introspection schema, or too deep
 */
export function introspect(query: Query, key: string, nodes: readonly FieldNode[]): unknown {
  const schema = schemaOf(query.parameters)
  const document = documentOf(query, nodes)
  const words = `${print(document)} ${JSON.stringify(query.variables)}`
  const known = told.get(schema) ?? new Map<string, unknown>()
  told.set(schema, known)
  if (!known.has(words)) {
    if (known.size === toldAtMost) known.clear()
    known.set(words, answerTo(schema, document, query.variables)[key])
  }
  return known.get(words)
}

function answerTo(schema: GraphQLSchema, document: DocumentNode, variableValues: Query['variables']) {
  const problems = validate(schema, document, rules)
  if (problems.length > 0) throw new Refused(problems)
  const { data, errors } = executeSync({ schema, document, variableValues })
  if (errors) throw new Refused(errors)
  return data!
}

/** The operation with these fields alone, and the fragments that they use. */
function documentOf({ operation, fragments }: Query, selections: readonly FieldNode[]): DocumentNode {
  const used = new Set<string>()
  const collect = (node: ASTNode) => {
    visit(node, {
      FragmentSpread({ name }) {
        if (used.has(name.value)) return
        used.add(name.value)
        collect(fragments.get(name.value)!)
      },
    })
  }
  selections.forEach(collect)
  return {
    kind: Kind.DOCUMENT,
    definitions: [
      { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } },
      ...[...used].map((name) => fragments.get(name)!),
    ],
  }
}
