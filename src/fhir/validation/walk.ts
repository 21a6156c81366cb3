import type { Issue } from '../../base/errors.js'
import { Limits } from '../fhirpath/limits.js'
import type { Canonicals, CanonicalType } from '../library.js'
import type { MembershipAnswer, MembershipQuestion } from '../terminology.js'
import type { Beyond } from './beyond.js'
import { Findings, isFault } from './findings.js'
import { messages } from './messages.js'
import { Needs } from './needs.js'
import { type Around, resolveAround } from './resolve.js'
import { type Found, type Json, type Message, type Place, type RuleBook, type Settings, usual } from './rule.js'
import { Shelf } from './shelf.js'

/** What one walk may hold against elements of profiles, the trials against slices and target profiles among it. */
const MOST_STEPS = 2_000_000
/** Trials within trials: a profile of what is referred to by what is referred to, and so on. */
const MOST_TRIALS = 16
/** What expressions of invariants may do together: seconds, if it comes to that. */
const MOST_EXPRESSION_STEPS = 10_000_000
const NO_INDEX = -1

/** What a walk is given. */
export interface Course {
  /** FHIRPath of the resource when it is a part: `Bundle.entry[3].resource` */
  root: string
  /** What more is looked at than the JSON form of the type. */
  beyond?: Beyond
  settings: Settings
  shelf: Shelf
  /** Canonicals that the outermost resource must meet beside those it declares. */
  profiles?: readonly string[]
  /** Of references that were looked up: whether they are there. */
  references?: ReadonlyMap<string, boolean>
  rules?: RuleBook
}

/**
 * The one walk over a resource. It never waits, so one runs at a time and all checks share this object: nothing is
 * allocated until an issue is found.
 */
export class Walk implements Place {
  resource: Json = {}
  rootResource: Json = {}
  outermost: Json = {}
  twin: unknown
  /** The element has a binding that lets codes of others stand beside its own. */
  inOpenBinding = false
  /** What is found is no more than a warning. */
  isLenient = false
  settings: Settings = usual
  limits = new Limits()
  beyond: Beyond | undefined
  rules: RuleBook | undefined
  profiles: readonly string[] = []
  /** The innermost Bundle and the entry of it. */
  around: Around | undefined

  // The way from the root to the node: objects, the types they are of, and the element that is next, with its index.
  depth = 0
  nodes: Json[] = []
  owners: string[] = []
  names: string[] = []
  indexes: number[] = []
  private root = ''

  private shelf = new Shelf()
  private needs = new Needs()
  private references: ReadonlyMap<string, boolean> | undefined
  private found = new Findings(0)
  private steps = 0
  /** Above zero while something is only tried: faults are counted and not listed. */
  private trials = 0
  private faults = 0
  private said = new Set<string>()
  private conformances = new Map<unknown, Map<string, boolean | null | undefined>>()
  private isBusy = false

  /** Runs `visit` from the start and gives what was found. */
  run(course: Course, outermost: unknown, visit: () => void): { issues: Issue[]; needs: Needs } {
    // A rule may ask, in the middle of a walk, whether something is valid.
    const suspended = this.isBusy
      ? {
          ...this,
          nodes: [...this.nodes],
          owners: [...this.owners],
          names: [...this.names],
          indexes: [...this.indexes],
        }
      : undefined
    this.isBusy = true
    try {
      this.begin(course, outermost)
      visit()
      return this.end()
    } finally {
      this.isBusy = false
      if (suspended) Object.assign(this, suspended)
    }
  }

  private begin(course: Course, outermost: unknown): void {
    this.root = course.root
    this.beyond = course.beyond
    this.rules = course.rules
    this.settings = course.settings
    this.limits = new Limits(MOST_EXPRESSION_STEPS)
    this.shelf = course.shelf
    this.profiles = course.profiles ?? []
    this.references = course.references
    this.outermost = this.rootResource = this.resource = outermost as Json
    this.around = undefined
    this.twin = undefined
    this.needs = new Needs()
    this.found = new Findings(course.settings.mostIssues)
    this.depth = this.steps = this.trials = this.faults = 0
    if (this.said.size > 0) this.said = new Set()
    if (this.conformances.size > 0) this.conformances = new Map()
  }

