import { Random } from '../../seed/random.js'
import { withCheckDigit } from './check-digit.js'
import { writeLines } from './file.js'
import { phrase } from './words.js'

const DATE = '20260101'
const MODULE = '900000000000207008'
const ROOT = '138875005'
const META = '900000000000441003'
const MODEL = '106237007'
const ATTRIBUTE = '246061005'
const IS_A = '116680003'
const SITE = '363698007'
const MORPHOLOGY = '116676008'
const US_ENGLISH = '900000000000509007'
const PREFERRED = '900000000000548007'
const [FSN, SYNONYM] = ['900000000000003001', '900000000000013009']

/** So many stand directly below the root, as in the International Edition. */
const TOP = 19
/** Those of the metadata and the attributes that the release needs. */
const FIXED: readonly (readonly [id: string, term: string, parent: string | undefined])[] = [
  [ROOT, 'SNOMED CT Concept', undefined],
  [META, 'SNOMED CT Model Component', ROOT],
  [MODEL, 'Linkage concept', META],
  [ATTRIBUTE, 'Attribute', MODEL],
  [IS_A, 'Is a', ATTRIBUTE],
  [SITE, 'Finding site', ATTRIBUTE],
  [MORPHOLOGY, 'Associated morphology', ATTRIBUTE],
  [MODULE, 'SNOMED CT core module', META],
]

/**
 * A release in release format 2 of the size and shape of SNOMED CT: 350,000 concepts under 19, half of them with more
 * than one parent, as deep as fifteen levels, two attributes each. Its concepts mean nothing.
 *
 * @returns codes of its concepts, the top ones first
 */
export async function writeSnomed(folder: string, size: number): Promise<string[]> {
  const random = new Random('releases/snomed')
  const ids = Array.from({ length: size }, (_, i) => withCheckDigit(`${1_000_000 + i}00`))
  const parents = ids.map((_, i) => parentsOf(i, random))
  const terms = ids.map((_, i) => `${phrase(random)} ${i}`)
  const header = ['id', 'effectiveTime', 'active', 'moduleId']
  const row = (...values: (string | number)[]) => values.join('\t')
  const at = `_INT_${DATE}.txt`

  await writeLines(folder, `Snapshot/Terminology/sct2_Concept_Snapshot${at}`, function* () {
    yield row(...header, 'definitionStatusId')
    for (const [id] of FIXED) yield row(id, DATE, 1, MODULE, '900000000000074008')
    for (const id of ids) yield row(id, DATE, 1, MODULE, '900000000000074008')
  })

  const described: string[] = []
  await writeLines(folder, `Snapshot/Terminology/sct2_Description_Snapshot-en${at}`, function* () {
    yield row(...header, 'conceptId', 'languageCode', 'typeId', 'term', 'caseSignificanceId')
    let next = 0
    for (const [id, term] of [...FIXED, ...ids.map((id, i) => [id, terms[i]!] as const)]) {
      const all = [
        [FSN, `${term} (disorder)`],
        [SYNONYM, term],
        ...(random.chance(0.4) ? [[SYNONYM, `${phrase(random)} ${next}`]] : []),
      ]
      for (const [type, text] of all) {
        const description = withCheckDigit(`${1_000_000 + next++}01`)
        described.push(description)
        yield row(description, DATE, 1, MODULE, id, 'en', type!, text!, '900000000000448009')
      }
    }
  })

  await writeLines(folder, `Snapshot/Refset/Language/der2_cRefset_LanguageSnapshot-en${at}`, function* () {
    yield row(...header, 'refsetId', 'referencedComponentId', 'acceptabilityId')
    for (const [i, description] of described.entries())
      yield row(uuid(i), DATE, 1, MODULE, US_ENGLISH, description, PREFERRED)
  })

  await writeLines(folder, `Snapshot/Terminology/sct2_Relationship_Snapshot${at}`, function* () {
    yield row(
      ...header,
      'sourceId',
      'destinationId',
      'relationshipGroup',
      'typeId',
      'characteristicTypeId',
      'modifierId',
    )
    let next = 0
    const relation = (source: string, target: string, group: number, type: string) => {
      const id = withCheckDigit(`${1_000_000 + next++}02`)
      return row(id, DATE, 1, MODULE, source, target, group, type, '900000000000011006', '900000000000451002')
    }
    for (const [id, , parent] of FIXED) if (parent) yield relation(id, parent, 0, IS_A)
    for (const [i, id] of ids.entries()) {
      for (const parent of parents[i]!) yield relation(id, parent < 0 ? ROOT : ids[parent]!, 0, IS_A)
      if (i < TOP) continue
      yield relation(id, ids[random.whole(TOP, size - 1)]!, 1, SITE)
      yield relation(id, ids[random.whole(TOP, size - 1)]!, 1, MORPHOLOGY)
    }
  })
  return ids
}

/** Parents come before their children; a second one is mostly near the first, as in a classification. */
function parentsOf(i: number, random: Random): number[] {
  if (i < TOP) return [-1]
  const first = Math.floor(random.fraction() ** 1.3 * i)
  const parents = new Set([first])
  const more = random.weighted([
    [55, 0],
    [30, 1],
    [10, 2],
    [5, 3],
  ])
  for (let n = 0; n < more; n++) {
    const near = Math.max(0, Math.min(i - 1, first + random.whole(-25, 25)))
    parents.add(random.chance(0.7) ? near : Math.floor(random.fraction() * i))
  }
  return [...parents]
}

const uuid = (i: number) => `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`
