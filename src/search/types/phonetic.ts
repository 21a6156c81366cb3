import type { Entry } from '../entry.js'
import { hashOften } from '../hash.js'
import { textPrefix } from '../names.js'
import { searchParameters } from '../parameters.js'
import * as string from './string.js'

/** The parameter of R4 whose values are names as they sound: on Patient, Person, Practitioner and RelatedPerson. */
export const CODE = 'phonetic'

export const hashOf = (tenant: number, type: string, sound: string): bigint =>
  hashOften(`${textPrefix(tenant, type, CODE)}${sound}`)

/** How the words of a name sound. */
export function sounds(name: string): string[] {
  return string
    .words(name)
    .map(metaphone)
    .filter((sound) => sound !== '')
}

/** Puts the sounds of the names into the index, beside the words. */
export function indexers(tenant: number, type: string): ((resource: unknown, entry: Entry) => void)[] {
  const parameter = searchParameters(type).get(CODE)
  if (!parameter) return []
  return [
    (resource, entry) => {
      const add = (text: string) => {
        for (const sound of sounds(text)) entry.txt.add(hashOf(tenant, type, sound))
      }
      for (const path of parameter.paths) path.each(resource, (value, kind) => string.indexed(value, kind, add))
    },
  ]
}

const LONGEST = 100

/** Beginnings of which the first letter is silent. */
const SILENT = /^(?:ae|gn|kn|pn|wr)/

/** What is heard of letters inside a word; the first that fits is taken, and reading goes on behind it. */
const RULES: readonly (readonly [letters: RegExp, sound: string])[] = [
  [/mb$/y, 'M'],
  [/sch/y, 'SK'],
  [/tch/y, 'X'],
  [/cia/y, 'X'],
  [/ch/y, 'X'],
  [/c(?=[iey])/y, 'S'],
  [/ck?/y, 'K'],
  [/dg(?=[eyi])/y, 'J'],
  [/d/y, 'T'],
  [/gh(?![aeiou])/y, ''],
  [/gn(?:ed)?$/y, 'N'],
  [/g(?=[iey])/y, 'J'],
  [/g/y, 'K'],
  [/ph/y, 'F'],
  [/sh|s(?=i[oa])/y, 'X'],
  [/th/y, '0'],
  [/t(?=i[oa])/y, 'X'],
  [/h(?=[aeiou])/y, 'H'],
  [/q/y, 'K'],
  [/v/y, 'F'],
  [/w(?=[aeiou])/y, 'W'],
  [/x/y, 'KS'],
  [/y(?=[aeiou])/y, 'Y'],
  [/z/y, 'S'],
  [/[hwyaeiou]/y, ''],
]

/**
 * Lawrence Philips' Metaphone: `smith` and `smyth` are SM0, `catherine` and `katharine` K0RN.
 * What is no word of Latin letters, or longer than a name, stands for itself.
 */
export function metaphone(word: string): string {
  if (word.length > LONGEST || !/^[a-z]+$/.test(word)) return word
  // A doubled letter sounds once, but for c (`accept`).
  let text = word.replace(SILENT, (silent) => silent[1]!).replace(/([abd-z])\1+/g, '$1')
  text = text.replace(/^x/, 's').replace(/^wh/, 'w')
  let code = /^[aeiou]/.test(text) ? text[0]!.toUpperCase() : ''
  for (let at = code.length; at < text.length; ) {
    const [letters, sound] = heardAt(text, at)
    code += sound
    at += letters
  }
  return code
}

function heardAt(text: string, at: number): readonly [letters: number, sound: string] {
  for (const [letters, sound] of RULES) {
    letters.lastIndex = at
    const found = letters.exec(text)
    if (found) return [found[0].length, sound]
  }
  return [1, text[at]!.toUpperCase()]
}
