import type { Issue } from '../../../base/errors.js'
import type { Json, Message, Place } from '../rule.js'
import type { Item, Value } from './items.js'

/** An answer under examination, and where to say what is wrong with it. */
export interface Given extends Value {
  readonly questionnaire: Json
  /** The item of the Questionnaire that it answers. */
  readonly item: Item
  /** How many answers there are to it. */
  readonly of: number
  readonly at: Place
  /** Of the value, or with `whole` of the answer around it. */
  say(message: Message, diagnostics: () => string, more?: { severity?: Issue['severity']; whole?: boolean }): void
}
