import {
  type DocumentNode,
  ExecutableDefinitionsRule,
  type FragmentDefinitionNode,
  GraphQLError,
  getVariableValues,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  LoneAnonymousOperationRule,
  NoFragmentCyclesRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  type OperationDefinitionNode,
  ProvidedRequiredArgumentsRule,
  parse,
  UniqueArgumentNamesRule,
  UniqueDirectivesPerLocationRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueOperationNamesRule,
  UniqueVariableNamesRule,
  ValuesOfCorrectTypeRule,
  validate,
} from 'graphql'
import { Invalid, TooCostly } from '../base/errors.js'
import type { Parameters } from '../search/parameters.js'
import { type Limits, refuseLarge } from './limits.js'
import { NotServed, problem, Refused } from './problem.js'
import { vocabulary } from './vocabulary.js'

/** https://graphql.org/learn/serving-over-http/ */
export interface Sent {
  query: string
  operationName?: string
  variables?: Readonly<Record<string, unknown>>
}

/** The operation that is to be executed, with all that its text refers to. */
export interface Query {
  document: DocumentNode
  operation: OperationDefinitionNode
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  variables: Readonly<Record<string, unknown>>
  /** What can be searched by. */
  parameters: Parameters
}

/** The rules of GraphQL (https://spec.graphql.org/October2021/#sec-Validation) that ask for no fields. */
const rules = [
  ExecutableDefinitionsRule,
  UniqueOperationNamesRule,
  LoneAnonymousOperationRule,
  UniqueFragmentNamesRule,
  KnownFragmentNamesRule,
  NoUnusedFragmentsRule,
  NoFragmentCyclesRule,
  UniqueVariableNamesRule,
  NoUndefinedVariablesRule,
  NoUnusedVariablesRule,
  KnownDirectivesRule,
  UniqueDirectivesPerLocationRule,
  KnownArgumentNamesRule,
  UniqueArgumentNamesRule,
  ProvidedRequiredArgumentsRule,
  UniqueInputFieldNamesRule,
  ValuesOfCorrectTypeRule,
]

/** Names, marks and values that one field may take in the text. */
const TOKENS_OF_A_FIELD = 50

/**
 * Reads a query as far as it can be understood without knowing what fields there are.
 * @throws Refused  it is not GraphQL, contradicts itself, is no query, or is larger than the limits
 */
export function readQuery(sent: Sent, limits: Limits, parameters: Parameters): Query {
  const { query: text, operationName, variables = {} } = sent
  const document = parsed(text, limits)
  const problems = unlessTooDeep(() => validate(vocabulary, document, rules))
  if (problems.length > 0) throw new Refused(problems)
  const operation = operationOf(document, operationName)
  if (operation.operation !== 'query') {
    const reason = new NotServed(`A ${operation.operation} is not possible: resources are written by FHIR's REST API`)
    throw new Refused([problem(reason, [operation])])
  }
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === 'FragmentDefinition' ? [[one.name.value, one]] : [])),
  )
  refuseLarge(operation, fragments, limits)
  const { coerced, errors } = getVariableValues(vocabulary, operation.variableDefinitions ?? [], variables)
  if (errors) throw new Refused(errors)
  return { document, operation, fragments, variables: coerced, parameters }
}

function parsed(text: string, { graphqlMaxFields }: Limits): DocumentNode {
  return unlessTooDeep(() => {
    try {
      return parse(text, { maxTokens: graphqlMaxFields * TOKENS_OF_A_FIELD })
    } catch (cause) {
      throw cause instanceof GraphQLError ? new Refused([cause]) : cause
    }
  })
}

/** Parser and rules go down with the query, through its fragments too, until the stack is full. */
function unlessTooDeep<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof RangeError) throw new Refused([problem(new TooCostly('The query is nested too deep'), [])])
    throw cause
  }
}

function operationOf({ definitions }: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = definitions.filter((one) => one.kind === 'OperationDefinition')
  const found = name === undefined ? operations : operations.filter((one) => one.name?.value === name)
  if (found.length === 1) return found[0]!
  const names = operations.map((one) => one.name?.value).filter((one) => one !== undefined)
  const listed = names.length > 0 ? `; there are ${names.slice(0, 20).join(', ')}` : ''
  const wrong = operations.length === 0 ? 'The query has no operation' : `operationName names no operation${listed}`
  const reason = found.length > 1 ? `operationName has to say which operation is meant${listed}` : wrong
  throw new Refused([problem(new Invalid(reason), [])])
}
