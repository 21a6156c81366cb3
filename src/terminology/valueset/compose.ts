import type {
  CodeSystem,
  ValueSet,
  ValueSetCompose,
  ValueSetComposeInclude,
  ValueSetComposeIncludeFilter,
} from '@medplum/fhirtypes'
import { NotFound, Unprocessable } from '../../base/errors.js'
import { canonical, compareVersions } from '../../fhir/canonical.js'
import { UnknownDefinition } from '../../fhir/terminology.js'
import { AbsentCodeSystem, AbsentSelection } from '../absent.js'
import { orOf } from '../displays.js'
import { refusal } from '../messages.js'
import type { CodeSystemProvider, Selection } from '../provider.js'
import { withSupplements } from '../providers.js'
import { inEffect } from '../validate-code/effect.js'
import { brokenRule, checksOf, decidingRule, type VersionRule } from '../versions.js'
import type { Composition, Reading } from './composition.js'
import { enumerated } from './expansion.js'
import { operatorOf } from './operator.js'
import { difference, intersection, type Part, type Parts, union } from './parts.js'
import { supplementsOf } from './supplements.js'
import { valueSetOf } from './value-sets.js'

/**
 * The codes of a value set: ∪ of what is included, each ∩ of its filters and imports, − ∪ of what is excluded. Without a
 * composition those of the whole expansion that is stored with it. A code system that is not known here stands in it as
 * AbsentCodeSystem: what can be told without its concepts still can.
 *
 * @throws Unprocessable  it says nothing, has a filter that means nothing, needs a value set or supplement that is not
 *   known, imports itself, or is not of the versions that the request demands (422)
 * @see https://hl7.org/fhir/R4/valueset.html#compositions
 */
export function compose(valueSet: ValueSet, reading: Reading): Promise<Composition> {
  return new Composer(reading).compose(valueSet, [])
}

/** One reading of a value set with all that it imports. */
class Composer {
  private readonly codeSystems = new Set<CodeSystem>()
  private readonly valueSets = new Set<ValueSet>()
  private readonly rules = new Set<VersionRule>()
  private readonly valueSetRules = new Set<VersionRule>()
  private readonly supplements: Set<CodeSystem>
  /** What was imported already: a value set that many import is composed once. */
  private readonly imported = new Map<ValueSet, Promise<Composition>>()
  private versionsMatched = false

  constructor(private readonly reading: Reading) {
    this.supplements = new Set(reading.supplements)
  }

  /** @param within  those that it is imported by, the outermost first */
  async compose(valueSet: ValueSet, within: readonly ValueSet[]): Promise<Composition> {
    if (within.some((one) => one === valueSet)) throw circular(valueSet, within)
    for (const one of await supplementsOf(valueSet, this.reading.systems)) this.supplements.add(one)
    const parts = await this.parts(valueSet, [...within, valueSet])
    return {
      valueSet,
      parts: parts.filter(({ provider }) => !this.isLeftOut(provider)),
      activeOnly: valueSet.compose?.inactive === false,
      used: {
        codeSystems: this.codeSystems,
        valueSets: this.valueSets,
        rules: this.rules,
        valueSetRules: this.valueSetRules,
        supplements: new Set(parts.flatMap(({ provider }) => provider.supplements ?? [])),
      },
      versionsMatched: this.reading.versionsMatch === undefined && this.versionsMatched,
    }
  }

  /** Where the composition cannot be told, and a whole expansion is stored with it, that is taken. */
  private async parts(valueSet: ValueSet, within: readonly ValueSet[]): Promise<Parts> {
    const { compose, expansion } = valueSet
    if (!compose) return this.expanded(valueSet)
    if (!expansion || !enumerated(valueSet)) return this.composed(compose, within)
    const parts = await this.composed(compose, within).catch((cause: unknown) => {
      if (cause instanceof Unprocessable) return undefined
      throw cause
    })
    return parts?.every(isTold) ? parts : this.expanded(valueSet)
  }

  private async composed({ include = [], exclude = [] }: ValueSetCompose, within: readonly ValueSet[]): Promise<Parts> {
    let parts: Parts = []
    for (const one of include) parts = union(parts, await this.selected(one, within))
    const several = new Set(parts.map(({ provider }) => provider.url)).size < parts.length
    const versionsMatch = this.reading.versionsMatch ?? !several
    for (const one of exclude) {
      const out = await this.selected(one, within)
      if (versionsMatch && differ(parts, out)) this.versionsMatched = true
      parts = await difference(parts, out, versionsMatch)
    }
    if (!several || !versionsMatch) return parts
    this.versionsMatched = true
    return merged(parts)
  }

  private async selected(include: ValueSetComposeInclude, within: readonly ValueSet[]): Promise<Parts> {
    let parts: Parts | undefined
    if (include.system !== undefined) parts = [await this.ofSystem(include.system, include)]
    for (const one of include.valueSet ?? []) {
      const imported = await this.importedFrom(one, within)
      parts = parts ? await intersection(parts, imported) : imported
    }
    if (!parts)
      throw new Unprocessable(
        `The value set ${nameOf(within.at(-1)!)} includes something of no system and no value set`,
      )
    return parts
  }

  private async ofSystem(
    system: string,
    { version, concept = [], filter = [] }: ValueSetComposeInclude,
  ): Promise<Part> {
    const provider = await this.provider(system, version)
    const listed = new Map(concept.map((one) => [one.code!, one]))
    if (listed.size) return { provider, selection: provider.of([...listed.keys()]), listed, nests: false }
    let selection: Selection | undefined
    for (const one of filter) {
      const found = await this.filtered(provider, one)
      selection = selection ? selection.and(found) : found
    }
    return { provider, selection: selection ?? provider.all(), listed, nests: true }
  }

