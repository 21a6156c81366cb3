import type { ValueSet, ValueSetComposeInclude } from '@medplum/fhirtypes'
import { sql } from '../../../db/sql.js'
import type { StoredCodeSystem } from '../../stored/stored.js'
import { partOf } from '../../stored/tables.js'
import { satisfying } from './ecl/evaluate.js'
import { SNOMED } from './ids.js'
import { Relationships } from './relationships.js'

type Include = Omit<ValueSetComposeInclude, 'system' | 'version'>
interface Meaning {
  readonly name: string
  readonly title: string
  readonly include: Include
}

/** Which edition or version a url is about, if it says so. */
export function systemsOf(uri: string, systems: readonly StoredCodeSystem[]): readonly StoredCodeSystem[] {
  return uri === SNOMED
    ? systems
    : systems.filter(({ version }) => version === uri || version.startsWith(`${uri}/version/`))
}

/**
 * `http://snomed.info/sct?fhir_vs`, `…=isa/73211009`, `…=refset`, `…=refset/816080008`, `…=ecl/<<73211009`; also of an
 * edition or a version: `http://snomed.info/sct/731000124108/version/20250901?fhir_vs`.
 *
 * @returns  undefined when it is none of these, or about a concept that is not there
 * @throws InvalidEcl (422)
 * @see https://hl7.org/fhir/R4/snomedct.html#implicit
 */
export async function implicitValueSet(
  url: string,
  systems: readonly StoredCodeSystem[],
): Promise<ValueSet | undefined> {
  const [, uri, asked = ''] =
    /^(http:\/\/snomed\.info\/x?sct(?:\/\d+(?:\/version\/\d+)?)?)\?fhir_vs(?:=(.+))?$/.exec(url) ?? []
  if (uri === undefined) return undefined
  for (const system of systemsOf(uri, systems)) {
    const meaning = await meaningOf(asked, system)
    if (!meaning) continue
    const { include, ...named } = meaning
    const version = uri === SNOMED ? undefined : uri
    const compose = { include: [{ system: SNOMED, ...(version && { version }), ...include }] }
    return { resourceType: 'ValueSet', url, ...named, status: 'active', compose }
  }
  return undefined
}

async function meaningOf(asked: string, system: StoredCodeSystem): Promise<Meaning | undefined> {
  const cut = asked.indexOf('/')
  const [kind, value] = cut < 0 ? [asked, ''] : [asked.slice(0, cut), decoded(asked.slice(cut + 1))]
  switch (`${kind}${value && '/'}`) {
    case '':
      return { name: 'ALLSNOMEDCT', title: 'SNOMED CT Reference Set (All of SNOMED CT)', include: {} }
    case 'isa/': {
      const concept = (await system.locate([value])).get(value)
      return (
        concept && {
          name: `SNOMEDCT_ISA_${value}`,
          title: `SNOMED CT Concept ${concept.display} and descendants`,
          include: { filter: [{ property: 'concept', op: 'is-a', value }] },
        }
      )
    }
    case 'refset': {
      const found = await system.locate(await refsetsOf(system))
      return {
        name: 'SNOMEDCT_REFSETS',
        title: 'SNOMED CT Reference Sets',
        include: { concept: [...found.keys()].map((code) => ({ code })) },
      }
    }
    case 'refset/': {
      if (!(await refsetsOf(system)).includes(value)) return undefined
      const concept = (await system.locate([value])).get(value)
      return {
        name: `SNOMEDCT_REFSET_${value}`,
        title: `SNOMED CT Reference Set ${concept?.display ?? value}`,
        include: { filter: [{ property: 'concept', op: 'in', value }] },
      }
    }
    case 'ecl/': {
      const { database, loaded, size } = system
      await satisfying(value, system, new Relationships(database, loaded.id, size))
      return {
        name: 'SNOMEDCT_ECL',
        title: `SNOMED CT concepts ${value}`,
        include: { filter: [{ property: 'constraint', op: '=', value }] },
      }
    }
    default:
      return undefined
  }
}

async function refsetsOf({ database, loaded }: StoredCodeSystem): Promise<readonly string[]> {
  const rows = await database.quick<{ id: string }>(sql`
    select id from ${partOf('snomed_refset', loaded.id)} r
    where exists (select from ${partOf('snomed_member', loaded.id)} m where m.refset = r.number and m.active)`)
  return rows.map(({ id }) => id)
}

/** As it stands in a url, where `<` and spaces are written `%3C` and `%20`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
