import { Invalid, TooCostly } from '../../base/errors.js'
import type { Clause, ProseScope } from '../clause.js'
import { hashOften } from '../hash.js'
import type { SearchParameter } from '../parameters.js'
import { allOf, anyOf, UnusableParameter } from '../reading.js'
import { stem } from '../types/stem.js'
import { words } from '../types/string.js'
import { unescaped } from '../types/token.js'

/** `:text`: every word of the value is there, in any order and grammatical form. */
export function plainWords(
  names: readonly string[],
  scope: ProseScope | undefined,
  values: readonly string[],
  name: string,
): Clause {
  return anyOf(
    values.map((value): Clause => {
      const found = words(unescaped(value))
      if (found.length === 0) throw new Invalid(`${name}: there is no word to search for`)
      return allWords(names, scope, found)
    }),
  )
}

const allWords = (names: readonly string[], scope: ProseScope | undefined, found: string[]): Clause => ({
  kind: 'words',
  words: found.map((word) => names.map((prefix) => hashOften(prefix + stem(word)))),
  ...(scope && { wanted: [{ scope, words: found }] }),
})

/**
 * `_text`, `_content` and `:text-advanced`: words with AND, OR, NOT and parentheses, "phrases" and beginnings*.
 * Words side by side must all be there. `and` and `or` may be in lower case, as in the standard's own example;
 * `not` may not, since it is a word of many texts.
 *
 * @param names  under which words are hashed
 * @param scope  where phrases and beginnings are looked for: an index of words knows neither
 * @see https://hl7.org/fhir/R4/search.html#content
 */
export function advanced(
  names: readonly string[],
  scope: ProseScope | undefined,
  values: readonly string[],
  name: string,
): Clause {
  return anyOf(values.map((value) => new Parser(unescaped(value), names, scope, name).all()))
}

/** Where the texts are that a parameter's `:text` looks into; undefined: its paths say too little. */
export function scopeOf({ paths }: SearchParameter): ProseScope | undefined {
  const found: string[] = []
  for (const { type, steps } of paths) {
    if (!steps) return undefined
    const path = `$${steps.map(({ name, array }) => `."${name}"${array ? '[*]' : ''}`).join('')}`
    found.push(...(LEAVES[type] ?? ['']).map((leaf) => path + leaf))
  }
  return { kind: 'paths', paths: found }
}

/** What of a value is text, by its type. */
const LEAVES: Record<string, readonly string[]> = {
  CodeableConcept: ['.coding[*].display', '.text'],
  Coding: ['.display'],
  Identifier: ['.type.text'],
  HumanName: ['.text', '.family', '.given[*]', '.prefix[*]', '.suffix[*]'],
  Address: ['.text', '.line[*]', '.city', '.district', '.state', '.postalCode', '.country'],
}

const DEEPEST = 30
const MOST_TOKENS = 1000
const TOKEN = /\s*(\(|\)|"(?:[^"]*)"|-(?=["(\p{L}\p{N}])|[^\s()"]+)/uy

class Parser {
  private readonly tokens: string[] = []
  private at = 0
  private depth = 0

  constructor(
    text: string,
    private readonly names: readonly string[],
    private readonly scope: ProseScope | undefined,
    private readonly name: string,
  ) {
    TOKEN.lastIndex = 0
    let end = 0
    for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) {
      this.tokens.push(found[1]!)
      end = TOKEN.lastIndex
    }
    if (this.tokens.length > MOST_TOKENS) throw new TooCostly(`${name} has more than ${MOST_TOKENS} words`)
    if (text.slice(end).trim()) throw this.wrong('a quotation mark is not closed')
  }

  all(): Clause {
    const clause = this.either()
    if (this.at < this.tokens.length) throw this.wrong('a parenthesis is closed that was not opened')
    return clause
  }

  private either(): Clause {
    const parts = [this.together()]
    while (/^or$/i.test(this.next ?? '')) {
      this.at++
      parts.push(this.together())
    }
    return anyOf(parts)
  }

  private together(): Clause {
    const parts = [this.one()]
    for (;;) {
      if (/^and$/i.test(this.next ?? '')) this.at++
      else if (this.next === undefined || this.next === ')' || /^or$/i.test(this.next)) break
      parts.push(this.one())
    }
    return allOf(parts)
  }

  private one(): Clause {
    if (++this.depth > DEEPEST) throw this.wrong(`more than ${DEEPEST} parentheses and NOTs stand in each other`)
    try {
      return this.primary()
    } finally {
      this.depth--
    }
  }

  private primary(): Clause {
    const token = this.next
    if (token === undefined || token === ')' || /^(and|or)$/i.test(token)) throw this.wrong('a word is missing')
    this.at++
    if (token === 'NOT' || token === '-') return { kind: 'not', clause: this.one() }
    if (token === '(') {
      const clause = this.either()
      if (this.next !== ')') throw this.wrong('a parenthesis is not closed')
      this.at++
      return clause
    }
    return token.startsWith('"') ? this.phrase(token.slice(1, -1)) : this.word(token)
  }

  private phrase(text: string): Clause {
    const found = words(text)
    if (found.length === 0) throw this.wrong('there is no word in the quotation marks')
    if (found.length === 1) return allWords(this.names, this.scope, found)
    return allOf([allWords(this.names, this.scope, found), this.prose(` ${found.join(' ')} `)])
  }

  private word(token: string): Clause {
    const isBeginning = token.endsWith('*')
    const found = words(token)
    if (found.length === 0) throw this.wrong('there is no word to search for')
    if (!isBeginning) return allWords(this.names, this.scope, found)
    const whole = found.slice(0, -1)
    const beginning = this.prose(` ${found.at(-1)}`, [`${found.at(-1)}:*`])
    return whole.length ? allOf([allWords(this.names, this.scope, whole), beginning]) : beginning
  }

  private prose(text: string, words?: string[]): Clause {
    if (!this.scope) throw new UnusableParameter(`${this.name}: phrases and beginnings* cannot be searched for here`)
    return { kind: 'prose', scope: this.scope, text, ...(words && { wanted: [{ scope: this.scope, words }] }) }
  }

  private get next(): string | undefined {
    return this.tokens[this.at]
  }

  private wrong(why: string): Invalid {
    return new Invalid(
      `${this.name}: ${why}; right are words, "phrases" and beginnings*, with AND, OR, NOT and parentheses`,
    )
  }
}
