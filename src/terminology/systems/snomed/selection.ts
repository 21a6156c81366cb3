import type { Concept, Narrowing, Page, Selection } from '../../provider.js'
import type { StoredSelection } from '../../stored/selection.js'
import { isExpression } from './expression/parse.js'
import type { Resolved } from './expression/resolved.js'

/** Reads codes that may be expressions. */
export interface Expressions {
  /** @returns  undefined when it is none, or names a concept that does not exist */
  expression(code: string): Promise<Resolved | undefined>
}

/** Which postcoordinated expressions are in a selection: there is no end of them, so that they can only be asked for. */
export interface Allowed {
  /** See `Selection`. */
  readonly unclosed?: { readonly reason?: string }
  allows(resolved: Resolved): Promise<boolean>
  /** Those that somebody listed, as they were written: all that can be shown. */
  listed(): Promise<readonly Listed[]>
}

export interface Listed {
  readonly resolved: Resolved
  readonly concept: Concept
}

const NOTHING = async () => []

export const everyExpression: Allowed = { unclosed: {}, allows: async () => true, listed: NOTHING }
export const noExpression: Allowed = { allows: async () => false, listed: NOTHING }

const both = (a: Allowed, b: Allowed): Allowed => ({
  unclosed: a.unclosed && b.unclosed && (a.unclosed.reason === undefined ? a.unclosed : b.unclosed),
  allows: async (resolved) => (await a.allows(resolved)) && b.allows(resolved),
  listed: async () => [...(await within(a, b)), ...(await within(b, a))],
})

const either = (a: Allowed, b: Allowed): Allowed => ({
  unclosed: a.unclosed ?? b.unclosed,
  allows: async (resolved) => (await a.allows(resolved)) || b.allows(resolved),
  listed: async () => [...(await a.listed()), ...(await b.listed())],
})

const onlyFirst = (a: Allowed, b: Allowed): Allowed => ({
  unclosed: a.unclosed && {},
  allows: async (resolved) => (await a.allows(resolved)) && !(await b.allows(resolved)),
  async listed() {
    const left: Listed[] = []
    for (const one of await a.listed()) if (!(await b.allows(one.resolved))) left.push(one)
    return left
  },
})

/** Those that the first lists and the second allows. */
async function within(first: Allowed, second: Allowed): Promise<readonly Listed[]> {
  const found: Listed[] = []
  for (const one of await first.listed()) if (await second.allows(one.resolved)) found.push(one)
  return found
}

/** Concepts of SNOMED CT, and expressions. */
export class SnomedSelection implements Selection {
  constructor(
    private readonly concepts: StoredSelection,
    private readonly allowed: Allowed,
    private readonly expressions: Expressions,
  ) {}

  get unclosed() {
    return this.allowed.unclosed
  }

  and(other: Selection): SnomedSelection {
    return this.with(other, (a, b) => a.and(b), both)
  }

  or(other: Selection): SnomedSelection {
    return this.with(other, (a, b) => a.or(b), either)
  }

  minus(other: Selection): SnomedSelection {
    return this.with(other, (a, b) => a.minus(b), onlyFirst)
  }

  async has(codes: readonly string[]): Promise<ReadonlySet<string>> {
    const candidates = codes.filter(isExpression)
    const found = await this.concepts.has(codes)
    if (candidates.length === 0) return found
    const all = new Set(found)
    for (const code of candidates) {
      const resolved = await this.expressions.expression(code)
      if (resolved && (await this.allowed.allows(resolved))) all.add(code)
    }
    return all
  }

  async count(asked?: Narrowing): Promise<number> {
    return (await this.concepts.count(asked)) + (asked?.text ? 0 : (await this.listed()).length)
  }

  /** Expressions that were listed come behind all concepts. */
  async page(asked: Page): Promise<readonly Concept[]> {
    const found = await this.concepts.page(asked)
    const listed = asked.text ? [] : await this.listed()
    if (listed.length === 0 || found.length >= asked.count) return found
    const from = Math.max(0, asked.offset - (await this.concepts.count(asked)))
    return [...found, ...listed.slice(from, from + asked.count - found.length)]
  }

  private async listed(): Promise<readonly Concept[]> {
    const found = new Map((await this.allowed.listed()).map(({ resolved, concept }) => [resolved.normal, concept]))
    return [...found.values()]
  }

  private with(
    other: Selection,
    join: (a: StoredSelection, b: StoredSelection) => StoredSelection,
    of: (a: Allowed, b: Allowed) => Allowed,
  ): SnomedSelection {
    // The operands of one operation have one provider, so they are of one class.
    const { concepts, allowed } = other as SnomedSelection
    return new SnomedSelection(join(this.concepts, concepts), of(this.allowed, allowed), this.expressions)
  }
}
