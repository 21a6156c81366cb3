import type { OperationOutcome } from '@medplum/fhirtypes'
import { Invalid, NotAcceptable } from '../base/errors.js'
import { parseJson, stringifyJson } from '../fhir/json.js'
import { stringifyXml } from '../fhir/xml/write.js'
import { outcomeText } from '../rest/answers.js'
import type { Answer } from '../rest/exchange.js'
import { lines } from './ndjson.js'
import { contentTypes, type Format, formatOf } from './negotiate.js'
import type { Query } from './query.js'

/** How the client wants to read what it asks for. */
export interface Layout {
  format: Format
  pretty: boolean
}

/** What most clients want: the text as it is. */
export const plain: Layout = Object.freeze({ format: 'json', pretty: false })

/** How `_format`, `_pretty` and `Accept` want it; undefined when there is no such format. */
export function layoutOf(accept: string | undefined, { format, pretty }: Query): Layout | undefined {
  const found = formatOf(accept, format)
  return found === 'json' && !pretty ? plain : found && { format: found, pretty }
}

type Resource = Record<string, unknown>

const INDENT = 2

/**
 * The answer in the format that was asked for. JSON passes through as text; what is not FHIR stays as it is.
 * @throws NotAcceptable  the format cannot say it (406)
 */
export function rendered(answer: Answer, { format, pretty }: Layout): Answer {
  const { body, contentType } = answer
  if (body === undefined || contentType !== undefined || (format === 'json' && !pretty)) return answer
  const resource = parseJson(body) as Resource
  if (format !== 'ndjson') return { ...answer, ...textOf(resource, format, pretty) }
  if (pretty) throw new Invalid('_pretty does not go with NDJSON, which has a resource on each line')
  const { headers, body: text } = lines(resource)
  return { ...answer, headers: { ...answer.headers, ...headers }, body: text, contentType: contentTypes.ndjson }
}

/** What a write answers, which is done and cannot be refused any more: a warning where the format cannot say it. */
export function renderedWrite(answer: Answer, layout: Layout): Answer {
  try {
    return rendered(answer, layout)
  } catch (error) {
    if (!(error instanceof NotAcceptable)) throw error
    const body = outcomeText('warning', 'not-supported', `This is done, but the answer is left out: ${error.message}`)
    return rendered({ ...answer, body }, layout)
  }
}

/** A refusal in the format that was asked for; as NDJSON it is one line. */
export function renderedOutcome(outcome: OperationOutcome, { format, pretty }: Layout) {
  if (format === 'xml') {
    try {
      return textOf(outcome as unknown as Resource, 'xml', pretty)
    } catch (error) {
      // It names something of the request that has a character which XML does not have: JSON has it.
      if (!(error instanceof NotAcceptable)) throw error
    }
  }
  if (format === 'ndjson') return { body: `${JSON.stringify(outcome)}\n`, contentType: contentTypes.ndjson }
  return { body: JSON.stringify(outcome, null, pretty ? INDENT : 0), contentType: contentTypes.json }
}

function textOf(resource: Resource, format: 'json' | 'xml', pretty: boolean) {
  const indent = pretty ? INDENT : 0
  const body = format === 'json' ? stringifyJson(resource, indent) : stringifyXml(resource, indent)
  return { body, contentType: contentTypes[format] }
}
