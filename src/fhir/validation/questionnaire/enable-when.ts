import { equals, order } from '../../fhirpath/equality.js'
import { itemOf } from '../../fhirpath/item.js'
import { isTrue } from '../invariants.js'
import type { Json, Place } from '../rule.js'
import { allItems, answersOf, choiceOf, extensionOf, type Item, itemsOf, objects, type Value } from './items.js'

/** An item of the response, or the whole of it, with what it answers in the Questionnaire; innermost last. */
export interface Step {
  readonly definition: Json
  readonly response: Json
}

/**
 * Whether an item is to be answered, by its enableWhen.
 *
 * @param way  from the whole response to what holds the item
 * @returns true also where that cannot be told
 * @see https://hl7.org/fhir/R4/questionnaire.html#enableWhen
 */
export function isEnabled(item: Item, way: readonly Step[], at: Place): boolean {
  const expression = extensionOf(item, 'enableWhenExpression')?.value as { expression?: unknown } | undefined
  if (typeof expression?.expression === 'string') {
    return isTrue(expression.expression, 'QuestionnaireResponse', way[0]!.response, at) ?? true
  }
  const conditions = objects(item.enableWhen)
  if (conditions.length === 0) return true
  const met = conditions.map((one) => isMet(one, item, way))
  if (conditions.length === 1 || item.enableBehavior === 'any') return met.includes(true)
  return item.enableBehavior === 'all' ? !met.includes(false) : true
}

function isMet(condition: Json, item: Item, way: readonly Step[]): boolean {
  const { question, operator } = condition
  const answers = answersTo(String(question), item, way)
  const wanted = choiceOf(condition, 'answer')
  if (operator === 'exists') return answers.length > 0 === (wanted?.value === true)
  return wanted !== undefined && answers.some((answer) => holds(answer, operator, wanted))
}

/**
 * Answers of the question in the innermost group that holds both it and the item that asks: with groups that repeat, each
 * has its own.
 */
function answersTo(question: string, item: Item, way: readonly Step[]): Value[] {
  const common = way.findLast(({ definition }) => {
    const below = [definition, ...allItems(definition)]
    return below.some(({ linkId }) => linkId === question) && below.some((one) => one === item)
  })
  if (!common) return []
  return [common.response, ...allOfResponse(common.response)]
    .filter(({ linkId }) => linkId === question)
    .flatMap((one) => answersOf(one).flatMap((answer) => choiceOf(answer) ?? []))
}

const allOfResponse = (node: Json): Item[] =>
  [...itemsOf(node), ...answersOf(node).flatMap(itemsOf)].flatMap((item) => [item, ...allOfResponse(item)])

const relations: Readonly<Record<string, (order: number) => boolean>> = {
  '>': (order) => order > 0,
  '<': (order) => order < 0,
  '>=': (order) => order >= 0,
  '<=': (order) => order <= 0,
}

function holds(answer: Value, operator: unknown, wanted: Value): boolean {
  if (operator === '=' || operator === '!=') return areSame(answer, wanted) === (operator === '=')
  const relation = relations[String(operator)]
  if (!relation || answer.type !== wanted.type) return false
  const order_ = order(itemOf(answer.value, answer.type), itemOf(wanted.value, wanted.type))
  return typeof order_ === 'number' && relation(order_)
}

function areSame(answer: Value, wanted: Value): boolean {
  if (answer.type !== wanted.type) return false
  if (answer.type === 'Coding') {
    const [given, asked] = [answer.value as Json, wanted.value as Json]
    return given.code === asked.code && (asked.system === undefined || given.system === asked.system)
  }
  return equals(itemOf(answer.value, answer.type), itemOf(wanted.value, wanted.type)) === true
}
