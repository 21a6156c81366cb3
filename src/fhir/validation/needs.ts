import type { CanonicalType } from '../library.js'
import type { MembershipQuestion } from '../terminology.js'

/** What a walk missed: it is fetched, and the walk begins again. */
export class Needs {
  readonly definitions = new Map<string, { type: CanonicalType; canonical: string }>()
  readonly questions = new Map<string, MembershipQuestion>()
  readonly references = new Set<string>()

  /** How often something was missed, the same thing again included. */
  asked = 0

  definition(type: CanonicalType, canonical: string): void {
    this.asked++
    this.definitions.set(`${type} ${canonical}`, { type, canonical })
  }

  member(valueSet: string, system: string, version: string | undefined, code: string, display?: string): void {
    this.asked++
    this.questions.set(JSON.stringify([valueSet, system, version, code, display]), {
      ...(valueSet && { valueSet }),
      ...(system && { system }),
      ...(version !== undefined && { version }),
      code,
      ...(display !== undefined && { display }),
    })
  }

  reference(reference: string): void {
    this.asked++
    this.references.add(reference)
  }
}
