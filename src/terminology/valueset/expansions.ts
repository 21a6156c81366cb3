import { Lately } from '../../base/lately.js'
import { stringifyJson } from '../../fhir/json.js'
import type { Composition } from './composition.js'
import { type Expanding, expand } from './expand.js'

/** Characters of expansions that stay at hand; a form asks for the same ones again and again. */
const MOST = 16 * 1024 * 1024
/** What one weighs that is still being made. */
const UNDER_WAY = 1024

const kept = new Lately<Promise<string>>(MOST)
/** What stands for a composition in the keys of its expansions. */
const numbers = new WeakMap<Composition, number>()
let compositions = 0

/**
 * As `expand`, as JSON text; the same page is made once, and has the same identifier whenever it is asked for.
 * @param composition  as long as it is the same one, so is what it is made of
 */
export function expansion(composition: Composition, asked: Expanding): Promise<string> {
  const { languages, ...rest } = asked
  const key = JSON.stringify([numberOf(composition), rest, languages?.toString(), languages?.refuseOthers])
  const known = kept.get(key)
  if (known) return known
  const text = expand(composition, asked).then((valueSet) => stringifyJson(valueSet))
  kept.set(key, text, UNDER_WAY)
  text.then(({ length }) => kept.set(key, text, length)).catch(() => kept.delete(key))
  return text
}

function numberOf(composition: Composition): number {
  let number = numbers.get(composition)
  if (number === undefined) {
    number = ++compositions
    numbers.set(composition, number)
  }
  return number
}
