import { typeDefinition } from '../definitions.js'
import { membersOf } from '../members.js'
import { choiceName } from './objects.js'
import type { Source } from './program.js'

const known = new Map<string, readonly Source[]>()

/**
 * The properties in which an element is found.
 *
 * @param owners  types that the object may have
 * @param name    `value`, or `valueQuantity` for that choice alone
 */
export function sourcesOf(owners: readonly string[], name: string): readonly Source[] {
  const key = `${owners.join()} ${name}`
  let sources = known.get(key)
  if (!sources) {
    const byKey = new Map(owners.flatMap((owner) => sourcesIn(owner, name)).map((source) => [source.key, source]))
    sources = [...byKey.values()]
    known.set(key, sources)
  }
  return sources
}

function sourcesIn(owner: string, name: string): Source[] {
  return [...membersOf(owner)]
    .filter(([key, { element }]) => element.name === name || key === name)
    .map(([key, { element, type }]) => ({
      key,
      twinKey: `_${key}`,
      name: element.choice ? choiceName(element.name, type) : element.name,
      type,
    }))
}

/** What a value is: one that may be any resource says itself. */
export const typeOf = (value: unknown, source: Source): string => {
  if (source.type !== 'Resource' || typeof value !== 'object' || value === null) return source.type
  const type = (value as { resourceType?: unknown }).resourceType
  return typeof type === 'string' && typeDefinition(type) ? type : source.type
}