  private end(): { issues: Issue[]; needs: Needs } {
    if (this.steps > MOST_STEPS) {
      const why = `takes more than ${MOST_STEPS} steps to check: it was not checked to the end`
      this.found.addAnyway(messages.tooCostly, 'error', why, this.root)
    }
    return { issues: this.found.listed(), needs: this.needs }
  }

  // ── Where ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Goes into an object, so that `names[level]` is what is looked at in it.
   *
   * @param owner  the type of the object: `HumanName`, `Patient.contact`
   * @returns the level, to leave with
   */
  enter(object: Json, owner: string): number {
    const level = this.depth++
    this.nodes[level] = object
    this.owners[level] = owner
    this.indexes[level] = NO_INDEX
    return level
  }

  leave(level: number): void {
    this.depth = level
  }

  noIndex(level: number): void {
    this.indexes[level] = NO_INDEX
  }

  /** @returns whether one more element of a profile may be looked at */
  step(): boolean {
    return ++this.steps <= MOST_STEPS
  }

  path(): string {
    let path = this.root
    for (let level = 0; level < this.depth; level++) {
      path += `.${this.names[level]}`
      if (this.indexes[level] !== NO_INDEX) path += `[${this.indexes[level]}]`
    }
    return path
  }

  // ── What is said ─────────────────────────────────────────────────────────────────────────────────────────────────

  report(message: Message, diagnostics: () => string, more?: { severity?: Issue['severity']; below?: string }): void {
    const found = more?.severity ?? 'error'
    const severity = this.isLenient && isFault(found) ? 'warning' : found
    if (this.trials > 0) {
      if (isFault(found)) this.faults++
      return
    }
    this.found.add(message, severity, diagnostics, this.path() + (more?.below ?? ''))
  }

  /** As `report`, of the object that the level is in rather than of the element that is looked at. */
  reportOf(level: number, message: Message, diagnostics: () => string): void {
    const { depth } = this
    this.depth = level
    this.report(message, diagnostics)
    this.depth = depth
  }

  /** Whether nothing was said under this name yet: what is not known is said once, not for every place that names it. */
  isNews(name: string): boolean {
    if (this.trials > 0 || this.said.has(name)) return false
    this.said.add(name)
    return true
  }

  /**
   * Runs checks without listing what they find.
   *
   * @returns whether they found no error; undefined when that cannot be told before more is known
   */
  holds(checks: () => void): boolean | undefined {
    const faultsBefore = this.faults
    const needsBefore = this.needs.asked
    this.trials++
    checks()
    this.trials--
    const isClean = this.faults === faultsBefore
    this.faults = faultsBefore
    return isClean && this.needs.asked > needsBefore ? undefined : isClean
  }

  // ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────

  member({ valueSet = '', system = '', version, code, display }: MembershipQuestion): MembershipAnswer | undefined {
    return this.memberOf(valueSet, system, version, code, display)
  }

  /** As `member`, without an object for the question; '' is no value set, and no system. */
  memberOf(
    valueSet: string,
    system: string,
    version: string | undefined,
    code: string,
    display?: string,
  ): MembershipAnswer | undefined {
    const answer = this.shelf.answer(valueSet, system, version, code, display)
    if (answer === undefined) this.needs.member(valueSet, system, version, code, display)
    return answer
  }

  definition<T extends CanonicalType>(type: T, canonical: string): Canonicals[T] | null | undefined {
    const known = this.shelf.definition(type, canonical)
    if (known === undefined) this.needs.definition(type, canonical)
    return known
  }

  /** Whether what a reference to this server names is there; undefined when that is not known, or nobody looks. */
  exists(reference: string): boolean | undefined {
    if (!this.references) return undefined
    const known = this.references.get(reference)
    if (known === undefined) this.needs.reference(reference)
    return known
  }

  conforms(node: unknown, type: string, profile: string): boolean | null | undefined {
    if (this.trials >= MOST_TRIALS) return null
    let known = this.conformances.get(node)
    if (known?.has(profile)) return known.get(profile)
    if (!known) {
      known = new Map()
      this.conformances.set(node, known)
    }
    known.set(profile, true) // what leads back to itself fails elsewhere or not at all
    const answer = this.beyond ? this.beyond.conforms(node, type, profile) : null
    known.set(profile, answer)
    return answer
  }

  resolve(reference: string): Found | null {
    return resolveAround(reference, this.rootResource, this.around, this.root)
  }
}

export const walk = new Walk()
