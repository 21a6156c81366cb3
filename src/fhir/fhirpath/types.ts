import { Invalid } from '../../base/errors.js'
import { typeDefinition } from '../definitions.js'
import { type Item, isA, isSystem } from './item.js'
import { single } from './operands.js'
import type { Scope } from './scope.js'
import { type Node, place, type TypeName } from './syntax.js'

/** https://hl7.org/fhirpath/N1/#types-and-reflection */
export class TypeInfo {
  readonly baseType: string
  constructor(
    readonly namespace: string,
    readonly name: string,
    base?: string,
  ) {
    this.baseType = base ?? 'System.Any'
  }

  toString(): string {
    return `${this.namespace}.${this.name}`
  }
}

const systemTypes = new Set(['Any', 'Boolean', 'String', 'Integer', 'Decimal', 'Date', 'DateTime', 'Time', 'Quantity'])

/** What `type()` says of an item. */
export function typeInfo({ type }: Item): Item {
  if (type.startsWith('System.')) {
    return { type: 'System.SimpleTypeInfo', value: new TypeInfo('System', type.slice('System.'.length)) }
  }
  const definition = typeDefinition(type)
  const isPart = definition?.kind === 'backbone'
  const base = isPart ? 'Element' : definition?.base
  const info = new TypeInfo('FHIR', isPart ? (definition.base ?? 'Element') : type, base && `FHIR.${base}`)
  return { type: 'System.ClassInfo', value: info }
}

/**
 * Whether an item is of a type or one derived from it. A name alone is looked for in both namespaces: they share only
 * Quantity.
 */
export function isOfType(item: Item, { namespace, name }: TypeName): boolean {
  if (isSystem(item)) return namespace !== 'FHIR' && (name === 'Any' || item.type === `System.${name}`)
  return namespace !== 'System' && isA(item.type, name)
}

/**
 * `as`: the value if it is of the type.
 * @throws Invalid  there are several, and R4's way of writing is not meant
 */
export function cast(items: readonly Item[], type: TypeName, { session }: Scope, what: string): Item[] {
  if (!session.asR4) single(items, what)
  return items.filter((item) => isOfType(item, type))
}

/** @throws Invalid  there is no such type. What one namespace has, no item of the other is, which is no mistake. */
export function checkTypeName({ namespace, name }: TypeName, node: Node): void {
  const isNamespace = namespace === undefined || namespace === 'System' || namespace === 'FHIR'
  if (isNamespace && (systemTypes.has(name) || typeDefinition(name))) return
  const written = namespace === undefined ? name : `${namespace}.${name}`
  throw new Invalid(`'${written}' is neither a type of FHIR R4 nor of FHIRPath ${place(node)}`)
}

/** The argument of `is()`, `as()` and `ofType()`, which is written as if it were a path. */
export function typeArgument(node: Node): TypeName {
  if (node.is === 'member' && !node.of) return { name: node.name }
  if (node.is === 'member' && node.of?.is === 'member' && !node.of.of)
    return { namespace: node.of.name, name: node.name }
  throw new Invalid(`Expected the name of a type ${place(node)}`)
}
