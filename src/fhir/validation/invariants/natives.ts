import { eachLink } from '../links.js'
import type { Json, Place } from '../rule.js'

/** Where a constraint is not kept to, from the node that it stands on: `''` is the node itself. None when it is. */
type Native = (node: Json, at: Place) => readonly string[]

const kept: readonly string[] = []
const broken: readonly string[] = ['']
const unless = (isKept: boolean) => (isKept ? kept : broken)

/** Constraints that the walk itself checks on every element, and on narratives. */
export const elsewhere: ReadonlySet<string> = new Set([
  'hasValue() or (children().count() > id.count())',
  'hasValue() or (children().count() > id.count()) or $this is Parameters',
  'extension.exists() != value.exists()',
  'htmlChecks()',
  'htmlChecks2()',
])

/** Constraints of nearly every resource, and such as ask for all that is below, written out. By their expressions. */
export const natives: ReadonlyMap<string, Native> = new Map<string, Native>([
  ['contained.contained.empty()', ({ contained }) => eachContained(contained, (one) => one.contained === undefined)],
  [
    'contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()',
    ({ contained }) => eachContained(contained, ({ meta }) => !has(meta, 'versionId') && !has(meta, 'lastUpdated')),
  ],
  [
    'contained.meta.security.empty()',
    ({ contained }) => eachContained(contained, ({ meta }) => !has(meta, 'security')),
  ],
  [
    // dom-3
    "contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical) | %resource.descendants().as(uri) | %resource.descendants().as(url))) or descendants().where(reference = '#').exists() or descendants().where(as(canonical) = '#').exists() or descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()",
    unreferred,
  ],
  [
    // dom-6, which is about what stands on its own: what is contained has no narrative.
    'text.`div`.exists()',
    (node, { rootResource }) => unless(rootResource !== node || has(node.text, 'div')),
  ],
  [
    // ref-1, as it was meant: without a reference there is nothing to say, and # is the resource around.
    "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))",
    ({ reference }, { rootResource: { contained } }) => {
      if (typeof reference !== 'string' || reference.charCodeAt(0) !== HASH || reference === '#') return kept
      const id = reference.slice(1)
      return unless(Array.isArray(contained) && contained.some((one) => one?.id === id))
    },
  ],
  [
    // csd-1
    'concept.code.combine($this.descendants().concept.code).isDistinct()',
    (node) => unless(areDistinct(node, 'concept', 'code')),
  ],
  // que-2
  ['descendants().linkId.isDistinct()', (node) => unless(areDistinct(node, 'item', 'linkId'))],
])

const HASH = 35

const has = (object: unknown, key: string) =>
  typeof object === 'object' && object !== null && (object as Json)[key] !== undefined

function eachContained(contained: unknown, isRight: (one: Json) => boolean): readonly string[] {
  if (!Array.isArray(contained)) return kept
  return contained.flatMap((one, i) => (isRight(one ?? {}) ? [] : [`.contained[${i}]`]))
}

/** Whether no two of a tree have the same key. */
function areDistinct(root: Json, children: string, key: string): boolean {
  const seen = new Set<unknown>()
  const visit = (node: Json): boolean => {
    const below = node[children]
    if (!Array.isArray(below)) return true
    return below.every((child) => {
      const value = child?.[key]
      if (value !== undefined && seen.has(value)) return false
      seen.add(value)
      return visit(child ?? {})
    })
  }
  return visit(root)
}

// ── Contained resources that nothing refers to ─────────────────────────────────────────────────────────────────────

function unreferred(node: Json): readonly string[] {
  const { contained } = node
  if (!Array.isArray(contained)) return kept
  const referred = linksIn(node)
  return contained.flatMap((one, i) => {
    const isReferred = referred.has(`#${one?.id}`) || linksIn(one ?? {}).has('#')
    return isReferred ? [] : [`.contained[${i}]`]
  })
}

/** Everything within a resource that leads to a contained one, or back: `#p1`, `#` */
function linksIn(resource: Json): Set<string> {
  const found = new Set<string>()
  eachLink(resource, ({ text }) => {
    if (text.charCodeAt(0) === HASH) found.add(text.split('|', 1)[0]!)
  })
  return found
}
