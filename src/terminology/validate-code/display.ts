import type { Displays } from '../displays.js'
import type { Languages } from '../languages.js'
import { issueOf, type Message } from '../messages.js'
import type { Notes } from './notes.js'
import { type Question, type Sought, under } from './question.js'

interface Checked extends Pick<Sought, 'system' | 'code' | 'place'> {
  /** As it came. */
  readonly display: string
  readonly displays: Displays
  /** Of the code system. */
  readonly language?: string
}

type Asked = Pick<Question, 'languages' | 'lenientDisplay'>

/** Notes where a code that is right came with a display that is not. */
export function checkDisplay(checked: Checked, { languages, lenientDisplay }: Asked, notes: Notes): void {
  const { display, displays, place, code } = checked
  const expression = under(place, 'display')
  const severity = lenientDisplay ? 'warning' : 'error'
  if (displays.all.length === 0) return
  if (displays.likens(display, languages) === 'same') {
    if (displays.current(display, languages).length === 0) noteOutdated(checked, severity, notes)
    return
  }
  // Displays are what a system shows; where a language has none, its other texts count, but less.
  const count = displays.count(languages, true)
  const others = count || displays.count(languages, false)
  if (others) {
    notes.say(wrong(checked, others, languages, { expression, severity: count ? severity : 'warning' }))
    return
  }
  const { system, language = 'en' } = checked
  const asked = { display, system, code, languages: languages?.toString() ?? NONE }
  const valid = displays.preferred()
  if (valid === undefined) notes.say(issueOf('noDisplayAtAll', asked, { expression }))
  else if (displays.likens(display, languages, language) === 'same')
    notes.say(issueOf('displayOfOtherLanguage', asked, { expression }))
  else notes.say(issueOf('noDisplayInLanguage', { ...asked, valid }, { expression, severity }))
}

/** The same of a code that is not in the value set. */
export function checkDisplayOutside(checked: Checked, { languages, lenientDisplay }: Asked, notes: Notes): void {
  const { display, displays, place, code, system, language = 'en' } = checked
  const expression = under(place, 'display')
  if (displays.all.length === 0 || displays.likens(display, languages, language) === 'same') return
  const count = displays.count(languages, true)
  const asked = { display, system, code, languages: languages?.toString() ?? NONE }
  if (count === 0) notes.say(issueOf('noDisplayAtAll', asked, { expression }))
  else notes.say(wrong(checked, count, languages, { expression, severity: lenientDisplay ? 'warning' : 'error' }))
}

const NONE = '--'

function wrong(
  { display, displays, system, code }: Checked,
  count: number,
  languages: Languages | undefined,
  where: { expression: string; severity: 'warning' | 'error' },
) {
  const kind = displays.likens(display, languages) === 'whitespace' ? 'wrongWhitespace' : 'wrongDisplay'
  const message: Extract<Message, `wrong${string}`> = count === 1 ? kind : `${kind}OfSeveral`
  const valid = displays.list(languages)
  const filling = { display, system, code, valid, count: String(count), languages: languages?.toString() ?? NONE }
  return issueOf(message, filling, where)
}

function noteOutdated({ display, displays, code, place }: Checked, severity: 'warning' | 'error', notes: Notes): void {
  const right = displays.all.filter(({ outdated, isDisplay }) => !outdated && isDisplay).map(({ value }) => value)
  const status = displays.all.find(({ value }) => value.toLowerCase() === display.toLowerCase())?.outdated ?? ''
  const message = right.length === 1 ? 'outdatedDisplay' : 'outdatedDisplayOfSeveral'
  const filling = { display, code, status, valid: right.join(', ') }
  notes.note(issueOf(message, filling, { expression: under(place, 'display'), severity }))
}
