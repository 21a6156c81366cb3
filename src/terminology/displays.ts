import { type Languages, LIKENESSES, type Likeness, sameLanguage } from './languages.js'
import type { CodeSystemProvider, Concept, Designation } from './provider.js'

/** One text that stands for a concept. */
export interface Display {
  readonly value: string
  readonly language?: string
  /** Is meant to be shown, where others only explain or abbreviate. */
  readonly isDisplay: boolean
  /** Before the others of its language. */
  readonly isPreferred: boolean
  /** `withdrawn` or `inactive`, of one that is no longer right. */
  readonly outdated?: string
}

/** How a text stands to those that are known: `whitespace` is another only in that. */
export type Likened = 'same' | 'whitespace' | 'other'

/** Providers that have their concepts in memory give the same each time. */
const ofConcept = new WeakMap<Concept, Displays>()

/** All texts that stand for one concept, in the order in which they are said; and which of them somebody wants to see. */
export class Displays {
  readonly all: readonly Display[]

  constructor(all: readonly Display[]) {
    if (all.length < 2) {
      this.all = all
      return
    }
    const distinct = new Map<string, Display>()
    for (const one of all) {
      const key = `${one.language ?? ''}|${one.value}`
      if (!distinct.has(key)) distinct.set(key, one)
    }
    this.all = [...distinct.values()]
  }

  /** What the system says of a concept. */
  static of({ header, url }: CodeSystemProvider, concept: Concept): Displays {
    let displays = ofConcept.get(concept)
    if (!displays) {
      const { display, designations } = concept
      const own = display === undefined ? [] : [shown(display, header.language)]
      displays = new Displays([...own, ...designations.map((one) => ofDesignation(one, url))])
      ofConcept.set(concept, displays)
    }
    return displays
  }

  with({ all }: Displays): Displays {
    return all.length === 0 ? this : this.all.length === 0 ? new Displays(all) : new Displays([...this.all, ...all])
  }

  /**
   * @param wanted  without it a text of any language is right
   * @param also  a language whose texts are right, too
   */
  likens(text: string, wanted?: Languages, also?: string): Likened {
    const right = this.all.filter(
      ({ language }) => isOf(language, wanted) || (also && language && sameLanguage(also, language)),
    )
    if (right.some(({ value }) => value.toLowerCase() === text.toLowerCase())) return 'same'
    return right.some(({ value }) => withoutExtraSpace(value) === withoutExtraSpace(text)) ? 'whitespace' : 'other'
  }

  /** Of those who are so written, the ones that are still right; empty when all are outdated. */
  current(text: string, wanted?: Languages): readonly Display[] {
    return this.all.filter(
      ({ value, language, outdated }) =>
        !outdated && isOf(language, wanted) && value.toLowerCase() === text.toLowerCase(),
    )
  }

  /** How many there are in a language that is wanted, of the closest likeness that has any. */
  count(wanted: Languages | undefined, displaysOnly: boolean): number {
    for (const likeness of LIKENESSES) {
      const found = this.all.filter(
        (one) => (!displaysOnly || one.isDisplay) && isOf(one.language, wanted, likeness),
      ).length
      if (found) return found
    }
    return 0
  }

  /** `'Colour' (en-GB) or 'Farbe' (de)`: those that are wanted, or all where none is. */
  list(wanted: Languages | undefined): string {
    const displays = this.all.filter(({ isDisplay }) => isDisplay)
    const right = displays.filter(({ language }) => isOf(language, wanted))
    return orOf(
      (right.length ? right : displays).map(({ value, language }) => `'${value}'${language ? ` (${language})` : ''}`),
    )
  }

  /** The one to show. */
  preferred(wanted?: Languages): string | undefined {
    if (!wanted) return best(this.all)?.value
    for (const tag of wanted.tags) {
      for (const active of [true, false]) {
        for (const likeness of LIKENESSES) {
          const right = this.all.filter(
            ({ language, outdated }) =>
              (!active || !outdated) &&
              (tag === '*' || (language !== undefined && sameLanguage(tag, language, likeness))),
          )
          const found = best(right) ?? right[0]
          if (found) return found.value
        }
      }
    }
    return this.all.find(({ language, isDisplay }) => language === undefined && isDisplay)?.value
  }
}

/** A text that is meant to be shown. */
export const shown = (value: string, language?: string): Display => ({
  value: value.trim(),
  ...(language !== undefined && { language }),
  isDisplay: true,
  isPreferred: true,
})

/** @param system  of the concept: what a use means is for it to say */
export function ofDesignation({ value, language, use, inactive, extensions }: Designation, system?: string): Display {
  const key = use && `${use.system ?? ''}#${use.code}`
  const isPreferred = key === undefined || PREFERRED.has(key)
  const status = extensions?.find(({ url }) => url === STANDARDS_STATUS)
  const outdated = inactive ? 'inactive' : (status?.valueCode ?? status?.valueString)
  return {
    value: value.trim(),
    ...(language !== undefined && { language }),
    isDisplay: isPreferred || DISPLAYS.has(key) || (use?.system === system && system === 'http://loinc.org'),
    isPreferred,
    ...(outdated && OUTDATED.has(outdated) && { outdated }),
  }
}

/** Of a designation: it is the one to show in its language. */
export const LANGUAGE_USE = {
  system: 'http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra',
  code: 'preferredForLanguage',
  display: 'Preferred For Language',
} as const

const SNOMED = 'http://snomed.info/sct'
/** Uses of designations that are there to be shown: the preferred terms and synonyms, and, after them, the full names. */
const PREFERRED = new Set([
  `${LANGUAGE_USE.system}#${LANGUAGE_USE.code}`,
  'http://terminology.hl7.org/CodeSystem/designation-usage#display',
  `${SNOMED}#900000000000548007`,
  `${SNOMED}#900000000000013009`,
])
const DISPLAYS = new Set([`${SNOMED}#900000000000003001`])

const STANDARDS_STATUS = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status'
const OUTDATED = new Set(['withdrawn', 'inactive'])

/** What has no language is right in any. */
const isOf = (language: string | undefined, wanted: Languages | undefined, likeness?: Likeness) =>
  !wanted || language === undefined || wanted.include(language, likeness)

const best = (displays: readonly Display[]): Display | undefined =>
  displays.find(({ isPreferred, outdated }) => isPreferred && !outdated) ??
  displays.find(({ isDisplay, outdated }) => isDisplay && !outdated) ??
  displays.find(({ isDisplay }) => isDisplay)

const withoutExtraSpace = (text: string) => text.replace(/\s+/g, ' ').trim().toLowerCase()

/** `a`, `a or b`, `a, b or c` */
export function orOf(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`
}

/** `1.0 or 1.1`, `1.0, 1.1 and 1.2`: so the ecosystem writes them. */
export const listOf = (versions: readonly string[]): string =>
  versions.length < 3 ? orOf(versions) : `${versions.slice(0, -1).join(', ')} and ${versions.at(-1)}`
