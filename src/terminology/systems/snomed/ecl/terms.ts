import { wordsOf } from '../../../text.js'
import type { SearchTerm } from './ast.js'

/** Whether one of the terms matches the text: words whatever their case and accents, the whole of it whatever its case. */
export function matches(terms: readonly SearchTerm[], text: string): boolean {
  const words = wordsOf(text)
  const whole = text.toLowerCase()
  return terms.some((term) => {
    if (term.kind === 'wild')
      return isLike(
        whole,
        term.parts.map((part) => part?.toLowerCase()),
      )
    const sought = term.words.flatMap((word) => wordsOf(word))
    return sought.every((one) => words.some((word) => word.startsWith(one)))
  })
}

/** @param parts  undefined is any characters */
function isLike(text: string, parts: readonly (string | undefined)[]): boolean {
  const texts = parts.filter((part) => part !== undefined)
  const [opens, closes] = [parts[0] === undefined, parts.at(-1) === undefined]
  if (texts.length === 0) return true
  if (parts.length === 1) return text === texts[0]
  let at = 0
  for (const [i, part] of texts.entries()) {
    const isLast = i === texts.length - 1
    if (isLast && !closes)
      return text.length - part.length >= at && text.endsWith(part) && (i > 0 || opens || text === part)
    const found = i === 0 && !opens ? (text.startsWith(part) ? 0 : -1) : text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return true
}

/** Words that a text must have to match, each as a beginning; none where that cannot be said. */
export function neededWords(terms: readonly SearchTerm[]): readonly string[] {
  const [only, ...others] = terms
  return only?.kind === 'match' && others.length === 0 ? only.words.flatMap((word) => wordsOf(word)) : []
}
