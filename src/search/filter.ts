import { Invalid } from '../base/errors.js'

/**
 * The expression of `_filter`, as it was written.
 * @see https://hl7.org/fhir/R4/search_filter.html
 */
export type Filter =
  | { kind: 'and' | 'or'; filters: Filter[] }
  | { kind: 'not'; filter: Filter }
  | { kind: 'test'; path: Step[]; operator: Operator; value: string }

/** One name of a path; what is referred to there may have to satisfy a filter. */
export interface Step {
  name: string
  filter?: Filter
}

export const OPERATORS = [
  'eq',
  'ne',
  'co',
  'sw',
  'ew',
  'gt',
  'lt',
  'ge',
  'le',
  'ap',
  'sa',
  'eb',
  'pr',
  'po',
  'ss',
  'sb',
  'in',
  're',
] as const
export type Operator = (typeof OPERATORS)[number]

const DEEPEST = 30

/** @throws Invalid  not an expression of `_filter`; says at which character */
export function filterOf(text: string): Filter {
  const parser = new Parser(text)
  const filter = parser.either(0)
  parser.end()
  return filter
}

class Parser {
  private at = 0

  constructor(private readonly text: string) {}

  /** `and` binds more closely than `or`. */
  either(depth: number): Filter {
    if (depth > DEEPEST) throw this.wrong(`more than ${DEEPEST} parentheses stand in each other`)
    const filters = [this.together(depth)]
    while (this.word('or')) filters.push(this.together(depth))
    return filters.length === 1 ? filters[0]! : { kind: 'or', filters }
  }

  end() {
    if (this.match(/\s*$/y) === undefined) throw this.wrong('and, or or the end is expected')
  }

  private together(depth: number): Filter {
    const filters = [this.one(depth)]
    while (this.word('and')) filters.push(this.one(depth))
    return filters.length === 1 ? filters[0]! : { kind: 'and', filters }
  }

  private one(depth: number): Filter {
    if (this.match(/\s*not(?=\s*\()/iy) !== undefined) return { kind: 'not', filter: this.parentheses(depth) }
    if (this.match(/\s*(?=\()/y) !== undefined) return this.parentheses(depth)
    return this.test(depth)
  }

  private parentheses(depth: number): Filter {
    this.match(/\s*\(/y)
    const filter = this.either(depth + 1)
    if (this.match(/\s*\)/y) === undefined) throw this.wrong('a parenthesis is not closed')
    return filter
  }

  private test(depth: number): Filter {
    this.match(/\s*/y)
    const path: Step[] = []
    do {
      const name = this.match(/_has:[A-Za-z]+:[\w-]+:[\w-]+(?::[\w-]+)*|[A-Za-z_][\w-]*(?::[A-Z]\w*)?/y)
      if (name === undefined) throw this.wrong('the name of a parameter is expected')
      path.push({ name })
      if (this.match(/\[/y) !== undefined) {
        path.at(-1)!.filter = this.either(depth + 1)
        if (this.match(/\s*\](?=\.)/y) === undefined) throw this.wrong('].name is expected')
      }
    } while (this.match(/\./y) !== undefined)
    const operator = this.match(/\s+[a-z]{2}(?=\s|$)/y)?.trim() as Operator
    if (!OPERATORS.includes(operator)) throw this.wrong(`an operator is expected, one of ${OPERATORS.join(', ')}`)
    return { kind: 'test', path, operator, value: this.value() }
  }

  /** A string as JSON has it, or what comes before the next blank, parenthesis or bracket. */
  private value(): string {
    const quoted = this.match(/\s+"(?:[^"\\]|\\.)*"/y)
    if (quoted !== undefined) {
      try {
        return JSON.parse(quoted)
      } catch (cause) {
        throw this.wrong('the text in quotation marks is not as JSON has it', cause)
      }
    }
    const token = this.match(/\s+[^\s")\]][^\s)\]]*/y)
    if (token === undefined) throw this.wrong('a value is expected')
    return token.trim()
  }

  private word(word: 'and' | 'or'): boolean {
    return this.match(word === 'and' ? /\s*\band(?=[\s(])/iy : /\s*\bor(?=[\s(])/iy) !== undefined
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  private wrong(why: string, cause?: unknown): Invalid {
    return new Invalid(
      `_filter: at character ${this.at + 1} ${why}; right is name operator value, with and, or, not()`,
      {
        cause,
      },
    )
  }
}
