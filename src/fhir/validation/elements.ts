import { isAbsolute } from './bundle/entries.js'
import type { Json, Message, Place } from './rule.js'

const messages = {
  size: { id: 'Type_Specific_Checks_DT_ATT_SIZE_INVALID', code: 'structure', text: 'The size is that of the data' },
  uri: { id: 'Type_Specific_Checks_DT_Identifier_System_Value', code: 'code-invalid', text: 'The value is a URI' },
  duplicateId: { id: 'DUPLICATE_ID', code: 'business-rule', text: 'The ids of elements differ' },
} satisfies Record<string, Message>

/** https://hl7.org/fhir/R4/datatypes.html#Attachment */
export function checkAttachment({ size, data }: Json, at: Place): void {
  if (typeof size !== 'number' || typeof data !== 'string') return
  const bytes = Buffer.byteLength(data.replace(/\s/g, ''), 'base64')
  if (bytes !== size) at.report(messages.size, () => `has a size of ${size}, but data of ${bytes} bytes`)
}

/** With this system the value is itself a URI; https://hl7.org/fhir/R4/identifier-registry.html */
export function checkIdentifier({ system, value }: Json, at: Place): void {
  if (system !== 'urn:ietf:rfc:3986' || typeof value !== 'string' || isAbsolute(value)) return
  at.report(
    messages.uri,
    () => 'must have a value that is a full URI, as its system says, such as urn:oid: or urn:uuid:',
  )
}

/**
 * The ids of elements are unique within a resource; https://hl7.org/fhir/R4/element.html#id. Snapshot and differential
 * have the same ones.
 */
export function checkIds(resource: Json, at: Place): void {
  const ids: unknown[] = []
  collect(resource, ids)
  if (ids.length < 2 || new Set(ids).size === ids.length) return
  const seen = new Set<unknown>()
  locate(resource, '', (id, below) => {
    if (seen.has(id))
      at.report(messages.duplicateId, () => 'has an id that another element of the resource has', { below })
    seen.add(id)
  })
}

const isRepeated = (key: string) => key === 'snapshot' || key === 'differential'

/** The hot path: few elements have ids, and where they stand is of interest only when two are the same. */
function collect(node: Json, into: unknown[]): void {
  for (const key in node) {
    const child = node[key]
    if (typeof child !== 'object' || child === null || isRepeated(key)) continue
    if (!Array.isArray(child)) collectFrom(child as Json, into)
    else for (let i = 0; i < child.length; i++) if (typeof child[i] === 'object') collectFrom(child[i], into)
  }
}

function collectFrom(element: Json | null, into: unknown[]): void {
  if (element === null || element.resourceType !== undefined) return
  if (element.id !== undefined) into.push(element.id)
  collect(element, into)
}

function locate(node: object, around: string, visit: (id: unknown, below: string) => void): void {
  for (const key in node) {
    const child = (node as Json)[key]
    if (typeof child !== 'object' || child === null || isRepeated(key)) continue
    const { id, resourceType } = child as Json
    if (resourceType !== undefined) continue
    // What is beside a primitive is of it.
    const below = Array.isArray(node) ? `${around}[${key}]` : `${around}.${key.startsWith('_') ? key.slice(1) : key}`
    if (id !== undefined) visit(id, below)
    locate(child, below, visit)
  }
}
