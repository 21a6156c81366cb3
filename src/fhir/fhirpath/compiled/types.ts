import { typeDefinition } from '../../definitions.js'
import { type Item, isA, isSystem } from '../item.js'
import type { TypeName } from '../syntax.js'
import { type Compiled, fromItem, nothing, only, several, single, truth, typeOf, type Value } from './value.js'

const systemNames = new Set(['Boolean', 'String', 'Integer', 'Decimal', 'Date', 'DateTime', 'Time'])

/**
 * The FHIR type that a name stands for. R4's constraints and those of guides write `answer is Boolean` of an element,
 * and HL7's validator takes that as they mean it.
 */
const meant = ({ name, namespace }: TypeName) =>
  namespace !== 'FHIR' && systemNames.has(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name

function isItemOf(item: Item, type: TypeName): boolean {
  if (isSystem(item)) return type.namespace !== 'FHIR' && (type.name === 'Any' || item.type === `System.${type.name}`)
  return isA(item.type, meant(type))
}

function testOf(type: string | undefined, wanted: TypeName): (value: Value) => boolean {
  if (type === undefined) return (value) => isItemOf(value as Item, wanted)
  if (type.startsWith('System.')) {
    const holds = isItemOf({ type, value: undefined }, wanted)
    return () => holds
  }
  const name = meant(wanted)
  if (isA(name, type) && name !== type) return (value) => isA(typeOf(value, type), name)
  const holds = isA(type, name)
  return () => holds
}

/** `is` */
export function typeTest(of: Compiled, wanted: TypeName, what: string): Compiled {
  const value = only(of, what)
  const test = testOf(of.type, wanted)
  return truth((focus, around) => {
    const found = value(focus, around)
    return found === undefined ? undefined : test(found)
  })
}

/** `as` and `ofType`: of several values those that are of the type, as R4 means it. */
export function narrowed(of: Compiled, wanted: TypeName): Compiled {
  const { type, one, all } = of
  const name = meant(wanted)
  const test = testOf(type, wanted)
  if (type !== undefined) {
    if (type.startsWith('System.')) return test(undefined) ? of : nothing
    if (isA(type, name)) return of
    if (!isA(name, type)) return nothing
    if (one) {
      return single(name, (focus, around) => {
        const value = one(focus, around)
        return value !== undefined && test(value) ? value : undefined
      })
    }
    return several(name, (focus, around) => all(focus, around).filter(test))
  }
  // What may be many things stays an item that knows which.
  const isOpen = typeDefinition(name)?.abstract === true || !typeDefinition(name)
  const result = isOpen ? undefined : name
  const give = isOpen ? (item: Value) => item : (item: Value) => fromItem(item as Item)
  if (one) {
    return single(result, (focus, around) => {
      const item = one(focus, around)
      return item !== undefined && test(item) ? give(item) : undefined
    })
  }
  return several(result, (focus, around) => all(focus, around).filter(test).map(give))
}