  private async filtered(provider: CodeSystemProvider, filter: ValueSetComposeIncludeFilter): Promise<Selection> {
    const { property = '', value = '' } = filter
    const op = operatorOf(filter)
    const filling = { system: provider.url, property, op }
    if (value === '') throw refusal('filterWithoutValue', filling)
    const found = await provider.filter(property, op, value)
    if (!found) throw refusal('filterNotUnderstood', { ...filling, value })
    return found
  }

  private async provider(system: string, named: string | undefined): Promise<CodeSystemProvider> {
    const { systems, versions = [], date } = this.reading
    const rule = decidingRule(system, named, versions)
    for (const one of [...(rule ? [rule] : []), ...checksOf(system, versions)]) this.rules.add(one)
    const wanted = rule?.version ?? named
    const dated = wanted === undefined && date !== undefined ? inEffect(await systems.withUrl(system), date) : undefined
    const found = dated ?? (await systems.find(system, wanted))
    if (!found || found.content === 'not-present') {
      const known = (await systems.withUrl(system)).flatMap(({ version }) => version ?? [])
      return new AbsentCodeSystem(system, wanted, found ? [] : known.sort(compareVersions))
    }
    const broken = brokenRule(system, found.version, versions)
    if (broken) throw refusal('versionNotAllowed', { system, version: found.version ?? '', required: broken.version })
    const provider = withSupplements(found, [...this.supplements])
    this.codeSystems.add(provider.header)
    return this.reading.adapt?.(provider) ?? provider
  }

  private isLeftOut({ url, version }: CodeSystemProvider): boolean {
    return (this.reading.without ?? []).some((one) => one === url || one === canonical(url, version))
  }

  private async importedFrom(name: string, within: readonly ValueSet[]): Promise<Parts> {
    const valueSet =
      contained(name, within.at(-1)!) ?? (await valueSetOf(name, this.reading, undefined, this.valueSetRules))
    if (!valueSet) throw refusal('unknownValueSet', { valueSet: name }, { Kind: UnknownDefinition })
    if (!name.startsWith('#')) this.valueSets.add(valueSet)
    if (within.includes(valueSet)) throw circular(valueSet, within)
    let composition = this.imported.get(valueSet)
    if (!composition) {
      composition = this.compose(valueSet, within)
      this.imported.set(valueSet, composition)
    }
    const { parts, activeOnly } = await composition
    return activeOnly ? active(parts) : parts
  }

  /** The codes of a stored expansion, as far as the systems have them. */
  private async expanded(valueSet: ValueSet): Promise<Parts> {
    const listed = enumerated(valueSet)
    if (!listed)
      throw new Unprocessable(`The value set ${nameOf(valueSet)} has neither a composition nor a whole expansion`)
    let parts: Parts = []
    for (const { system, version, concept } of listed)
      parts = union(parts, [await this.ofSystem(system, { version, concept })])
    return parts
  }
}

const isTold = ({ selection }: Part) => !(selection instanceof AbsentSelection) || selection.isTold

export const nameOf = ({ url, version, id }: ValueSet): string =>
  url ? canonical(url, version) : `ValueSet/${id ?? ''}`

const circular = (valueSet: ValueSet, within: readonly ValueSet[]) =>
  refusal('circularValueSet', { valueSet: nameOf(valueSet), pathway: [...within, valueSet].map(nameOf).join(', ') })

/** `#id` of a resource that the value set has in itself. */
function contained(name: string, { contained = [] }: ValueSet): ValueSet | undefined {
  if (!name.startsWith('#')) return undefined
  return contained.find((one): one is ValueSet => one.resourceType === 'ValueSet' && one.id === name.slice(1))
}

/** Without concepts that are inactive. A system that cannot tell has none. */
async function active(parts: Parts): Promise<Parts> {
  return Promise.all(
    parts.map(async (part) => {
      const ones = await part.provider.filter('inactive', '=', 'false')
      return ones ? { ...part, selection: part.selection.and(ones) } : part
    }),
  )
}

const differ = (a: Parts, b: Parts) =>
  a.some(({ provider }) =>
    b.some(({ provider: other }) => other.url === provider.url && other.version !== provider.version),
  )

/** Each code once, of the highest of the versions that have it. */
async function merged(parts: Parts): Promise<Parts> {
  const highest = [...parts].sort((a, b) => compareVersions(b.provider.version, a.provider.version))
  const left = new Map<Part, Part>()
  for (const [i, part] of highest.entries()) {
    const [one] = await difference([part], highest.slice(0, i), true)
    left.set(part, one!)
  }
  return parts.map((part) => left.get(part)!)
}

/**
 * Codes of a system that is not known here can be neither shown nor compared.
 * @throws NotFound  names the system and the versions of it that there are (404)
 */
export function refuseAbsent({ parts }: Composition): void {
  const absent = parts.map(({ provider }) => provider).find((one) => one instanceof AbsentCodeSystem)
  if (!absent) return
  const { url: system, version, known } = absent
  if (version === undefined) throw refusal('unknownSystemToExpand', { system }, { Kind: NotFound })
  if (known.length === 0) throw refusal('noVersionAtAllToExpand', { system, version }, { Kind: NotFound })
  throw refusal('unknownVersionToExpand', { system, version, versions: orOf(known) }, { Kind: NotFound })
}
