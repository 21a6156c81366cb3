import type { Bundle, Resource } from '@medplum/fhirtypes'

/** A bundle of PUTs as one of POSTs whose ids the server chooses: it can be posted again and again. */
export function asNew(bundle: Bundle): Buffer {
  const ids = new Set(bundle.entry!.map(({ resource }) => resource!.id))
  const entry = bundle.entry!.map(({ fullUrl, resource }) => {
    const { id: _, ...rest } = resource!
    return { fullUrl, resource: rest, request: { method: 'POST', url: resource!.resourceType } }
  })
  const text = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry })
  return Buffer.from(
    text.replace(/"[A-Z][A-Za-z]+\/([\da-f-]{36})"/g, (reference, id) =>
      ids.has(id) ? `"urn:uuid:${id}"` : reference,
    ),
  )
}

/** The types of the CRUD cycle; each refers only to those before it. */
export const cycle = [
  'Organization',
  'Location',
  'Practitioner',
  'Patient',
  'Encounter',
  'Observation',
  'MedicationRequest',
  'Claim',
  'ExplanationOfBenefit',
] as const

export type CycleType = (typeof cycle)[number]

/** The JSON of a resource that refers to resources which exist only when it is sent. */
export type Template = (references: Map<string, string>, id?: string) => string

/**
 * One template for each type of the cycle, from resources of the population. References between types of the cycle
 * are open; the others stay as they are.
 */
export function templates(resources: Resource[]): Record<CycleType, Template> {
  const made = cycle.map((type) => {
    const { id: _, ...resource } = resources.find(({ resourceType }) => resourceType === type)!
    const open = new RegExp(`"reference":"(${cycle.slice(0, cycle.indexOf(type)).join('|')})/[\\da-f-]{36}"`)
    // split with one group gives text, type, text, type, …, text
    const parts = cycle.indexOf(type) === 0 ? [JSON.stringify(resource)] : JSON.stringify(resource).split(open)
    const template: Template = (references, id) => {
      const text = parts.map((part, i) => (i % 2 ? `"reference":"${references.get(part)}"` : part)).join('')
      return id ? `{"id":"${id}",${text.slice(1)}` : text
    }
    return [type, template]
  })
  return Object.fromEntries(made)
}
