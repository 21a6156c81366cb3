import type {
  ValueSet,
  ValueSetCompose,
  ValueSetComposeInclude,
  ValueSetExpansion,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes'
import { Unprocessable } from '../base/errors.js'
import { CodeSet } from '../fhir/code-set.js'
import { UnknownDefinition } from '../fhir/terminology.js'
import type { Concepts } from './concepts.js'
import { filterOf } from './filters.js'

/** What a composition refers to, by canonical url with or without a version. */
export interface Known {
  /** undefined when none is stored */
  codeSystem(canonical: string): Promise<Concepts | undefined>
  /** @throws UnknownDefinition */
  valueSet(canonical: string): Promise<ValueSet>
  /** Codes of the value sets that were imported already: one that many import is composed once. */
  readonly imported: Map<string, CodeSet>
}

/**
 * The codes of a value set: ∪ of what is included, each ∩ of its filters and imports, − ∪ of what is excluded.
 * Where that cannot be told, and a whole expansion is stored with it, that is taken.
 *
 * @param within  canonical urls of the value sets that this one is imported by
 * @throws UnknownDefinition  it needs a code system or value set that is not known
 * @throws Unprocessable  it says nothing, imports itself, or has a filter that means nothing (422)
 * @see https://hl7.org/fhir/R4/valueset.html#compositions
 */
export async function codesOf(valueSet: ValueSet, known: Known, within: readonly string[] = []): Promise<CodeSet> {
  const { url, compose, expansion } = valueSet
  const name = url ?? `ValueSet/${valueSet.id}`
  if (within.includes(name))
    throw new Unprocessable(`The value set ${name} imports itself, by ${within.at(-1) ?? 'no other'}`)
  const expanded = expansion && whole(expansion)
  if (!compose) {
    if (expanded) return expanded
    throw new Unprocessable(`The value set ${name} has neither a composition nor a whole expansion`)
  }
  try {
    return await composed(compose, known, [...within, name])
  } catch (cause) {
    if (expanded && cause instanceof UnknownDefinition) return expanded
    throw cause
  }
}

async function composed(compose: ValueSetCompose, known: Known, within: readonly string[]): Promise<CodeSet> {
  const activeOnly = compose.inactive === false
  let codes = CodeSet.none
  for (const include of compose.include ?? []) codes = codes.with(await selected(include, known, within, activeOnly))
  for (const exclude of compose.exclude ?? []) codes = codes.without(await selected(exclude, known, within, false))
  return codes
}

async function selected(
  { system, version, concept, filter, valueSet }: ValueSetComposeInclude,
  known: Known,
  within: readonly string[],
  activeOnly: boolean,
): Promise<CodeSet> {
  let codes: CodeSet | undefined
  if (system !== undefined) {
    const canonical = version === undefined ? system : `${system}|${version}`
    codes = await ofSystem(system, canonical, concept, filter, known, activeOnly)
  }
  for (const canonical of valueSet ?? []) {
    const imported = await importedFrom(canonical, known, within)
    codes = codes ? codes.within(imported) : imported
  }
  if (!codes) throw new Unprocessable(`The value set ${within.at(-1)} includes something of no system and no value set`)
  return codes
}

async function importedFrom(canonical: string, known: Known, within: readonly string[]): Promise<CodeSet> {
  const codes = known.imported.get(canonical) ?? (await codesOf(await known.valueSet(canonical), known, within))
  known.imported.set(canonical, codes)
  return codes
}

async function ofSystem(
  system: string,
  canonical: string,
  concept: ValueSetComposeInclude['concept'],
  filter: ValueSetComposeInclude['filter'],
  known: Known,
  activeOnly: boolean,
): Promise<CodeSet> {
  // Only these two need nothing but the value set itself.
  if (concept?.length && !activeOnly)
    return CodeSet.of(
      system,
      concept.map(({ code }) => code!),
    )
  const concepts = await known.codeSystem(canonical)
  if (concept?.length) {
    const codes = concept.map(({ code }) => code!)
    return CodeSet.of(
      system,
      codes.filter((code) => !concepts?.get(code)?.inactive),
    )
  }
  if (!filter?.length && !activeOnly && !concepts?.isComplete) return CodeSet.all(system)
  if (!concepts || concepts.isEmpty)
    throw new UnknownDefinition(`The code system ${canonical} is not stored here with its concepts`)
  const tests = (filter ?? []).map((one) => filterOf(concepts, one))
  const found = [...concepts.all()].filter((one) => !(activeOnly && one.inactive) && tests.every((test) => test(one)))
  return CodeSet.of(
    system,
    found.map(({ code }) => code),
  )
}

/** The codes of a stored expansion, unless it is only a page of one. */
function whole({ total, offset, contains = [], parameter }: ValueSetExpansion): CodeSet | undefined {
  let codes = CodeSet.none
  let listed = 0
  const bySystem = new Map<string, string[]>()
  const visit = (items: readonly ValueSetExpansionContains[]) => {
    for (const { system = '', code, abstract, contains: nested } of items) {
      listed++
      if (code !== undefined && !abstract) {
        const those = bySystem.get(system)
        if (those) those.push(code)
        else bySystem.set(system, [code])
      }
      if (nested) visit(nested)
    }
  }
  visit(contains)
  const isCut = parameter?.some(({ name }) => name === 'count' || name === 'offset') && total === undefined
  if (offset || isCut || (total ?? 0) > listed) return undefined
  for (const [system, those] of bySystem) codes = codes.with(CodeSet.of(system, those))
  return codes
}
