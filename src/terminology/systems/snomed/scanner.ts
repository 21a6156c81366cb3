const LONGEST = 10_000
const DEEPEST = 100

/** Reads a text from left to right; between any two things there may be white space and comments. */
export class Scanner {
  /** Offset of what comes next. */
  at = 0
  private depth = 0

  /**
   * @param Failure  what is thrown where it makes no sense: the text, and why
   * @throws Failure  it is longer than 10,000 characters
   */
  constructor(
    readonly text: string,
    private readonly Failure: new (text: string, why: string) => Error,
  ) {
    if (text.length > LONGEST) throw new Failure(`${text.slice(0, 50)}…`, `it has more than ${LONGEST} characters`)
    this.skip()
  }

  get isAtEnd(): boolean {
    return this.at === this.text.length
  }

  /** Whether this comes next. */
  sees(symbol: string): boolean {
    return this.text.startsWith(symbol, this.at)
  }

  /** Steps over the symbol, if it comes next. */
  take(symbol: string): boolean {
    if (!this.sees(symbol)) return false
    this.at += symbol.length
    this.skip()
    return true
  }

  expect(symbol: string, what = `'${symbol}'`) {
    if (!this.take(symbol)) this.fail(what)
  }

  /** @param pattern  sticky */
  match(pattern: RegExp): string | undefined {
    const found = this.peek(pattern)
    if (found === undefined) return undefined
    this.at += found.length
    this.skip()
    return found
  }

  peek(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)?.[0]
  }

  /** A keyword, in capitals or not, that is not only the beginning of a longer word; by what it stands for. */
  keyword<T>(words: Readonly<Record<string, T>>): T | undefined {
    const word = this.peek(/[A-Za-z]+/y)?.toLowerCase()
    if (word === undefined || !Object.hasOwn(words, word)) return undefined
    this.at += word.length
    this.skip()
    return words[word]
  }

  /** Reads something that may hold another of its kind; what is nested too deeply is refused. */
  nested<T>(read: () => T): T {
    if (++this.depth > DEEPEST) this.refuse(`nested more than ${DEEPEST} deep`)
    const result = read()
    this.depth--
    return result
  }

  /** The offset behind the parenthesis that closes the one that comes next; quoted texts, terms and comments have none. */
  closing(): number {
    const inert = /"(?:[^"\\]|\\.)*"|\|[^|]*\||\/\*[\s\S]*?\*\//y
    let open = 0
    for (let at = this.at; at < this.text.length; at++) {
      inert.lastIndex = at
      const skipped = inert.exec(this.text)?.[0]
      if (skipped) at += skipped.length - 1
      else if (this.text[at] === '(') open++
      else if (this.text[at] === ')' && --open === 0) return at + 1
    }
    return this.fail("')'", this.text.length)
  }

  fail(expected: string, at = this.at): never {
    const found = /^\S{1,20}/.exec(this.text.slice(at))?.[0]
    return this.refuse(`expected ${expected}, found ${found === undefined ? 'the end' : `'${found}'`}`, at)
  }

  refuse(why: string, at = this.at): never {
    const before = this.text.slice(0, at).split('\n')
    throw new this.Failure(
      this.text,
      `Syntax error at line ${before.length}, character ${before.at(-1)!.length + 1}: ${why}`,
    )
  }

  private skip() {
    const blank = this.peek(/(?:[ \t\r\n]|\/\*[\s\S]*?\*\/)*/y)
    this.at += blank?.length ?? 0
  }
}
