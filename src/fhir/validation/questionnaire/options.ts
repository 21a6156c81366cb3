import { equals } from '../../fhirpath/equality.js'
import { itemOf } from '../../fhirpath/item.js'
import type { Json } from '../rule.js'
import type { Given } from './given.js'
import { choiceOf, extensionOf, objects, type Value } from './items.js'
import { messages } from './messages.js'

/**
 * Whether an answer is one of those to choose from: those listed, or those of a value set. To an open choice there may be
 * another text; https://hl7.org/fhir/R4/questionnaire.html#2.12.7.2
 */
export function checkOptions(given: Given): void {
  const { item } = given
  const options = objects(item.answerOption)
  if (options.length > 0) checkListed(given, options)
  else if (typeof item.answerValueSet === 'string') checkMember(given, item.answerValueSet)
}

const isChoice = ({ item }: Given) => item.type === 'choice' || item.type === 'open-choice'

function checkListed(given: Given, options: readonly Json[]): void {
  const { type, item, of, say } = given
  if (item.type === 'open-choice' && type === 'string') return
  const whole = isChoice(given)
  const option = options.find((one) => isSame(given, choiceOf(one)))
  if (!option) say(messages.notOption, () => `must be one of the ${options.length} options of the question`, { whole })
  else if (of > 1 && extensionOf(option, 'optionExclusive')?.value === true) {
    say(messages.exclusive, () => 'is an option that excludes the others, so it must be the only answer', { whole })
  }
}

/** A date may be an option for a dateTime, as there are no others. */
function isSame(given: Given, option: Value | undefined): boolean {
  if (!option) return false
  if (given.type !== 'Coding' || option.type !== 'Coding') {
    return (
      given.type !== 'Coding' && equals(itemOf(given.value, given.type), itemOf(option.value, option.type)) === true
    )
  }
  const [answer, listed] = [given.value as Json, option.value as Json]
  return answer.code === listed.code && answer.system === listed.system
}

function checkMember(given: Given, valueSet: string): void {
  const { type, value, item, at, say } = given
  const { system, version, code, display } = type === 'Coding' ? (value as Json) : ({ code: value } as Json)
  if (type !== 'Coding' && isChoice(given)) return
  if (valueSet.startsWith('#')) {
    checkContained(given, valueSet.slice(1))
    return
  }
  // A choice from a value set may be told in words where others are allowed.
  if (typeof code !== 'string') return
  const answer = at.member({
    valueSet,
    code,
    ...(typeof system === 'string' && { system }),
    ...(typeof version === 'string' && { version }),
    ...(typeof display === 'string' && { display }),
  })
  if (!answer) return
  if (answer.isIn === undefined) {
    const missing = answer.missing ?? valueSet
    const severity = 'warning'
    say(messages.untold, () => `could not be looked up in ${valueSet}: ${missing} is not known here`, { severity })
  } else if (!answer.isIn && type === 'Coding') {
    say(messages.notInValueSet, () => `must be in ${valueSet}, as the question ${item.linkId} says`, { whole: true })
  } else if (!answer.isIn) {
    say(messages.textNotInValueSet, () => `must be a code of ${valueSet}, as the question ${item.linkId} says`)
  } else if (answer.displays) {
    const names = answer.displays.slice(0, 3).join("' or '")
    say(messages.notInValueSet, () => `has a display that is not of its code, which is '${names}'`, { whole: true })
  }
}

/** Of a value set within the Questionnaire, which terminology does not know: that it lists, or has all of a system. */
function checkContained({ type, value, questionnaire, item, at, say }: Given, id: string): void {
  const { system, code } = type === 'Coding' ? (value as Json) : ({ code: value } as Json)
  const valueSet = objects(questionnaire.contained).find((one) => one.resourceType === 'ValueSet' && one.id === id)
  const { include, exclude } = (valueSet?.compose ?? {}) as Json
  const answers = objects(include).map((one): boolean | undefined => {
    if (one.filter !== undefined || one.valueSet !== undefined) return undefined
    if (system !== undefined && one.system !== system) return false
    if (one.concept !== undefined) return objects(one.concept).some((concept) => concept.code === code)
    if (typeof one.system !== 'string' || typeof code !== 'string') return undefined
    return at.member({ system: one.system, code })?.isIn
  })
  if (answers.includes(true) && exclude === undefined) return
  if (!valueSet || exclude !== undefined || answers.includes(undefined)) {
    const severity = 'warning'
    say(messages.untold, () => `could not be looked up in #${id} of the questionnaire`, { severity })
  } else say(messages.notInValueSet, () => `must be in #${id}, as the question ${item.linkId} says`, { whole: true })
}
