import type { CodeSystem } from '@medplum/fhirtypes'
import { TooCostly } from '../../../base/errors.js'
import { shipped } from '../../../fhir/definitions/shipped.js'
import type { CodeSystemProvider, Concept, Narrowing, Page, Selection } from '../../provider.js'
import { narrowed } from '../../text.js'

/** What makes the codes of a system, where nobody has listed them. */
export interface Grammar {
  readonly header: CodeSystem & { url: string }
  /** @returns  undefined when it is no code of the system */
  read(code: string): Concept | undefined
  /** Why it is none, for a person. */
  fault?(code: string): string | undefined
  /** @returns  undefined when there is no such filter */
  filter?(property: string, op: string, value: string): Filter | undefined
  equivalent?(a: string, b: string): boolean
  /** Canonical url of a value set with the codes that are in use: they are listed where all of the system is asked for. */
  readonly common?: string
}

export interface Filter {
  holds(code: string): boolean
  /** Why it does not hold of a code, for a person. */
  fault?(code: string): string | undefined
}

/** Said where all of a system without an end is asked for. */
export const endless = (url: string, common?: string) => ({
  reason: `The code System '${url}' has a grammar and so has infinite members${common ? `. This extension is based on ${common}` : ''}`,
})

/** A code system whose codes are made by a grammar. */
export class GrammarCodeSystem implements CodeSystemProvider {
  readonly url: string
  readonly version: string | undefined
  readonly content = 'complete'
  readonly caseSensitive: boolean
  readonly header: CodeSystem

  constructor(readonly grammar: Grammar) {
    this.header = grammar.header
    this.url = grammar.header.url
    this.version = grammar.header.version
    this.caseSensitive = grammar.header.caseSensitive !== false
  }

  async locate(codes: readonly string[]): Promise<ReadonlyMap<string, Concept>> {
    const found = new Map<string, Concept>()
    for (const code of codes) {
      const concept = this.grammar.read(code)
      if (concept) found.set(code, concept)
    }
    return found
  }

  all(): Selection {
    const unclosed = endless(this.url, this.grammar.common)
    return new GrammarSelection(this.grammar, { holds: () => true, unclosed, list: () => this.common() })
  }

  of(codes: readonly string[]): Selection {
    const listed = [...new Set(codes.flatMap((code) => this.grammar.read(code)?.code ?? []))]
    const among = new Set(listed)
    return new GrammarSelection(this.grammar, { holds: (code) => among.has(code), list: async () => listed })
  }

  async filter(property: string, op: string, value: string): Promise<Selection | undefined> {
    const isCode = property === 'code' || property === 'concept'
    const filter = isCode ? ofCodes(op, value) : this.grammar.filter?.(property, op, value)
    return filter && new GrammarSelection(this.grammar, { ...filter, unclosed: {}, list: () => this.common() })
  }

  async subsumes(a: string, b: string): ReturnType<CodeSystemProvider['subsumes']> {
    const [first, second] = [this.grammar.read(a), this.grammar.read(b)]
    if (!first || !second) return 'not-subsumed'
    return first.code === second.code || this.grammar.equivalent?.(a, b) ? 'equivalent' : 'not-subsumed'
  }

  fault(code: string): string | undefined {
    return this.grammar.fault?.(code)
  }

  private async common(): Promise<readonly string[] | undefined> {
    if (!this.grammar.common) return undefined
    const [valueSet] = await shipped.withUrl('ValueSet', this.grammar.common)
    const listed = (valueSet?.compose?.include ?? []).flatMap((include) =>
      include.system === this.url ? (include.concept ?? []) : [],
    )
    return listed.map(({ code }) => code!)
  }
}

const ofCodes = (op: string, value: string): Filter | undefined => {
  if (op === '=') return { holds: (code) => code === value }
  if (op !== 'in' && op !== 'not-in') return undefined
  const listed = new Set(value.split(',').map((one) => one.trim()))
  return { holds: (code) => listed.has(code) === (op === 'in') }
}

interface Membership extends Filter {
  readonly unclosed?: Selection['unclosed']
  /** Codes that may be in it; undefined where none can be told. */
  list(): Promise<readonly string[] | undefined>
}

/** Codes of a grammar: whether one is among them can be told, and of those that somebody listed which ones are. */
class GrammarSelection implements Selection {
  constructor(
    private readonly grammar: Grammar,
    private readonly membership: Membership,
  ) {}

  get unclosed() {
    return this.membership.unclosed
  }

  and(other: Selection): Selection {
    const [a, b] = [this.membership, own(other)]
    return new GrammarSelection(this.grammar, {
      unclosed: a.unclosed && b.unclosed && (a.unclosed.reason === undefined ? a.unclosed : b.unclosed),
      holds: (code) => a.holds(code) && b.holds(code),
      fault: (code) => (a.holds(code) ? b.fault?.(code) : a.fault?.(code)),
      list: async () => (a.unclosed ? ((await b.list()) ?? a.list()) : a.list()),
    })
  }

  or(other: Selection): Selection {
    const [a, b] = [this.membership, own(other)]
    return new GrammarSelection(this.grammar, {
      unclosed: a.unclosed ?? b.unclosed,
      holds: (code) => a.holds(code) || b.holds(code),
      list: async () => [...new Set([...((await a.list()) ?? []), ...((await b.list()) ?? [])])],
    })
  }

  minus(other: Selection): Selection {
    const [a, b] = [this.membership, own(other)]
    return new GrammarSelection(this.grammar, {
      unclosed: a.unclosed && {},
      holds: (code) => a.holds(code) && !b.holds(code),
      list: () => a.list(),
    })
  }

  async has(codes: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(
      codes.filter((code) => {
        const concept = this.grammar.read(code)
        return concept && this.membership.holds(concept.code)
      }),
    )
  }

  fault(code: string): string | undefined {
    return this.membership.fault?.(code)
  }

  async count(asked: Narrowing = {}): Promise<number | undefined> {
    return this.membership.unclosed ? undefined : (await this.told(asked)).length
  }

  async page({ offset, count, ...asked }: Page): Promise<readonly Concept[]> {
    return (await this.told(asked)).slice(offset, offset + count)
  }

  private async told(asked: Narrowing): Promise<readonly Concept[]> {
    const listed = await this.membership.list()
    if (!listed)
      throw new TooCostly(`The codes of ${this.grammar.header.url} are made by a grammar: there is no list of them`)
    const concepts = listed.flatMap((code) => (this.membership.holds(code) ? (this.grammar.read(code) ?? []) : []))
    return narrowed(concepts, asked)
  }
}

/** The operands of one operation have one provider, so they are of one class. */
const own = (other: Selection) => (other as unknown as { readonly membership: Membership }).membership
