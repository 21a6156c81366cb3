import type { ConceptMapGroupElementTarget } from '@medplum/fhirtypes'
import { sql } from '../../../db/sql.js'
import type { ImplicitMap } from '../../provider.js'
import type { StoredCodeSystem } from '../../stored/stored.js'
import { partOf } from '../../stored/tables.js'
import { id, SNOMED } from './ids.js'
import { systemsOf } from './implicit-value-sets.js'

type Equivalence = NonNullable<ConceptMapGroupElementTarget['equivalence']>
type Target = ConceptMapGroupElementTarget

/** What an association of an inactive concept says: https://hl7.org/fhir/R4/snomedct.html#4.3.1.0.6 */
const associations: Readonly<Record<string, Equivalence>> = {
  [id.possiblyEquivalentTo]: 'inexact',
  [id.replacedBy]: 'equivalent',
  [id.sameAs]: 'equal',
  [id.alternative]: 'inexact',
  [id.partiallyEquivalentTo]: 'inexact',
  [id.wasA]: 'wider',
}

/** Code systems that reference sets map to. */
const targets: Readonly<Record<string, string>> = {
  '446608001': 'http://terminology.hl7.org/CodeSystem/icd-o-3',
  '447562003': 'http://hl7.org/fhir/sid/icd-10',
  '447563008': 'http://hl7.org/fhir/sid/icd-9-cm',
  '6011000124106': 'http://hl7.org/fhir/sid/icd-10-cm',
  '705112009': 'http://loinc.org',
}

/** How the concept stands to its target, by `correlationId`. */
const correlations: Readonly<Record<string, Equivalence>> = {
  '447557004': 'equal',
  '447558009': 'narrower',
  '447559001': 'wider',
  '447560006': 'inexact',
  '447556008': 'unmatched',
}

/**
 * `http://snomed.info/sct?fhir_cm=900000000000527005`: a reference set as a map of each member to its target.
 * @returns  undefined when it is none, or of a reference set that has no members here
 * @see https://hl7.org/fhir/R4/snomedct.html#implicit-cm
 */
export async function implicitMap(url: string, systems: readonly StoredCodeSystem[]): Promise<ImplicitMap | undefined> {
  const [, uri, refset] = /^(http:\/\/snomed\.info\/x?sct(?:\/\d+(?:\/version\/\d+)?)?)\?fhir_cm=(\d+)$/.exec(url) ?? []
  if (uri === undefined || refset === undefined) return undefined
  for (const system of systemsOf(uri, systems)) {
    const members = new Members(system, refset)
    const example = await members.example()
    if (!example) continue
    const isAssociation = 'targetComponentId' in example.fields
    return {
      url,
      source: SNOMED,
      target: isAssociation ? SNOMED : (targets[refset] ?? ''),
      targetsOf: (codes) => members.related('code', codes),
      sourcesOf: (codes) => members.related('target', codes),
    }
  }
  return undefined
}

interface Member {
  readonly code: string
  readonly target: string
  readonly fields: Readonly<Record<string, string>>
}

/** The active members of one reference set that say what a concept is elsewhere. */
class Members {
  constructor(
    private readonly system: StoredCodeSystem,
    private readonly refset: string,
  ) {}

  async example(): Promise<Member | undefined> {
    return (await this.where(sql`true limit 1`))[0]
  }

  /** @param by  which of the two the codes are */
  async related(by: 'code' | 'target', codes: readonly string[]): Promise<ReadonlyMap<string, readonly Target[]>> {
    const rows = await this.where(
      by === 'code'
        ? sql`c.key = any(${codes}::text[])`
        : sql`left(m.target, 100) = any(${codes.map((code) => code.slice(0, 100))}::text[])`,
    )
    const other = by === 'code' ? 'target' : 'code'
    const found = new Map<string, Target[]>()
    for (const row of rows.sort((a, b) => priorityOf(a) - priorityOf(b))) {
      const equivalence = this.equivalenceOf(row)
      const target = { ...(row[other] && { code: row[other] }), equivalence, comment: row.fields.mapAdvice }
      found.set(row[by], [...(found.get(row[by]) ?? []), target])
    }
    return found
  }

  private equivalenceOf({ target, fields }: Member): Equivalence {
    if (target === '') return 'unmatched'
    return associations[this.refset] ?? correlations[fields.correlationId ?? ''] ?? 'relatedto'
  }

  private where(condition: ReturnType<typeof sql>): Promise<Member[]> {
    const { database, loaded } = this.system
    return database.query<Member>(sql`
      select c.code, m.target, m.fields from ${partOf('snomed_member', loaded.id)} m
      join ${partOf('snomed_refset', loaded.id)} r on r.number = m.refset
      join ${partOf('concept', loaded.id)} c on c.ordinal = m.component
      where r.id = ${this.refset} and m.active and m.target is not null and ${condition}`)
  }
}

/** Of a complex map: groups and, within them, priorities. */
const priorityOf = ({ fields }: Member) => Number(fields.mapGroup ?? 0) * 1000 + Number(fields.mapPriority ?? 0)
