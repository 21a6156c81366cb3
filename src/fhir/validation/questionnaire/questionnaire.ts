import type { Json, Place } from '../rule.js'
import { allItems, type Item, itemsOf, objects } from './items.js'
import { messages } from './messages.js'

/** Whether what a questionnaire's items ask of each other can be asked. */
export function checkQuestionnaire(questionnaire: Json, at: Place): void {
  const order = allItems(questionnaire)
  const visit = (holder: Json, around: string, parents: readonly Item[]): void => {
    for (const [i, item] of itemsOf(holder).entries()) {
      const below = `${around}.item[${i}]`
      checkConditions(item, below, order, parents, at)
      visit(item, below, [...parents, item])
    }
  }
  visit(questionnaire, '', [])
}

function checkConditions(item: Item, below: string, order: readonly Item[], parents: readonly Item[], at: Place): void {
  for (const { question } of objects(item.enableWhen)) {
    if (typeof question !== 'string') continue
    const target = order.find(({ linkId }) => linkId === question)
    if (!target)
      at.report(messages.noTarget, () => 'has an enableWhen that asks of an item that is not there', { below })
    else if (target === item)
      at.report(messages.self, () => 'has an enableWhen that asks of the item itself', { below })
    else if (allItems(item).includes(target)) {
      at.report(messages.inner, () => 'has an enableWhen that asks of an item within it', { below })
    } else if (!parents.includes(target) && order.indexOf(target) > order.indexOf(item)) {
      const severity = 'warning'
      at.report(messages.after, () => 'has an enableWhen that asks of an item that comes later', { below, severity })
    }
  }
}
