import { isResourceType } from '../fhir/definitions.js'
import type { Level, Operation } from './operation.js'

/** All operations that are offered, by where they are called. */
export class Operations {
  private readonly byPlace = new Map<string, Operation>()

  /** @throws Error  two of them claim the same place */
  constructor(readonly all: readonly Operation[]) {
    for (const operation of all) {
      for (const level of operation.on.levels) {
        const types = level === 'system' ? [''] : (operation.on.resource ?? [])
        for (const type of types === '*' ? ['*'] : types) this.place(`${level} ${type} ${operation.code}`, operation)
      }
    }
  }

  private place(key: string, operation: Operation): void {
    if (this.byPlace.has(key)) throw new Error(`Two operations are called ${key}`)
    this.byPlace.set(key, operation)
  }

  /** What `$code` calls at a path such as `['Patient', '1', '$everything']`. */
  at(path: readonly string[]): Operation | undefined {
    const last = path.at(-1)
    const level = levelOf(path)
    if (!last?.startsWith('$') || !level) return undefined
    const type = level === 'system' ? '' : path[0]!
    const code = last.slice(1)
    return this.byPlace.get(`${level} ${type} ${code}`) ?? this.byPlace.get(`${level} * ${code}`)
  }

  /** Codes of all that can be called where the path calls something. */
  beside(path: readonly string[]): string[] {
    const level = levelOf(path)
    const isHere = ({ levels, resource }: Operation['on']) =>
      level && levels.includes(level) && (level === 'system' || resource === '*' || resource?.includes(path[0]!))
    return this.all.filter(({ on }) => isHere(on)).map(({ code }) => code)
  }

  /** Those that are called on the whole server, or on what a CapabilityStatement of R4 has no place for. */
  ofSystem(): Operation[] {
    const isForeign = ({ resource = [] }: Operation['on']) =>
      resource !== '*' && resource.length > 0 && !resource.some(isResourceType)
    return this.all.filter(({ on }) => on.levels.includes('system') || isForeign(on))
  }

  /** Those that are called on a type or its instances; on each type, with `*`. */
  ofType(type: string): Operation[] {
    return this.all.filter(
      ({ on }) => (on.resource === '*' || on.resource?.includes(type)) && on.levels.some((level) => level !== 'system'),
    )
  }
}

/** By how much stands before `$code`. */
const levelOf = (path: readonly string[]): Level | undefined =>
  (['system', 'type', 'instance'] as const satisfies Level[])[path.length - 1]
