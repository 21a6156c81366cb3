import type { Issue } from '../../../base/errors.js'
import { order } from '../../fhirpath/equality.js'
import { itemOf } from '../../fhirpath/item.js'
import type { Json, Place } from '../rule.js'
import { checkAnswer, kinds } from './answers.js'
import { isEnabled, type Step } from './enable-when.js'
import type { Given } from './given.js'
import { allItems, answersOf, choiceOf, type Item, itemsOf, numberOf } from './items.js'
import { messages } from './messages.js'

/**
 * Whether a response answers its questionnaire as that wants it.
 *
 * @see https://hl7.org/fhir/R4/questionnaireresponse.html
 */
export function checkResponse(response: Json, at: Place): void {
  const { questionnaire: canonical } = response
  if (typeof canonical !== 'string') {
    const severity = 'information'
    at.report(messages.noQuestionnaire, () => 'names no questionnaire, so its answers are not checked', { severity })
    return
  }
  const questionnaire = definitionOf(canonical, at)
  if (questionnaire === undefined) return
  if (questionnaire === null) {
    const severity = 'warning'
    at.report(messages.unknown, () => `${canonical} is not known here, so the answers are not checked`, { severity })
    return
  }
  checkAuthored(response, questionnaire, at)
  new Review(questionnaire, response, at).items(questionnaire, response, '', [{ definition: questionnaire, response }])
}

function definitionOf(canonical: string, at: Place): Json | null | undefined {
  if (!canonical.startsWith('#')) return at.definition('Questionnaire', canonical) as Json | null | undefined
  const { contained } = at.rootResource
  const all = Array.isArray(contained) ? (contained as Json[]) : []
  return all.find(({ id, resourceType }) => resourceType === 'Questionnaire' && `#${id}` === canonical) ?? null
}

function checkAuthored({ authored }: Json, { effectivePeriod }: Json, at: Place): void {
  const { start, end } = (effectivePeriod ?? {}) as Json
  if (typeof authored !== 'string') return
  const relation = (limit: unknown) =>
    typeof limit === 'string' ? order(itemOf(authored, 'dateTime'), itemOf(limit, 'dateTime')) : undefined
  const [afterEnd, afterStart] = [relation(end), relation(start)]
  const more = { severity: 'warning' as const, below: '.authored' }
  if (typeof afterEnd === 'number' && afterEnd > 0) {
    at.report(messages.authoredLate, () => `is after ${end}, when the questionnaire went out of use`, more)
  }
  if (typeof afterStart === 'number' && afterStart < 0) {
    at.report(messages.authoredEarly, () => `is before ${start}, when the questionnaire came into use`, more)
  }
}

/** One response held against its questionnaire. */
class Review {
  private readonly known: ReadonlyMap<unknown, Item>
  /** What is missing from what is not finished may still come. */
  private readonly incompleteness: Issue['severity']

  constructor(
    private readonly questionnaire: Json,
    response: Json,
    private readonly at: Place,
  ) {
    this.known = new Map(allItems(questionnaire).map((item) => [item.linkId, item]))
    this.incompleteness = response.status === 'completed' || response.status === 'amended' ? 'error' : 'warning'
  }

  /**
   * The items of one level.
   *
   * @param holder  the response, an item of it or an answer
   * @param below  where that stands: `.item[0]`
   * @param way  from the response to the item that holds these
   */
  items(definition: Json, holder: Json, below: string, way: readonly Step[], within = below): void {
    const { at } = this
    const asked = itemsOf(definition)
    const places = new Map(asked.map(({ linkId }, i) => [linkId, i]))
    const answered = new Map<Item, { item: Item; below: string }[]>()
    let last = -1
    for (const [i, item] of itemsOf(holder).entries()) {
      const here = `${within}.item[${i}]`
      if (typeof item.linkId !== 'string' || item.linkId === '') {
        at.report(messages.noLinkId, () => 'must have a linkId', { below: here })
        continue
      }
      const place = places.get(item.linkId)
      if (place === undefined) {
        this.stray(item, here, below, way)
        continue
      }
      if (place < last) at.report(messages.order, () => `has items in another order than the questionnaire`, { below })
      last = place
      const question = asked[place]!
      answered.set(question, [...(answered.get(question) ?? []), { item, below: here }])
    }
    for (const question of asked) this.question(question, answered.get(question) ?? [], below, way)
  }

