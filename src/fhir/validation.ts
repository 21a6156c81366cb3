import type { StructureDefinition } from '@medplum/fhirtypes'
import type { Issue } from '../base/errors.js'
import { Lately } from '../base/lately.js'
import { byCanonical, type Library } from './library.js'
import { snapshotOf } from './snapshot.js'
import type { MembershipSource } from './terminology.js'
import { full } from './validation/full.js'
import { Needs } from './validation/needs.js'
import { type RuleBook, type Settings, usual } from './validation/rule.js'
import { checkResource } from './validation/shapes.js'
import { Shelf } from './validation/shelf.js'
import { nameOf, validateStructure } from './validation/structure.js'
import { type Course, walk } from './validation/walk.js'

export type { RuleBook, Settings } from './validation/rule.js'
export { usual } from './validation/rule.js'

export interface Asked {
  /** `structure`: only what the JSON form of the type says, nothing that must be looked up */
  readonly mode: 'structure' | 'full'
  /** Canonicals of profiles that it must meet beside those of `meta.profile`. */
  readonly profiles?: readonly string[]
  readonly library: Library
  readonly terminology: MembershipSource
  /** Without it nobody looks whether a reference leads to something. */
  readonly references?: ReferenceSource
  readonly settings?: Partial<Settings>
  /** What is demanded here beside what FHIR and profiles do. */
  readonly rules?: RuleBook
}

/** Where it is looked up whether what a reference names is there. */
export interface ReferenceSource {
  /** @returns for each `Patient/1` whether it is on this server, in their order */
  exist(references: readonly string[]): Promise<readonly boolean[]>
}

/** Walks of one resource: each may find profiles that need others. */
const MOST_WALKS = 30

/**
 * All that is to be said of a resource, in an order that is always the same.
 *
 * The walk over it never waits: what is not at hand (a profile, whether a code is in a value set) is noted, fetched when it
 * has ended, and the walk is repeated. When all is known from before, one walk is all there is.
 *
 * @param resource  from `parseJson`
 * @returns at most `mostIssues`, then a note if there are more; empty when all is well
 * @see https://hl7.org/fhir/R4/validation.html
 */
export async function validate(resource: unknown, asked: Asked): Promise<Issue[]> {
  const settings = { ...usual, ...asked.settings }
  if (asked.mode === 'structure') return validateStructure(resource)
  const shelf = shelfOf(asked)
  shelf.trim()
  const references = asked.references && new Map<string, boolean>()
  const { profiles, rules } = asked
  const course = { root: nameOf(resource), beyond: full, settings, shelf, profiles, references, rules }
  for (let walks = 1; ; walks++) {
    const { issues, needs } = walkThrough(resource, course)
    if (needs.asked === 0) return issues
    if (walks === MOST_WALKS) {
      const diagnostics = `The profiles lead to ever more profiles; it was not checked to the end`
      return [...issues, { severity: 'error', code: 'too-costly', diagnostics, expression: [course.root] }]
    }
    await fetchNeeds(needs, shelf, asked, references)
  }
}

/** A resource that is malformed may break a rule that looks into it: then its form is all that is said. */
function walkThrough(resource: unknown, course: Course): { issues: Issue[]; needs: Needs } {
  try {
    return walk.run(course, resource, () => checkResource(resource))
  } catch (cause) {
    const issues = validateStructure(resource)
    if (issues.length === 0) throw cause
    return { issues, needs: new Needs() }
  }
}

// ── What is at hand ────────────────────────────────────────────────────────────────────────────────────────────────

const shelves = new Lately<Shelf>(32)

function shelfOf({ library, terminology }: Asked): Shelf {
  const revision = `${library.revision} ${terminology.revision}`
  let shelf = shelves.get(revision)
  if (!shelf) {
    shelf = new Shelf()
    shelves.set(revision, shelf, 1)
  }
  return shelf
}

async function fetchNeeds(
  needs: Needs,
  shelf: Shelf,
  { library, terminology, references: source }: Asked,
  references: Map<string, boolean> | undefined,
): Promise<void> {
  const definitions = [...needs.definitions.values()].map(async ({ type, canonical }) => {
    const found = await byCanonical(library, type, canonical)
    const whole = found?.resourceType === 'StructureDefinition' ? await withSnapshot(found, library) : found
    shelf.keepDefinition(type, canonical, whole ?? null)
  })
  const questions = [...needs.questions.values()]
  const names = [...needs.references]
  const [answers, found] = await Promise.all([
    questions.length > 0 ? terminology.membership(questions, library) : [],
    source && names.length > 0 ? source.exist(names) : [],
    ...definitions,
  ])
  for (const [i, question] of questions.entries()) shelf.keepAnswer(question, answers[i]!)
  for (const [i, name] of names.entries()) references?.set(name, found[i]!)
}

/** Made for a profile that was stored without one; empty when its base is not known. */
async function withSnapshot(structure: StructureDefinition, library: Library): Promise<StructureDefinition> {
  if (structure.snapshot?.element?.length) return structure
  const { element } = await snapshotOf(structure, library)
  return { ...structure, snapshot: { element: [...element] } }
}
