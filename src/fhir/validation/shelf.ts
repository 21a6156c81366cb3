import type { Canonicals, CanonicalType } from '../library.js'
import type { MembershipAnswer, MembershipQuestion } from '../terminology.js'

const MOST_ANSWERS = 200_000
const MOST_DEFINITIONS = 20_000

type ByDisplay = Map<string | undefined, MembershipAnswer>
type ByCode = Map<string, ByDisplay>

/** What was fetched under one revision of the library and of terminology, at hand for every walk. */
export class Shelf {
  private readonly definitions = new Map<CanonicalType, Map<string, Canonicals[CanonicalType] | null>>()
  /** Value set → system (with its version) → code → display → answer */
  private readonly answers = new Map<string, Map<string, ByCode>>()
  private answerCount = 0
  private definitionCount = 0

  /** @returns null when nobody knows it, undefined when nobody has asked yet */
  definition<T extends CanonicalType>(type: T, canonical: string): Canonicals[T] | null | undefined {
    return this.definitions.get(type)?.get(canonical) as Canonicals[T] | null | undefined
  }

  /** @param definition  a StructureDefinition has its snapshot */
  keepDefinition(type: CanonicalType, canonical: string, definition: Canonicals[CanonicalType] | null): void {
    this.definitionCount++
    const ofType = this.definitions.get(type)
    if (ofType) ofType.set(canonical, definition)
    else this.definitions.set(type, new Map([[canonical, definition]]))
  }

  answer(
    valueSet: string,
    system: string,
    version: string | undefined,
    code: string,
    display: string | undefined,
  ): MembershipAnswer | undefined {
    return this.answers
      .get(valueSet)
      ?.get(version === undefined ? system : `${system}|${version}`)
      ?.get(code)
      ?.get(display)
  }

  keepAnswer({ valueSet = '', system = '', version, code, display }: MembershipQuestion, answer: MembershipAnswer) {
    const ofSet = childOf(this.answers, valueSet, () => new Map<string, ByCode>())
    const ofSystem = childOf(ofSet, version === undefined ? system : `${system}|${version}`, () => new Map())
    childOf(ofSystem, code, () => new Map() as ByDisplay).set(display, answer)
    this.answerCount++
  }

  /** Between two walks: displays and urls are text of clients, and must not fill the memory. */
  trim(): void {
    if (this.answerCount > MOST_ANSWERS) {
      this.answers.clear()
      this.answerCount = 0
    }
    if (this.definitionCount > MOST_DEFINITIONS) {
      this.definitions.clear()
      this.definitionCount = 0
    }
  }
}

function childOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
