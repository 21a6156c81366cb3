import { randomUUID } from 'node:crypto'
import type {
  Extension,
  ValueSet,
  ValueSetExpansion,
  ValueSetExpansionContains,
  ValueSetExpansionParameter,
} from '@medplum/fhirtypes'
import { TooCostly } from '../../base/errors.js'
import type { Languages } from '../languages.js'
import { refusal } from '../messages.js'
import { nameOf, refuseAbsent } from './compose.js'
import type { Composition } from './composition.js'
import { containsOf, PROPERTY, type Shown, shownProperties } from './contains.js'
import type { Member } from './pages.js'
import { pageOf, sizesOf } from './pages.js'
import { usedParameters } from './used.js'

export interface Expanding {
  /** What somebody typed: every word is the beginning of one. */
  readonly text?: string
  /** 0, 1, … */
  readonly offset?: number
  /** At most so many; absent is all. */
  readonly count?: number
  readonly activeOnly?: boolean
  readonly excludeNested?: boolean
  readonly excludeNotForUI?: boolean
  readonly includeDefinition?: boolean
  readonly languages?: Languages
  readonly designations?: Shown['designations']
  readonly properties?: readonly string[]
  /** What is said of the request in the expansion. */
  readonly echoed: readonly ValueSetExpansionParameter[]
  /** Without a count no more codes than these are listed. */
  readonly most: number
}

/**
 * One page of the codes of a value set, or all.
 * @throws TooCostly  there are more than `most`, and no count (422)
 * @throws NotFound  it takes a code system that is not known here (404)
 * @see https://hl7.org/fhir/R4/valueset-operation-expand.html
 */
export async function expand(composition: Composition, asked: Expanding): Promise<ValueSet> {
  const { valueSet, parts } = composition
  refuseAbsent(composition)
  const narrowing = {
    text: asked.text,
    activeOnly: asked.activeOnly || composition.activeOnly,
    selectableOnly: asked.excludeNotForUI,
  }
  const sizes = await sizesOf(parts, narrowing)
  const total = sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0)
  const { offset = 0, count } = asked
  // Of what has no end only what is in use is listed, and how many these are is seen when they are.
  const isTooMany = (codes: number) => count === undefined && codes - offset > asked.most
  const tooMany = () =>
    refusal('tooManyCodes', { valueSet: nameOf(valueSet), limit: String(asked.most) }, { Kind: TooCostly })
  const isEndless = parts.some(({ selection }) => selection.unclosed)
  if (isTooMany(total ?? (isEndless ? 0 : Number.POSITIVE_INFINITY))) throw tooMany()
  const members = await pageOf(parts, sizes, { ...narrowing, offset, count: count ?? Number.POSITIVE_INFINITY })
  if (isTooMany(offset + members.length)) throw tooMany()
  const shown: Shown = {
    languages: asked.languages,
    designations: asked.designations,
    properties: asked.properties ?? [],
    versioned: versionedIn(composition),
  }
  const entries = members.map((member) => ({ member, contains: containsOf(member, shown) }))
  const isWhole = offset === 0 && members.length === total
  const contains = asked.excludeNested || !isWhole ? entries.map((one) => one.contains) : nested(entries)
  const extension = [...unclosed(composition), ...propertiesOf(entries)]
  const expansion: ValueSetExpansion = {
    ...(extension.length && { extension }),
    identifier: `urn:uuid:${randomUUID()}`,
    timestamp: new Date().toISOString(),
    ...(total !== undefined && { total }),
    ...(count !== undefined || offset > 0 ? { offset } : {}),
    parameter: [...asked.echoed, ...usedParameters(composition)],
    ...(contains.length && { contains }),
  }
  return { ...(asked.includeDefinition ? withoutText(valueSet) : headOf(valueSet)), expansion }
}

interface Entry {
  readonly member: Member
  readonly contains: ValueSetExpansionContains
}

/** Systems of which it has several versions. */
function versionedIn({ used }: Composition): ReadonlySet<string> {
  const seen = new Set<string>()
  const several = new Set<string>()
  for (const { url } of used.codeSystems) {
    if (seen.has(url!)) several.add(url!)
    seen.add(url!)
  }
  return several
}

/** Each below the nearest one above it that is there, too, as far as the value set shows the hierarchy. */
function nested(entries: readonly Entry[]): ValueSetExpansionContains[] {
  const byCode = new Map(entries.map((one) => [keyOf(one.member, one.member.concept.code), one]))
  const roots: ValueSetExpansionContains[] = []
  for (const entry of entries) {
    const parent = aboveIn(byCode, entry)
    if (!parent) roots.push(entry.contains)
    else if (parent.contains.contains) parent.contains.contains.push(entry.contains)
    else parent.contains.contains = [entry.contains]
  }
  return roots
}

/** A circle cannot be: in a resource a concept stands in what came before it. */
function aboveIn(byCode: ReadonlyMap<string, Entry>, { member }: Entry): Entry | undefined {
  const { part, listed, concept } = member
  if (!part.nests || listed || concept.within === undefined) return undefined
  return byCode.get(keyOf(member, concept.within))
}

const keyOf = ({ part: { provider } }: Member, code: string) => `${provider.url}|${provider.version ?? ''}|${code}`

const UNCLOSED = 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed'

/** There may be further codes: of a fragment nobody here knows the others, and a grammar has no end. */
function unclosed({ used, parts }: Composition): Extension[] {
  const open = parts.find(({ selection }) => selection.unclosed)?.selection.unclosed
  const fragment = [...used.codeSystems].find(({ content }) => content === 'fragment' || content === 'example')
  if (!open && !fragment) return []
  const reason = open ? open.reason : `This extension is based on a fragment of the code system ${fragment!.url}`
  return [
    { url: UNCLOSED, valueBoolean: true },
    ...(reason === undefined ? [] : [{ url: `${UNCLOSED}-reason`, valueString: reason }]),
  ]
}

/**
 * Properties that the standard has, by what they are called here and there.
 * @see https://hl7.org/fhir/R4/codesystem-concept-properties.html
 */
const STANDARD: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'comment',
      'definition',
      'inactive',
      'label',
      'notSelectable',
      'order',
      'parent',
      'child',
      'partOf',
      'status',
      'synonym',
    ]
      .concat('effectiveDate', 'deprecationDate', 'retirementDate', 'itemWeight', 'alternateCode')
      .map((name) => [name, name]),
  ),
  weight: 'itemWeight',
}

/** What the properties of the codes mean: of those that some have. */
function propertiesOf(entries: readonly Entry[]): Extension[] {
  const meanings = new Map<string, string>()
  for (const { member } of entries)
    for (const { code, uri } of member.part.provider.header.property ?? []) if (uri) meanings.set(code!, uri)
  return [...new Set(entries.flatMap(({ contains }) => shownProperties(contains)))].map((code) => {
    const standard = Object.hasOwn(STANDARD, code) && `http://hl7.org/fhir/concept-properties#${STANDARD[code]}`
    const uri = meanings.get(code) ?? standard
    return {
      url: PROPERTY,
      extension: [{ url: 'code', valueCode: code }, ...(uri ? [{ url: 'uri', valueUri: uri }] : [])],
    }
  })
}

/** What says which value set it is; the rest is for `includeDefinition`. */
function headOf(valueSet: ValueSet): ValueSet {
  const { id, extension, url, version, name, title, status, experimental, date } = valueSet
  const head = { resourceType: 'ValueSet', id, extension, url, version, name, title, status, experimental, date }
  return Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined)) as unknown as ValueSet
}

function withoutText({ text: _, expansion: __, ...definition }: ValueSet): ValueSet {
  return definition
}