  /** An item that is not where the questionnaire has it. */
  private stray(item: Item, here: string, below: string, way: readonly Step[]): void {
    const question = this.known.get(item.linkId)
    if (!question) {
      this.at.report(messages.notFound, () => 'has an item with a linkId that the questionnaire does not have', {
        below,
      })
      return
    }
    this.at.report(messages.misplaced, () => `has an item that the questionnaire has elsewhere`, { below })
    this.item(
      question,
      item,
      here,
      [...way, { definition: question, response: item }],
      isEnabled(question, way, this.at),
    )
  }

  private question(
    question: Item,
    items: readonly { item: Item; below: string }[],
    below: string,
    way: readonly Step[],
  ): void {
    const { at } = this
    const enabled = isEnabled(question, way, at)
    if (items.length === 0) {
      if (enabled && question.required === true) this.missing(question, below)
      return
    }
    if (items.length > 1 && question.repeats !== true) {
      at.report(messages.oneItem, () => `has ${items.length} items ${question.linkId}, which occurs once`, { below })
    }
    for (const { item, below: here } of items) {
      if (!enabled && (item.answer !== undefined || item.item !== undefined)) {
        at.report(messages.notEnabled, () => 'must not be answered, as its enableWhen does not hold', { below: here })
      }
      this.item(question, item, here, [...way, { definition: question, response: item }], enabled)
    }
  }

  private missing({ linkId }: Item, below: string): void {
    const { at, incompleteness: severity } = this
    at.report(messages.missing, () => `must answer the question ${linkId}, which is required`, { below, severity })
  }

  private item(question: Item, item: Item, below: string, way: readonly Step[], enabled: boolean): void {
    const { at } = this
    const { type, text } = question
    if (typeof item.text === 'string' && item.text !== text) {
      at.report(messages.otherText, () => 'has another text than the questionnaire', { below })
    }
    const answers = answersOf(item)
    const isGroup = type === 'group'
    if (
      question.required === true &&
      !isGroup &&
      answers.length === 0 &&
      (enabled || this.incompleteness !== 'error')
    ) {
      this.missing(question, below)
    }
    if (!isGroup && type !== 'display') this.count(question, answers.length, below)
    for (const [i, answer] of answers.entries()) this.answer(question, answer, answers.length, `${below}.answer[${i}]`)
    for (const [i, answer] of answers.entries()) {
      if (!isGroup) this.items(question, answer, below, way, `${below}.answer[${i}]`)
    }

    const nested = itemsOf(item).length
    if (isGroup) {
      if (question.required === true && nested === 0) {
        at.report(messages.requiredGroup, () => 'must have items, as it is required', {
          below,
          severity: this.incompleteness,
        })
      }
      this.items(question, item, below, way)
    } else if (nested > 0) {
      if (type === 'display')
        at.report(messages.displayItem, () => 'must have no items: it is displayed only', { below })
      else at.report(messages.questionItem, () => 'must have its items in its answer, as it is a question', { below })
    }
  }

  private count(question: Item, answers: number, below: string): void {
    const { at } = this
    if (answers > 1 && question.repeats !== true) {
      at.report(messages.oneAnswer, () => `has ${answers} answers, and one is allowed`, { below })
    }
    const [fewest, most] = [numberOf(question, 'minOccurs'), numberOf(question, 'maxOccurs')]
    if (fewest !== undefined && answers < fewest) {
      at.report(messages.fewest, () => `has ${answers} answers, and needs ${fewest}`, { below })
    }
    if (most !== undefined && answers > most) {
      at.report(messages.most, () => `has ${answers} answers, and ${most} are allowed`, { below })
    }
  }

  private answer(question: Item, answer: Json, of: number, below: string): void {
    const { at } = this
    const itemBelow = below.slice(0, below.lastIndexOf('.'))
    if (question.type === 'group') {
      at.report(messages.groupAnswer, () => 'must have no answers, as it is a group', { below: itemBelow })
      return
    }
    if (question.type === 'display') {
      at.report(messages.displayAnswer, () => 'must have no answers: it is displayed only', { below: itemBelow })
      return
    }
    const kind = kinds[String(question.type)]
    const value = choiceOf(answer)
    if (!kind || !value) return
    const given: Given = {
      ...value,
      questionnaire: this.questionnaire,
      item: question,
      of,
      at,
      say: (message, diagnostics, { severity, whole } = {}) =>
        at.report(message, diagnostics, {
          severity,
          below: whole ? below : `${below}.value.ofType(${value.type})`,
        }),
    }
    checkAnswer(given, kind)
  }
}
