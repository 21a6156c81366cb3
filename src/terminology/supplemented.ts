import type { CodeSystem } from '@medplum/fhirtypes'
import { canonical } from '../fhir/canonical.js'
import type { CodeSystemProvider, Concept, Narrowing, Page, Selection } from './provider.js'
import { type Entry, ResourceConcepts } from './resources/concepts.js'
import { filterOf } from './resources/filters.js'
import { withProperties } from './resources/provider.js'

/** A code system whose concepts are elsewhere than in a resource, with what supplements add to them. */
export function supplemented(provider: CodeSystemProvider, supplements: readonly CodeSystem[]): CodeSystemProvider {
  const { url, version, content, caseSensitive, header, edition } = provider
  const added = new ResourceConcepts({
    resourceType: 'CodeSystem',
    status: 'active',
    content: 'supplement',
    caseSensitive,
    property: supplements.flatMap((one) => one.property ?? []),
    concept: supplements.flatMap((one) => one.concept ?? []),
  })
  const wrapped = (selection: Selection) => new SupplementedSelection(selection, added)
  return {
    url,
    version,
    content,
    caseSensitive,
    header: withProperties(header, supplements),
    edition,
    supplements: supplements.map((one) => canonical(one.url!, one.version)),
    async locate(codes) {
      const found = await provider.locate(codes)
      return new Map([...found].map(([code, concept]) => [code, both(concept, added)]))
    },
    all: () => wrapped(provider.all()),
    of: (codes) => wrapped(provider.of(codes)),
    async filter(property, op, value) {
      const own = await provider.filter(property, op, value)
      if (own) return wrapped(own)
      const test = added.hasProperty(property) ? filterOf(added, property, op, value) : undefined
      return test && wrapped(provider.of(codesOf(added.all().filter(test))))
    },
    subsumes: (a, b) => provider.subsumes(a, b),
    ...(provider.shown && { shown: (concept, names) => provider.shown!(concept, names) }),
    fault: (code) => provider.fault?.(code),
  }
}

const codesOf = (entries: readonly Entry[]) => entries.map(({ code }) => code)

function both(concept: Concept, added: ResourceConcepts): Concept {
  const more = added.get(concept.code)
  if (!more) return concept
  return {
    ...concept,
    designations: [...concept.designations, ...more.designations],
    properties: [...concept.properties, ...more.properties],
    extensions: [...(concept.extensions ?? []), ...(more.extensions ?? [])],
  }
}

/** A text finds the system's own words: those of the supplement are only shown. */
class SupplementedSelection implements Selection {
  constructor(
    private readonly selection: Selection,
    private readonly added: ResourceConcepts,
  ) {}

  get unclosed() {
    return this.selection.unclosed
  }

  and = (other: Selection) => this.with(this.selection.and(own(other)))
  or = (other: Selection) => this.with(this.selection.or(own(other)))
  minus = (other: Selection) => this.with(this.selection.minus(own(other)))
  has = (codes: readonly string[]) => this.selection.has(codes)
  fault = (code: string) => this.selection.fault?.(code)
  count = (asked?: Narrowing) => this.selection.count(asked)

  async page(asked: Page): Promise<readonly Concept[]> {
    return (await this.selection.page(asked)).map((one) => both(one, this.added))
  }

  private with(selection: Selection): SupplementedSelection {
    return new SupplementedSelection(selection, this.added)
  }
}

/** The operands of one operation have one provider, so they are of one class. */
const own = (other: Selection) => (other as unknown as { readonly selection: Selection }).selection
