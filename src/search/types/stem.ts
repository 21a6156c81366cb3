/*
 * Porter's algorithm for English: https://tartarus.org/martin/PorterStemmer/def.txt
 * A rule is a suffix, what replaces it, and how many consonant-vowel sequences (m) must stand before it.
 */
type Rule = readonly [suffix: string, replacement: string]

const PLURALS: readonly Rule[] = [
  ['sses', 'ss'],
  ['ies', 'i'],
  ['ss', 'ss'],
  ['s', ''],
]
const STEP_2: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['logi', 'log'],
]
const STEP_3: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
]
const STEP_4 = [
  'al',
  'ance',
  'ence',
  'er',
  'ic',
  'able',
  'ible',
  'ant',
  'ement',
  'ment',
  'ent',
  'sion',
  'tion',
  'ou',
  'ism',
  'ate',
  'iti',
  'ous',
  'ive',
  'ize',
].sort((a, b) => b.length - a.length)

/** Words of other alphabets, with digits, or too short to have an ending stay as they are. */
const ENGLISH = /^[a-z]{3,40}$/
const MOST = 20_000
let recent = new Map<string, string>()

/** What `fractures`, `fractured` and `fracturing` have in common; the word is in lower case. */
export function stem(word: string): string {
  if (!ENGLISH.test(word)) return word
  let found = recent.get(word)
  if (found === undefined) {
    found = stemmed(word)
    if (recent.size >= MOST) recent = new Map()
    recent.set(word, found)
  }
  return found
}

function stemmed(word: string): string {
  let w = replaced(word, PLURALS, 0, true)
  w = pastAndProgressive(w)
  if (w.endsWith('y') && hasVowel(w.slice(0, -1))) w = `${w.slice(0, -1)}i`
  w = replaced(w, STEP_2, 1)
  w = replaced(w, STEP_3, 1)
  const ending = STEP_4.find((suffix) => w.endsWith(suffix))
  if (ending) {
    // Of -sion and -tion only the -ion goes.
    const rest = w.slice(0, w.length - (ending.endsWith('ion') ? 3 : ending.length))
    if (measure(rest) > 1) w = rest
  }
  if (w.endsWith('e')) {
    const rest = w.slice(0, -1)
    const m = measure(rest)
    if (m > 1 || (m === 1 && !endsShort(rest))) w = rest
  }
  return w.endsWith('ll') && measure(w) > 1 ? w.slice(0, -1) : w
}

/** The first suffix that fits decides, whether or not what stands before it is long enough. */
function replaced(word: string, rules: readonly Rule[], least: number, always = false): string {
  for (const [suffix, replacement] of rules) {
    if (!word.endsWith(suffix)) continue
    const rest = word.slice(0, word.length - suffix.length)
    return always || measure(rest) >= least ? rest + replacement : word
  }
  return word
}

/** -eed, -ed, -ing; what they leave gets its e back, or loses a doubled consonant. */
function pastAndProgressive(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word
  const suffix = ['ed', 'ing'].find((one) => word.endsWith(one))
  if (!suffix) return word
  const rest = word.slice(0, word.length - suffix.length)
  if (!hasVowel(rest)) return word
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`
  if (/([^aeiouylsz])\1$/.test(rest)) return rest.slice(0, -1)
  return measure(rest) === 1 && endsShort(rest) ? `${rest}e` : rest
}

const isVowel = (word: string, i: number): boolean =>
  'aeiou'.includes(word[i]!) || (word[i] === 'y' && i > 0 && !isVowel(word, i - 1))

const hasVowel = (word: string): boolean => [...word].some((_, i) => isVowel(word, i))

/** How often a consonant follows a vowel: 0 in `tree`, 1 in `trouble`, 2 in `private`. */
function measure(word: string): number {
  let m = 0
  let afterVowel = false
  for (let i = 0; i < word.length; i++) {
    const vowel = isVowel(word, i)
    if (afterVowel && !vowel) m++
    afterVowel = vowel
  }
  return m
}

/** consonant, vowel, consonant, the last not w, x or y: `hop` */
function endsShort(word: string): boolean {
  const n = word.length
  return (
    n >= 3 && !isVowel(word, n - 1) && isVowel(word, n - 2) && !isVowel(word, n - 3) && !'wxy'.includes(word[n - 1]!)
  )
}
