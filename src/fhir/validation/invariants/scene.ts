import { Invalid } from '../../../base/errors.js'
import type { Around, Value } from '../../fhirpath/compiled/value.js'
import { toItem } from '../../fhirpath/compiled/value.js'
import { children, type Item, itemOf, toSystem } from '../../fhirpath/item.js'
import type { Limits } from '../../fhirpath/limits.js'
import { type Scope, sessionOf } from '../../fhirpath/scope.js'
import { narrativeFault } from '../narrative.js'
import { BundleIndex } from '../resolve.js'
import type { Place } from '../rule.js'
import { resolveWithin } from './resolve-within.js'

/** Thrown through an expression: what it asks about is not at hand yet. */
export class Unknown extends Error {}

const unknown = new Unknown()

/** What an invariant is evaluated in. One object serves all, as one walk runs at a time. */
export class Scene implements Around {
  resource: unknown
  rootResource: unknown
  context: Value
  private place!: Place
  /** Of the Bundle that a constraint is about, once it has asked for it. */
  private index: BundleIndex | undefined

  set(place: Place, context: Value): this {
    this.place = place
    this.resource = place.resource
    this.rootResource = place.rootResource
    this.context = context
    this.index = undefined
    return this
  }

  get limits(): Limits {
    return this.place.limits
  }

  resolve(reference: string, holder: unknown): unknown {
    const { resource } = this.place
    if (resource.resourceType !== 'Bundle') return this.place.resolve(reference)?.resource
    this.index ??= new BundleIndex(resource, '')
    return resolveWithin(resource, this.index, reference, holder, this.limits)
  }

  /**
   * A CodeableConcept is of a value set when one of its codings is.
   * @throws Unknown  that has to be looked up first
   * @throws Invalid  it cannot be told, as the value set is not known here
   */
  memberOf(item: Item, valueSet: string): boolean {
    let missing: string | undefined
    for (const { system, version, code } of codesOf(item)) {
      const answer = this.place.member({ valueSet, system, version, code })
      if (!answer) throw unknown
      if (answer.isIn) return true
      if (answer.isIn === undefined) missing = answer.missing ?? valueSet
    }
    if (missing !== undefined) throw new Invalid(`memberOf() cannot tell, as ${missing} is not known here`)
    return false
  }

  conformsTo({ value, type }: Item, profile: string): boolean {
    const answer = this.place.conforms(value, type, profile)
    if (answer === undefined) throw unknown
    if (answer === null) throw new Invalid(`conformsTo() cannot tell, as the profile ${profile} is not known here`)
    return answer
  }

  htmlChecks(xhtml: string): boolean {
    return narrativeFault(xhtml) === undefined
  }

  /** What the evaluator takes, for what cannot be compiled. */
  scope(focus: Value, type: string): Scope {
    const item = toItem(focus, type)
    const resource = itemOf(this.resource)
    const variables = new Map([
      ['context', [item]],
      ['resource', [resource]],
      ['rootResource', [itemOf(this.rootResource)]],
    ])
    return { session: sessionOf(resource, { asR4: true, limits: this.limits }), focus: [item], variables }
  }
}

interface Code {
  readonly system?: string
  readonly version?: string
  readonly code: string
}

function codesOf(item: Item): Code[] {
  if (item.type === 'CodeableConcept') return children(item, 'coding').flatMap(codesOf)
  const { value } = toSystem(item) ?? {}
  if (typeof value === 'string') return [{ code: value }]
  const { system, version, code } = (item.value ?? {}) as Partial<Code>
  return code === undefined ? [] : [{ code, ...(system && { system }), ...(version && { version }) }]
}
