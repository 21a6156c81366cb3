import type { ValueSet } from '@medplum/fhirtypes'
import { TooCostly } from '../base/errors.js'
import { Lately } from '../base/lately.js'
import { canonicalOf } from '../fhir/canonical.js'
import { CodeSet } from '../fhir/code-set.js'
import { parseJson } from '../fhir/json.js'
import { type Canonicals, type CanonicalType, type Library, layered } from '../fhir/library.js'
import { type Direction, type StoredDefinitions, type Terminology, UnknownDefinition } from '../fhir/terminology.js'
import { AbsentCodeSystem, AbsentSelection } from './absent.js'
import { OpenCodeSystem } from './open.js'
import type { CodeSystemProvider, Selection } from './provider.js'
import type { CodeSystems } from './providers.js'
import type { Terminologies } from './terminologies.js'
import { compose } from './valueset/compose.js'
import { codesOf, type Parts } from './valueset/parts.js'
import { valueSetOf } from './valueset/value-sets.js'

/** Codes of sets that searches used lately and that stay at hand. */
const KEPT = 500_000

/** What `:in`, `:not-in`, `:above` and `:below` ask. */
export class SearchedTerminology implements Terminology {
  private readonly kept = new Lately<CodeSet>(KEPT)

  constructor(private readonly terminologies: Terminologies) {}

  async codesOf(tenant: number, name: string, written?: StoredDefinitions): Promise<CodeSet> {
    const systems = await this.systemsOf(tenant, written)
    const key = `${tenant} ${systems.revision} ${name}`
    const kept = written ? undefined : this.kept.get(key)
    if (kept) return kept
    const valueSet = await valueSetNamed(name, systems)
    const { parts, activeOnly } = await compose(valueSet, { systems, adapt: open })
    const codes = await setOf(parts, activeOnly)
    if (!written) this.kept.set(key, codes, sizeOf(codes))
    return codes
  }

  async hierarchy(
    tenant: number,
    direction: Direction,
    system: string,
    code: string,
    written?: StoredDefinitions,
  ): Promise<CodeSet> {
    const { url, version } = canonicalOf(system)
    const provider = await (await this.systemsOf(tenant, written)).find(url, version)
    if (!provider || provider.content === 'not-present')
      throw new UnknownDefinition(`The code system ${system} is not stored here with its concepts`)
    const concept = (await provider.locate([code])).get(code)
    if (!concept) throw new UnknownDefinition(`The code system ${system} has no such code`)
    const found = await provider.filter('concept', direction === 'below' ? 'is-a' : 'generalizes', concept.code)
    return CodeSet.of(url, found ? await codesOf(found) : [concept.code])
  }

  private async systemsOf(tenant: number, written: StoredDefinitions | undefined): Promise<CodeSystems> {
    const systems = await this.terminologies.of(tenant)
    return written ? this.terminologies.within(tenant, layered(libraryOf(written), systems.library)) : systems
  }
}

/** A system of which only some concepts are here has others, too: of the whole of it no list can be made. */
const open = (provider: CodeSystemProvider): CodeSystemProvider =>
  provider.content === 'complete' || provider instanceof AbsentCodeSystem ? provider : new OpenCodeSystem(provider)

async function valueSetNamed(name: string, systems: CodeSystems): Promise<ValueSet> {
  const [, id] = /^ValueSet\/([A-Za-z0-9.-]{1,64})$/.exec(name) ?? []
  const found = await (id === undefined ? valueSetOf(name, { systems }) : systems.library.withId('ValueSet', id))
  if (found) return found
  if (id !== undefined) throw new UnknownDefinition(`ValueSet/${id} is not known here`)
  throw new UnknownDefinition(`The value set ${name} is not known here: store it as a ValueSet with this url`)
}

async function setOf(parts: Parts, activeOnly: boolean): Promise<CodeSet> {
  let codes = CodeSet.none
  for (const { provider, selection } of parts)
    codes = codes.with(await ofSelection(selection, provider.url, activeOnly))
  return codes
}

async function ofSelection(selection: Selection, system: string, activeOnly: boolean): Promise<CodeSet> {
  if (selection instanceof AbsentSelection) return selection.codes
  if (!selection.unclosed) return CodeSet.of(system, await codesOf(selection, { activeOnly }))
  // A grammar as a whole; what a filter leaves of one has no list that is the whole.
  if (selection.unclosed.reason !== undefined) return CodeSet.all(system)
  throw new TooCostly(`What a filter leaves of ${system} cannot be listed: its codes are made by a grammar`)
}

const sizeOf = ({ systems }: CodeSet) => 1 + [...systems.values()].reduce((sum, { codes }) => sum + codes.size, 0)

/** Of what a transaction that is under way sees. */
function libraryOf(written: StoredDefinitions): Library {
  const read = <T>(text: string) => parseJson(text) as T
  return {
    revision: Symbol().toString(),
    async withUrl<T extends CanonicalType>(type: T, url: string) {
      if (type !== 'CodeSystem' && type !== 'ValueSet') return []
      return (await written.withUrl(type, url)).map((text) => read<Canonicals[T]>(text))
    },
    urls: async () => [],
    async withId<T extends CanonicalType>(type: T, id: string) {
      const text = type === 'ValueSet' ? await written.withId(type, id) : undefined
      return text === undefined ? undefined : read<Canonicals[T]>(text)
    },
  }
}
