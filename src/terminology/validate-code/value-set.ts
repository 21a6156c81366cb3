import type {
  ValueSet,
  ValueSetComposeInclude,
  ValueSetComposeIncludeConcept,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes'
import { canonical } from '../../fhir/canonical.js'
import { refusal } from '../messages.js'
import type { CodeSystemProvider, Selection } from '../provider.js'
import { operatorOf } from '../valueset/operator.js'
import type { Ground } from './ground.js'

/** A value set with all that it imports, ready to be asked about codes. */
export interface Prepared {
  readonly valueSet: ValueSet
  /** What it is called in messages: `http://…|1.0.0` */
  readonly name: string
  /** It stands for a whole code system: nobody named it, so it is not spoken of. */
  readonly ofSystem: boolean
  readonly include: readonly PreparedClause[]
  readonly exclude: readonly PreparedClause[]
  readonly excludesInactive: boolean
}

export interface PreparedClause extends Clause {
  /** Absent where nothing is imported. */
  readonly imports?: readonly Prepared[]
}

/** One include or exclude, read once and kept as long as its resource. */
interface Clause {
  /** FHIRPath: `ValueSet.compose.include[0]` */
  readonly place: string
  readonly system?: string
  readonly version?: string
  readonly valueSet: readonly string[]
  /** By code; undefined where none are listed. */
  readonly listed?: ReadonlyMap<string, ValueSetComposeIncludeConcept>
  readonly filters: NonNullable<ValueSetComposeInclude['filter']>
  /** What the filters leave of a code system. */
  readonly selected: WeakMap<CodeSystemProvider, Promise<Selection>>
}

interface Read {
  readonly include: readonly Clause[]
  readonly exclude: readonly Clause[]
  /** There is nothing to be found or checked. */
  readonly isPlain: boolean
}

const UNIDENTIFIED = '(unidentified)'

/** Resources of a library are frozen and shared: what was read of one lasts as long as it. */
const read = new WeakMap<ValueSet, Read>()

export function nameOf({ url, version }: Pick<ValueSet, 'url' | 'version'>): string {
  return url === undefined ? UNIDENTIFIED : canonical(url, version)
}

/**
 * A value set, and all that it imports, found and checked.
 * @param within  names of the value sets that import this one
 * @throws MissingImport  one that it imports is not known
 * @throws Unprocessable  it imports itself, says nothing, or a filter means nothing (422)
 */
export async function prepare(
  valueSet: ValueSet,
  ground: Ground,
  { within = [], ofSystem = false }: { within?: readonly string[]; ofSystem?: boolean } = {},
): Promise<Prepared> {
  const name = nameOf(valueSet)
  if (valueSet.url && within.includes(name))
    throw refusal('circularValueSet', { valueSet: name, pathway: within.join(', ') })
  const clauses = clausesOf(valueSet)
  const { isPlain } = clauses
  const path = [...within, name]
  const all = async (those: readonly Clause[]): Promise<readonly PreparedClause[]> => {
    const prepared: PreparedClause[] = []
    for (const clause of those) prepared.push(await prepareClause(clause, valueSet, ground, path))
    return prepared
  }
  return {
    valueSet,
    name,
    ofSystem,
    include: isPlain ? clauses.include : await all(clauses.include),
    exclude: isPlain ? clauses.exclude : await all(clauses.exclude),
    excludesInactive: valueSet.compose?.inactive === false,
  }
}

async function prepareClause(
  clause: Clause,
  valueSet: ValueSet,
  ground: Ground,
  within: readonly string[],
): Promise<PreparedClause> {
  const imports: Prepared[] = []
  for (const imported of clause.valueSet)
    imports.push(await prepare(await ground.imported(imported, valueSet), ground, { within }))
  if (clause.filters.length) {
    const provider = await ground.systemFor(clause.system!, clause.version)
    if (provider) await selected(clause, provider)
  }
  return { ...clause, imports }
}

/**
 * What the filters of a clause leave of a code system.
 * @throws Unprocessable  a filter has no value, or the system has no such filter (422)
 */
export function selected(clause: Clause, provider: CodeSystemProvider): Promise<Selection> {
  let selection = clause.selected.get(provider)
  if (!selection) {
    selection = filtered(clause, provider)
    clause.selected.set(provider, selection)
  }
  return selection
}

async function filtered({ filters, place }: Clause, provider: CodeSystemProvider): Promise<Selection> {
  let selection: Selection | undefined
  for (const [i, filter] of filters.entries()) {
    const { property = '', value } = filter
    const op = operatorOf(filter)
    const expression = `${place}.filter[${i}]`
    if (!value) throw refusal('filterWithoutValue', { system: provider.url, property, op }, { expression })
    const one = await provider.filter(property, op, value)
    if (!one) throw refusal('filterNotUnderstood', { property, op, value }, { expression })
    selection = selection ? selection.and(one) : one
  }
  return selection!
}

function clausesOf(valueSet: ValueSet): Read {
  let clauses = read.get(valueSet)
  if (!clauses) {
    if (!valueSet.compose && !valueSet.expansion) throw refusal('emptyValueSet', { valueSet: nameOf(valueSet) })
    const { include = [], exclude = [] } = valueSet.compose ?? { include: ofExpansion(valueSet) }
    const kind = (name: string, those: readonly ValueSetComposeInclude[]) =>
      those.map((one, i) => clauseOf(one, `ValueSet.compose.${name}[${i}]`))
    const isPlain = [...include, ...exclude].every((one) => !one.valueSet?.length && !one.filter?.length)
    clauses = { include: kind('include', include), exclude: kind('exclude', exclude), isPlain }
    read.set(valueSet, clauses)
  }
  return clauses
}

function clauseOf(clause: ValueSetComposeInclude, place: string): Clause {
  const { system, version, valueSet = [], concept, filter = [] } = clause
  return {
    place,
    ...(system !== undefined && { system }),
    ...(version !== undefined && { version }),
    valueSet,
    ...(concept?.length && { listed: new Map(concept.map((one) => [one.code!, one])) }),
    filters: filter,
    selected: new WeakMap(),
  }
}

/** A value set that has only an expansion includes the codes that are in it. */
function ofExpansion({ expansion }: ValueSet): ValueSetComposeInclude[] {
  const bySystem = new Map<string, ValueSetComposeInclude & { concept: ValueSetComposeIncludeConcept[] }>()
  const visit = (items: readonly ValueSetExpansionContains[]) => {
    for (const { system, version, code, display, designation, abstract, contains } of items) {
      if (system !== undefined && code !== undefined && !abstract) {
        const key = canonical(system, version)
        const clause = bySystem.get(key) ?? { system, ...(version !== undefined && { version }), concept: [] }
        clause.concept.push({ code, display, designation })
        bySystem.set(key, clause)
      }
      if (contains) visit(contains)
    }
  }
  visit(expansion?.contains ?? [])
  return [...bySystem.values()]
}
