import type { Concept, Narrowing, Page, Selection } from '../provider.js'
import { narrowed } from '../text.js'
import type { Entry, ResourceConcepts } from './concepts.js'

/** Concepts of a resource: which ones is known, and in which order. */
export class ListedSelection implements Selection {
  /**
   * @param codes  as the system writes them
   * @param ofSystem  they are in the order of the system, not in one that somebody listed
   */
  constructor(
    private readonly concepts: ResourceConcepts,
    private readonly codes: ReadonlySet<string>,
    private readonly ofSystem: boolean,
  ) {}

  and(other: Selection): Selection {
    const { codes } = own(other)
    return this.with([...this.codes].filter((code) => codes.has(code)))
  }

  or(other: Selection): Selection {
    const { codes, ofSystem } = own(other)
    const all = [...this.codes, ...codes]
    if (!this.ofSystem || !ofSystem) return new ListedSelection(this.concepts, new Set(all), false)
    return this.with(all.sort((a, b) => this.concepts.get(a)!.ordinal - this.concepts.get(b)!.ordinal))
  }

  minus(other: Selection): Selection {
    const { codes } = own(other)
    return this.with([...this.codes].filter((code) => !codes.has(code)))
  }

  async has(codes: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(codes.filter((code) => this.codes.has(this.concepts.get(code)?.code ?? code)))
  }

  async count(asked: Narrowing = {}): Promise<number> {
    return this.narrowed(asked).length
  }

  async page({ offset, count, ...asked }: Page): Promise<readonly Concept[]> {
    return this.narrowed(asked).slice(offset, offset + count)
  }

  private narrowed(asked: Narrowing): Entry[] {
    return narrowed(
      [...this.codes].map((code) => this.concepts.get(code)!),
      asked,
    )
  }

  private with(codes: readonly string[]): ListedSelection {
    return new ListedSelection(this.concepts, new Set(codes), this.ofSystem)
  }
}

/** The operands of one operation have one provider, so they are of one class. */
const own = (other: Selection) =>
  other as unknown as { readonly codes: ReadonlySet<string>; readonly ofSystem: boolean }
