import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { CodeSet } from '../fhir/code-set.js'
import { parseJson } from '../fhir/json.js'
import { type Direction, type StoredDefinitions, type Terminology, UnknownDefinition } from '../fhir/terminology.js'
import { codesOf, type Known } from './compose.js'
import { Concepts } from './concepts.js'

/** So many definitions that searches needed lately stay parsed; the same text never means another definition. */
const MOST_KEPT = 32

interface Definition {
  readonly resource: CodeSystem | ValueSet
  /** of a CodeSystem, once it was asked for */
  concepts?: Concepts
}

/** Terminology of nothing but the CodeSystems and ValueSets that somebody stored here. */
export class StoredTerminology implements Terminology {
  private readonly parsed = new Map<string, Definition>()

  async codesOf(valueSet: string, stored: StoredDefinitions): Promise<CodeSet> {
    const known = this.knownIn(stored)
    const [, id] = /^ValueSet\/([A-Za-z0-9.-]{1,64})$/.exec(valueSet) ?? []
    if (id === undefined) return codesOf(await known.valueSet(valueSet), known)
    const text = await stored.withId('ValueSet', id)
    if (text === undefined) throw new UnknownDefinition(`ValueSet/${id} is not known here`)
    return codesOf(this.parse(text).resource as ValueSet, known)
  }

  async hierarchy(direction: Direction, system: string, code: string, stored: StoredDefinitions): Promise<CodeSet> {
    const [url] = system.split('|', 1) as [string]
    const concepts = await this.knownIn(stored).codeSystem(system)
    if (!concepts || concepts.isEmpty)
      throw new UnknownDefinition(`The code system ${system} is not stored here with its concepts`)
    const codes = concepts.hierarchy(direction, code)
    if (codes.size === 0) throw new UnknownDefinition(`The code system ${system} has no such code`)
    return CodeSet.of(url, codes)
  }

  private knownIn(stored: StoredDefinitions): Known {
    return {
      imported: new Map(),
      codeSystem: async (canonical) => {
        const found = await this.chosen('CodeSystem', canonical, stored)
        if (found) found.concepts ??= new Concepts(found.resource as CodeSystem)
        return found?.concepts
      },
      valueSet: async (canonical) => {
        const found = await this.chosen('ValueSet', canonical, stored)
        if (!found)
          throw new UnknownDefinition(
            `The value set ${canonical} is not known here: store it as a ValueSet with this url`,
          )
        return found.resource as ValueSet
      },
    }
  }

  /** Of several with one url: the version that is named, else the highest. */
  private async chosen(type: 'CodeSystem' | 'ValueSet', canonical: string, stored: StoredDefinitions) {
    const [url, version] = canonical.split('|', 2) as [string, string?]
    const fitting = (await stored.withUrl(type, url))
      .map((text) => this.parse(text))
      // A supplement has no concepts of its own.
      .filter(({ resource }) => (resource as CodeSystem).content !== 'supplement')
      .filter(({ resource }) => version === undefined || resource.version === version)
    return fitting.sort((a, b) => byVersion(a.resource.version, b.resource.version)).at(-1)
  }

  private parse(text: string): Definition {
    const definition = this.parsed.get(text) ?? { resource: parseJson(text) as CodeSystem | ValueSet }
    this.parsed.delete(text) // to the end of the map: its first key is always the one used longest ago
    this.parsed.set(text, definition)
    if (this.parsed.size > MOST_KEPT) this.parsed.delete(this.parsed.keys().next().value!)
    return definition
  }
}

/** `1.10` is higher than `1.9`. */
const order = new Intl.Collator('en', { numeric: true })
const byVersion = (a = '', b = '') => order.compare(a, b)
