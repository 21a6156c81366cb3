import { isResourceType } from '../../fhir/definitions.js'
import { hash, keyOf, uncounted } from '../hash.js'

interface Reference {
  reference?: string
  identifier?: { system?: string; value?: string }
}

export interface Target {
  /** `Patient`; absent when the reference is an absolute URL or a canonical. */
  type?: string
  key: bigint
}

/** `Patient/1`, `http://somewhere/fhir/Patient/1/_history/3`: type and id at the end of a reference. */
const LITERAL = /^(?:https?:\/\/.+\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/

/**
 * What a reference or canonical points at; a contained resource (`#1`) and a logical reference have no key.
 * A canonical with a version has two: it is found with it or without.
 */
export function indexed(tenant: number, value: unknown, type: string, visit: (target: Target) => void): void {
  if (type === 'Reference') {
    const { reference } = value as Reference
    const target = reference === undefined ? undefined : targetOf(tenant, reference)
    if (target) visit(target)
  } else if (typeof value === 'string') {
    visit({ key: urlKey(tenant, value) })
    const bar = value.indexOf('|')
    if (bar <= 0) return
    const url = value.slice(0, bar)
    visit({ key: urlKey(tenant, url) })
    for (const part of beginnings(value.slice(bar + 1))) visit({ key: versionKey(tenant, url, part) })
  }
}

/** `1.2`, `1` of the version `1.2.3`. */
function beginnings(version: string): string[] {
  const parts = version.split('.')
  return parts.slice(1).map((_, i) => parts.slice(0, parts.length - 1 - i).join('.'))
}

const versionKey = (tenant: number, url: string, beginning: string) => urlKey(tenant, `${url}|${beginning}.`)

/** Keys of canonicals to a version or one that it is the beginning of: `1` and `1.2.3`. */
export const versionsBelow = (tenant: number, url: string, version: string): bigint[] => [
  urlKey(tenant, `${url}|${version}`),
  versionKey(tenant, url, version),
]

/** Keys of canonicals to a version or a beginning of it. */
export const versionsAbove = (tenant: number, url: string, version: string): bigint[] =>
  [version, ...beginnings(version)].map((one) => urlKey(tenant, `${url}|${one}`))

/** What a literal reference points at, be it in a resource or in a query. */
export function targetOf(tenant: number, reference: string): Target | undefined {
  if (reference.startsWith('#')) return undefined
  const literal = LITERAL.exec(reference)
  if (!literal || !isResourceType(literal[1])) return { key: urlKey(tenant, reference) }
  // A resource of another server is not ours that happens to have the same id.
  if (reference.startsWith('http')) return { key: urlKey(tenant, reference) }
  return { type: literal[1], key: keyOf(tenant, literal[1]!, literal[2]!) }
}

const urlKey = (tenant: number, url: string): bigint => hash(`${tenant} ${url}`)

/** What `:identifier` looks for: the logical reference. */
export function identifiers(prefix: string, value: unknown, type: string, visit: (hashed: bigint) => void): void {
  if (type !== 'Reference') return
  const { identifier } = value as Reference
  if (!identifier?.value) return
  visit(identifierHash(prefix, identifier.system ?? '', identifier.value))
  visit(identifierHash(prefix, undefined, identifier.value))
}

export function identifierHash(prefix: string, system: string | undefined, value: string): bigint {
  return uncounted(
    hash(system === undefined ? `${prefix}:identifier\t${value}` : `${prefix}:identifier\n${system}\n${value}`),
  )
}
