import { type ASTNode, GraphQLError } from 'graphql'
import { FhirError, type Issue, Unprocessable } from '../base/errors.js'
import { stringifyJson } from '../fhir/json.js'
import type { Answer } from '../rest/exchange.js'

/** Something that the query names is not there. Not a 404, which would say that there is no GraphQL here. */
export class NotThere extends Unprocessable {
  static override code: Issue['code'] = 'not-found'
}

/** A part of GraphQL that FHIR R4 leaves to the server, and this server leaves out. */
export class NotServed extends Unprocessable {
  static override code: Issue['code'] = 'not-supported'
}

/** Keys and indexes from the root of the answer: `['PatientList', 0, 'name']` */
export type ResponsePath = readonly (string | number)[]

/** All that is wrong with a query: R4 asks for an error instead of a part of the graph. */
export class Refused extends Error {
  constructor(readonly problems: readonly GraphQLError[]) {
    super(problems[0]?.message ?? 'The query is refused')
  }
}

/** An error of ours, where in the query and in the answer it is. */
export function problem(error: FhirError, nodes: readonly ASTNode[], path?: ResponsePath): GraphQLError {
  return new GraphQLError(error.message, { nodes, path, originalError: error })
}

/** Runs `work`; what it throws for the caller's sake is thrown with its place, which is asked for only then. */
export function placedNow(nodes: readonly ASTNode[], path: () => ResponsePath, work: () => void): void {
  try {
    work()
  } catch (cause) {
    throw located(cause, nodes, path())
  }
}

/** As `placedNow`, for what takes time. */
export async function placed(nodes: readonly ASTNode[], path: ResponsePath, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw located(cause, nodes, path)
  }
}

const located = (cause: unknown, nodes: readonly ASTNode[], path: ResponsePath) =>
  cause instanceof FhirError && cause.status < 500 ? new Refused([problem(cause, nodes, path)]) : cause

/**
 * The answer to a query that is refused: 4xx, no data, and an OperationOutcome in each error.
 * @see https://hl7.org/fhir/R4/graphql.html#errors
 */
export function refusal({ problems }: Refused): Answer {
  const causes = problems.map(({ originalError }) => (originalError instanceof FhirError ? originalError : undefined))
  const errors = problems.map((one, i) => {
    const issue: Issue[] = causes[i]?.issues ?? [{ severity: 'error', code: 'invalid', diagnostics: one.message }]
    return { ...one.toJSON(), extensions: { resource: { resourceType: 'OperationOutcome', issue } } }
  })
  return jsonAnswer(causes[0]?.status ?? 400, { data: null, errors })
}

/** Not `application/fhir+json`: https://hl7.org/fhir/R4/graphql.html#invoking */
export function jsonAnswer(status: number, body: object): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: stringifyJson(body) }
}
