import type { Issue } from '../../base/errors.js'
import type { Canonicals, CanonicalType } from '../library.js'
import type { MembershipAnswer, MembershipQuestion } from '../terminology.js'
import { messages } from './messages.js'
import { Needs } from './needs.js'
import { type Around, resolveAround } from './resolve.js'
import { type Found, type Json, type Message, type Place, type Settings, usual } from './rule.js'
import { Shelf } from './shelf.js'

/** Objects that one walk may visit, counting those that are tried against slices and target profiles. */
const MOST_STEPS = 3_000_000
const NO_INDEX = -1

/** What a walk is given. */
export interface Course {
  /** FHIRPath of the resource when it is a part: `Bundle.entry[3].resource` */
  root: string
  /** Whether more is looked at than the JSON form of the type. */
  full: boolean
  settings: Settings
  shelf: Shelf
  /** Of references that were looked up: whether they are there. */
  references?: ReadonlyMap<string, boolean>
}

/**
 * The one walk over a resource. It never waits, so one runs at a time and all share this object: nothing is allocated
 * until an issue is found.
 */
export class Walk implements Place {
  resource: Json = {}
  rootResource: Json = {}
  outermost: Json = {}
  twin: unknown
  settings: Settings = usual
  full = false
  around: Around | undefined
  needs = new Needs()

  // The way from the root to the node: names of elements, indexes where they repeat, and the type that each is of.
  depth = 0
  readonly names: string[] = []
  readonly indexes: number[] = []
  readonly owners: string[] = []
  private root = ''

  private shelf = new Shelf()
  private references: ReadonlyMap<string, boolean> | undefined
  private found: Issue[] = []
  private omitted = 0
  private steps = 0
  /** Above zero while something is only tried: faults are counted and not listed. */
  private trials = 0
  private faults = 0

  /** Runs `visit` from the start and gives what was found. */
  run(course: Course, outermost: unknown, visit: () => void): { issues: Issue[]; needs: Needs } {
    this.root = course.root
    this.full = course.full
    this.settings = course.settings
    this.shelf = course.shelf
    this.references = course.references
    this.outermost = this.rootResource = this.resource = outermost as Json
    this.around = undefined
    this.twin = undefined
    this.needs = new Needs()
    this.found = []
    this.depth = this.omitted = this.steps = this.trials = this.faults = 0
    visit()
    const issues = this.found
    if (this.steps > MOST_STEPS) issues.push(this.issueOf(messages.tooCostly, 'error', 'is too much to check', this.root))
    if (this.omitted > 0) {
      const more = `There are ${this.omitted} more; only the first ${this.settings.mostIssues} are listed`
      issues.push({ severity: 'information', code: 'informational', diagnostics: more })
    }
    return { issues, needs: this.needs }
  }

  // ── Where ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @returns the level that the child's name and index go to; `leave` with it */
  enter(owner: string): number {
    const level = this.depth++
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

  /** @returns whether there is budget left for one more object */
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
    const severity = more?.severity ?? 'error'
    const isFault = severity === 'error' || severity === 'fatal'
    if (this.trials > 0) {
      if (isFault) this.faults++
      return
    }
    if (this.found.length >= this.settings.mostIssues) {
      this.omitted++
      // An error is never crowded out by less.
      const least = isFault ? this.found.findLastIndex((one) => one.severity !== 'error' && one.severity !== 'fatal') : -1
      if (least < 0) return
      this.found.splice(least, 1)
    }
    this.found.push(this.issueOf(message, severity, diagnostics(), this.path() + (more?.below ?? '')))
  }

  private issueOf(message: Message, severity: Issue['severity'], diagnostics: string, path: string): Issue {
    return {
      severity,
      code: message.code,
      details: { coding: [{ system: MESSAGES, code: message.id }], text: message.text },
      diagnostics,
      expression: [path],
    }
  }

  /**
   * Runs checks without listing what they find.
   *
   * @returns whether they found no error; undefined when that cannot be told before more is known
   */
  holds(checks: () => void): boolean | undefined {
    const faultsBefore = this.faults
    const needsBefore = this.needs.count
    this.trials++
    checks()
    this.trials--
    const isClean = this.faults === faultsBefore
    this.faults = faultsBefore
    return isClean && this.needs.count > needsBefore ? undefined : isClean
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

  /** Whether what a reference on this server names is there; undefined when that is not known or not asked. */
  exists(reference: string): boolean | undefined {
    if (!this.references) return undefined
    const known = this.references.get(reference)
    if (known === undefined) this.needs.reference(reference)
    return known
  }

  conforms(node: unknown, type: string, profile: string): boolean | null | undefined {
    return conformance(node, type, profile)
  }

  resolve(reference: string): Found | null {
    return resolveAround(reference, this.rootResource, this.around, this.root)
  }
}

const MESSAGES = 'https://ingle.example/CodeSystem/validation-message'

export const walk = new Walk()

type Conformance = (node: unknown, type: string, profile: string) => boolean | null | undefined

let conformance: Conformance = () => null
/** Profiles are programs that walk themselves; they say here how they are run. */
export function conformsBy(by: Conformance): void {
  conformance = by
}
