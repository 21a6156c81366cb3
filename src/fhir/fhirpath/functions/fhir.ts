import { Invalid } from '../../../base/errors.js'
import { isResourceType, requiredCodes, typeDefinition } from '../../definitions.js'
import { primitives } from '../../validation/primitives.js'
import { validateStructure } from '../../validation/structure.js'
import { bool, children, type Item, isA, isSystem, itemOf, toSystem } from '../item.js'
import { asString, described, single } from '../operands.js'
import type { Call, Functions } from '../scope.js'

const BASE = 'http://hl7.org/fhir/StructureDefinition/'

function extension({ input, argument }: Call): Item[] {
  const url = asString(argument(0), 'The URL of extension()')
  return input
    .flatMap((item) => children(item, 'extension'))
    .filter((item) => children(item, 'url').some(({ value }) => value === url))
}

/** A value of its own, not extensions only. */
const isValue = (item: Item) => typeDefinition(item.type)?.kind === 'primitive-type' || isSystem(item)
const hasValue = (items: readonly Item[]) => items.length === 1 && isValue(items[0]!) && items[0]!.value !== undefined

/**
 * Whether a resource or element is what a type of R4 says. Profiles are for $validate.
 * @throws Invalid  for any other URL, which would have to be guessed about
 */
function conformsTo({ input, argument }: Call): Item[] {
  const url = asString(argument(0), 'The profile of conformsTo()')
  const item = single(input, 'What conformsTo() asks about')
  if (url === undefined || !item) return []
  const type = url.startsWith(BASE) ? url.slice(BASE.length) : ''
  if (!typeDefinition(type)) throw new Invalid('conformsTo() knows the types of FHIR R4 only; $validate knows profiles')
  return [bool(isA(item.type, type) && (!isResourceType(item.type) || validateStructure(item.value).length === 0))]
}

/**
 * Only a code can be told from the value sets that R4 itself enumerates.
 * @throws Invalid  for any other, which is a question for a terminology service
 */
function memberOf({ input, argument }: Call): Item[] {
  const url = asString(argument(0), 'The value set of memberOf()')
  const item = single(input, 'What memberOf() asks about')
  const code = item && toSystem(item)?.value
  if (url === undefined || !item || code === undefined) return []
  const codes = typeof code === 'string' ? requiredCodes(url) : undefined
  if (!codes) {
    throw new Invalid(`memberOf() cannot tell of ${described(item)} here; ask ValueSet/$validate-code`)
  }
  return [bool(codes.includes(code as string))]
}

interface Tree {
  resourceType?: string
  id?: string
  contained?: Tree[]
  entry?: { fullUrl?: string; resource?: Tree }[]
}

/** What references point at within the resource itself: contained resources, and entries of a Bundle. */
function resolve({ input, scope }: Call): Item[] {
  const root = scope.session.resource?.value as Tree | undefined
  return input.flatMap((item) => {
    const [part] = item.type === 'Reference' ? children(item, 'reference') : [item]
    const url = part && toSystem(part)?.value
    const found = typeof url === 'string' && root ? resolved(url, item, root) : undefined
    return found ? [itemOf(found)] : []
  })
}

function resolved(url: string, { path = '' }: Item, root: Tree): Tree | undefined {
  const entry = /^Bundle\.entry\[(\d+)\]\.resource\b/.exec(path)
  const owner = entry ? root.entry?.[Number(entry[1])]?.resource : root
  if (url === '#') return owner
  if (url.startsWith('#')) return owner?.contained?.find(({ id }) => id === url.slice(1))
  const versionless = url.replace(/\/_history\/[^/]*$/, '')
  return root.entry?.find(({ fullUrl, resource }) => {
    return fullUrl === versionless || (resource && `${resource.resourceType}/${resource.id}` === versionless)
  })?.resource
}

function checkModifiers(call: Call): readonly Item[] {
  const known = call.node.args.map((_, at) => asString(call.argument(at), 'An extension of checkModifiers()'))
  for (const item of call.input.flatMap((item) => children(item, 'modifierExtension'))) {
    const [url] = children(item, 'url')
    if (!known.includes(url?.value as string))
      throw new Invalid(`${item.path} is a modifier that is not among those known`)
  }
  return call.input
}

/** https://hl7.org/fhir/R4/fhirpath.html#functions */
export const fhir: Functions = {
  extension: { arity: [1, 1], returns: 'Extension', run: extension },
  hasValue: { arity: [0, 0], returns: 'System.Boolean', run: ({ input }) => [bool(hasValue(input))] },
  getValue: {
    arity: [0, 0],
    run: ({ input }) => (hasValue(input) ? [toSystem(input[0]!)!] : []),
  },
  resolve: { arity: [0, 0], run: resolve },
  conformsTo: { arity: [1, 1], returns: 'System.Boolean', run: conformsTo },
  memberOf: { arity: [1, 1], returns: 'System.Boolean', run: memberOf },
  htmlChecks: {
    arity: [0, 0],
    returns: 'System.Boolean',
    run: ({ input }) => [bool(input.every(({ value }) => primitives.xhtml!.accepts(value)))],
  },
  checkModifiers: { arity: [0, Number.POSITIVE_INFINITY], returns: 'input', run: checkModifiers },
}
