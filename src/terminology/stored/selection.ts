import type { Concept, Narrowing, Page, Selection } from '../provider.js'
import { wordsOf } from '../text.js'
import type { TabledCodeSystem } from './loaded.js'
import type { Ordinals } from './ordinals.js'
import { best } from './ranking.js'

/** Concepts by number; `listed` is the order in which somebody listed them, without it they are in that of the system. */
interface Held {
  readonly ordinals: Ordinals
  readonly listed?: readonly number[]
}

/** Concepts of a stored code system; which they are is found when somebody asks, and once. */
export class StoredSelection implements Selection {
  private found?: Promise<Held>
  private last?: { key: string; held: Promise<Held> }

  constructor(
    private readonly system: TabledCodeSystem,
    private readonly find: () => Promise<Held>,
  ) {}

  and(other: Selection): StoredSelection {
    return this.with(other, (a, b) => within(a, a.ordinals.and(b.ordinals)))
  }

  or(other: Selection): StoredSelection {
    return this.with(other, (a, b) => {
      const ordinals = a.ordinals.or(b.ordinals)
      const listed = a.listed || b.listed ? [...new Set([...inOrder(a), ...inOrder(b)])] : undefined
      return { ordinals, listed }
    })
  }

  minus(other: Selection): StoredSelection {
    return this.with(other, (a, b) => within(a, a.ordinals.minus(b.ordinals)))
  }

  async has(codes: readonly string[]): Promise<ReadonlySet<string>> {
    const [{ ordinals }, numbers] = await Promise.all([this.held(), this.system.numbers(codes)])
    return new Set(codes.filter((code) => ordinals.has(numbers.get(code) ?? -1)))
  }

  async count(asked: Narrowing = {}): Promise<number> {
    return (await this.narrowed(asked)).ordinals.size
  }

  async page({ offset, count, brief = false, ...asked }: Page): Promise<readonly Concept[]> {
    const { rows } = this.system
    const held = await this.narrowed(asked)
    const words = wordsOf(asked.text ?? '')
    const numbers = words.length
      ? best(held.ordinals, await rows.withWords(words), await rows.rank(), offset, count)
      : (held.listed?.slice(offset, offset + count) ?? held.ordinals.slice(offset, count))
    return rows.numbered(numbers, brief)
  }

  held(): Promise<Held> {
    this.found ??= this.find()
    return this.found
  }

  /** Who asks how many there are asks for a page of them next. */
  private narrowed({ text = '', activeOnly = false, selectableOnly = false }: Narrowing): Promise<Held> {
    const key = `${activeOnly} ${selectableOnly} ${text}`
    if (this.last?.key !== key) this.last = { key, held: this.narrow({ text, activeOnly, selectableOnly }) }
    return this.last.held
  }

  private async narrow({ text, activeOnly, selectableOnly }: Narrowing): Promise<Held> {
    const { rows } = this.system
    const held = await this.held()
    let { ordinals } = held
    for (const { begins } of await rows.withWords([...new Set(wordsOf(text ?? ''))])) ordinals = ordinals.and(begins)
    if (activeOnly) ordinals = ordinals.minus(await rows.withValue('inactive', ['true']))
    if (selectableOnly) ordinals = ordinals.minus(await rows.withValue('notSelectable', ['true']))
    return within(held, ordinals)
  }

  /** The operands of one operation have one provider, so they are of one class. */
  private with(other: Selection, join: (a: Held, b: Held) => Held): StoredSelection {
    return new StoredSelection(this.system, async () => {
      const [a, b] = await Promise.all([this.held(), (other as StoredSelection).held()])
      return join(a, b)
    })
  }
}

const within = ({ listed }: Held, ordinals: Ordinals): Held => ({
  ordinals,
  listed: listed?.filter((ordinal) => ordinals.has(ordinal)),
})

const inOrder = ({ ordinals, listed }: Held): readonly number[] => listed ?? ordinals.slice(0, Infinity)
