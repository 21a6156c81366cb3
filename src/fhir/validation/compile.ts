import type { ElementDefinition as FullElement, StructureDefinition } from '@medplum/fhirtypes'
import { canonical } from '../canonical.js'
import { type ElementDefinition, typeDefinition } from '../definitions.js'
import { parseDiscriminator } from './discriminator.js'
import { checksOf } from './element-checks.js'
import type { ProfileElement, Program, Slicing, Source } from './program.js'
import { exactOf, profileTypes } from './snapshot-element.js'
import { type Node, treeOf } from './snapshot-tree.js'
import { sourcesOf } from './sources.js'

const IMPOSED = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-imposeProfile'

/**
 * A profile as a program: of its snapshot what says more than R4's own definitions of the types, since these are held to
 * anyway. Narrative and prose are left behind.
 */
export function compile(definition: StructureDefinition): Program {
  const type = definition.type!
  const url = canonical(definition.url!, definition.version)
  const tree = treeOf(definition.snapshot!.element)
  const root = elementOf(tree, { owners: [], url, type })
  linkContents(root, tree)
  const imposed = (definition.extension ?? []).flatMap((one) => (one.url === IMPOSED && one.valueCanonical) || [])
  return { canonical: url, type, root, imposed }
}

// ── Elements ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Surroundings {
  /** Types that the object may have in which the element is; none for the root. */
  owners: readonly string[]
  /** Of the profile. */
  url: string
  /** Id of the element above. */
  parent?: string
  /** Of the root. */
  type?: string
  /** The element of which this one is a slice: what that one checks, this one need not. */
  sliced?: Node
}

function elementOf(node: Node, around: Surroundings): ProfileElement {
  const { element } = node
  const segment = element.path!.slice(element.path!.lastIndexOf('.') + 1)
  const name = segment.replace('[x]', '')
  const id = idOf(element, around.parent, segment)
  const sources = sourcesOf(around.owners, name)
  const base = baseOf(around.owners, name)
  const isRoot = around.type !== undefined
  const types = isRoot ? [around.type!] : typesWithin(element, sources)
  const slicing = slicingOf(node, around)
  const compiled: ProfileElement = {
    id,
    name,
    ...(element.sliceName && { sliceName: element.sliceName }),
    min: element.min ?? 0,
    max: element.max === undefined || element.max === '*' ? Number.POSITIVE_INFINITY : Number(element.max),
    isCounted: !isRoot && isCounted(element, base, around.sliced),
    types: profileTypes(element),
    ...exactOf(element),
    ...(element.binding?.strength === 'required' && { requiredValueSet: element.binding.valueSet }),
    sources: around.sliced ? [] : sources,
    checks: checksOf(element, { url: around.url, base, unsliced: around.sliced?.element, types, isRoot }),
    children: node.children.map((child) => elementOf(child, { owners: types, url: around.url, parent: id })),
    active: [],
    ...(slicing && { slicing }),
  }
  compiled.active = compiled.children.filter(isActive)
  return compiled
}

/** `Composition.section:codeA.title`, whatever the snapshot calls it. */
function idOf({ sliceName, path }: FullElement, parent: string | undefined, segment: string): string {
  if (parent === undefined) return path!
  return sliceName === undefined ? `${parent}.${segment}` : `${parent}.${segment}:${sliceName}`
}

const isActive = ({ checks, active, isCounted, slicing }: ProfileElement): boolean =>
  checks.length > 0 ||
  active.length > 0 ||
  isCounted ||
  (slicing !== undefined && (slicing.rules !== 'open' || slicing.slices.some(isActive)))

function baseOf(owners: readonly string[], name: string): ElementDefinition | undefined {
  for (const owner of owners) {
    const definition = typeDefinition(owner)
    const found = definition?.elements.find((one) => one.name === name)
    if (found) return found
  }
  return undefined
}

/** Of the types that R4 allows, those that the profile still does. */
function typesWithin({ type = [] }: FullElement, sources: readonly Source[]): readonly string[] {
  const types = sources.map((source) => source.type)
  const codes = type.flatMap(({ code }) => code ?? [])
  if (types.length === 1 && types[0] === 'Resource') return codes.length > 0 ? codes : types
  const within = types.filter((one) => codes.includes(one))
  return within.length > 0 ? within : types
}

function isCounted({ min = 0, max = '*', sliceName }: FullElement, base: ElementDefinition | undefined, sliced?: Node) {
  if (sliceName !== undefined && sliced) return min > 0 || max !== '*'
  return min > (base?.min ?? 0) || (max !== '*' && (base?.max !== '1' || max === '0'))
}

// ── Slicing ────────────────────────────────────────────────────────────────────────────────────────────────────────

const byUrl: NonNullable<FullElement['slicing']> = { discriminator: [{ type: 'value', path: 'url' }], rules: 'open' }
const byType: NonNullable<FullElement['slicing']> = { discriminator: [{ type: 'type', path: '$this' }], rules: 'open' }

function slicingOf(node: Node, around: Surroundings): Slicing | undefined {
  const { element, slices } = node
  if (slices.length === 0) return undefined
  const isExtension = /\.(extension|modifierExtension)$/.test(element.path!)
  const slicing = element.slicing ?? (isExtension ? byUrl : byType)
  return {
    rules: slicing.rules ?? 'open',
    isOrdered: slicing.ordered === true,
    discriminators: (slicing.discriminator ?? []).map(parseDiscriminator),
    slices: slices.map((slice) =>
      elementOf(slice, { owners: around.owners, url: around.url, parent: around.parent, sliced: node }),
    ),
  }
}

// ── Content that is defined elsewhere ──────────────────────────────────────────────────────────────────────────────

/** `Questionnaire.item.item` has what the profile says of `Questionnaire.item`. */
function linkContents(root: ProfileElement, tree: Node): void {
  const pairs: [Node, ProfileElement][] = []
  const visit = (node: Node, element: ProfileElement) => {
    pairs.push([node, element])
    for (const [i, child] of node.children.entries()) visit(child, element.children[i]!)
    for (const [i, slice] of node.slices.entries()) visit(slice, element.slicing!.slices[i]!)
  }
  visit(tree, root)
  let isLinked = false
  for (const [{ element }, compiled] of pairs) {
    const path = element.contentReference?.replace(/^.*#/, '')
    const content = path && compiled.children.length === 0 && pairs.find(([node]) => node.element.path === path)
    if (content && content[1].active.length > 0) {
      compiled.content = content[1]
      isLinked = true
    }
  }
  if (isLinked) activate(root)
}

/** Again, with the links: they may have made elements worth a visit that were none. */
function activate(element: ProfileElement): void {
  for (const below of [...element.children, ...(element.slicing?.slices ?? [])]) activate(below)
  element.active = element.children.filter((child) => isActive(child) || child.content)
}
