import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A concept as a test writes it; what is not said is as in most. */
export interface Given {
  id: string
  term: string
  is?: string[]
  /** Group, attribute, value; concrete values as in a release: `#10`. */
  has?: [group: number, attribute: string, value: string][]
  /** Further synonyms: language, term, and where it is preferred and acceptable. */
  also?: [language: string, term: string, preferred: string[], acceptable?: string[]][]
  /** Synonyms that are no longer used. */
  former?: string[]
  defined?: boolean
  inactive?: boolean
  module?: string
  effective?: string
}

export interface GivenMember {
  refset: string
  concept: string
  fields?: Record<string, string>
  inactive?: boolean
}

export const US = '900000000000509007'
export const GB = '900000000000508004'
const MODULE = '900000000000207008'
const DATE = '20260131'

/** What every release has, in names that need none of its own. */
const METADATA: Given[] = [
  { id: '138875005', term: 'SNOMED CT Concept' },
  { id: '900000000000441003', term: 'SNOMED CT Model Component', is: ['138875005'] },
  { id: '116680003', term: 'Is a', is: ['900000000000441003'] },
]

/** Writes a release in release format 2, and says where. */
export async function writeRelease(
  concepts: Given[],
  members: GivenMember[] = [],
  {
    change = (_file: string, text: string) => text,
    identifiers = [] as [code: string, scheme: string, concept: string][],
  } = {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rf2-'))
  let next = 1
  const fresh = (kind: string) => `${1000 + next++}${kind}`
  const all = [...METADATA, ...concepts]
  const stamp = (one: Given) => [one.effective ?? DATE, one.inactive ? '0' : '1', one.module ?? MODULE]
  const files: Record<string, string[][]> = {
    'Terminology/sct2_Concept_Snapshot_INT_20260131.txt': [
      ['id', 'effectiveTime', 'active', 'moduleId', 'definitionStatusId'],
      ...all.map((one) => [one.id, ...stamp(one), one.defined ? '900000000000073002' : '900000000000074008']),
    ],
    'Terminology/sct2_Description_Snapshot-en_INT_20260131.txt': [
      'id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId'.split(' '),
    ],
    'Refset/Language/der2_cRefset_LanguageSnapshot-en_INT_20260131.txt': [
      'id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId'.split(' '),
    ],
    'Terminology/sct2_Relationship_Snapshot_INT_20260131.txt': [
      'id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId'.split(
        ' ',
      ),
    ],
    'Terminology/sct2_RelationshipConcreteValues_Snapshot_INT_20260131.txt': [
      'id effectiveTime active moduleId sourceId value relationshipGroup typeId characteristicTypeId modifierId'.split(
        ' ',
      ),
    ],
    'Terminology/sct2_Identifier_Snapshot_INT_20260131.txt': [
      'alternateIdentifier effectiveTime active moduleId identifierSchemeId referencedComponentId'.split(' '),
      ...identifiers.map(([code, scheme, concept]) => [code, DATE, '1', MODULE, scheme, concept]),
    ],
  }
  const [, descriptions, languages, relationships, values] = Object.values(files) as string[][][]
  const describe = (
    concept: string,
    language: string,
    type: string,
    term: string,
    preferred: string[],
    acceptable: string[],
  ) => {
    const id = fresh('012')
    descriptions!.push([id, DATE, '1', MODULE, concept, language, type, term, '900000000000448009'])
    for (const refset of preferred) languages!.push([fresh('x'), DATE, '1', MODULE, refset, id, '900000000000548007'])
    for (const refset of acceptable) languages!.push([fresh('x'), DATE, '1', MODULE, refset, id, '900000000000549004'])
  }
  for (const { id, term, is = [], has = [], also = [], former = [], inactive } of all) {
    describe(id, 'en', '900000000000003001', `${term} (thing)`, [US, GB], [])
    describe(id, 'en', '900000000000013009', term, [US, GB], [])
    for (const [language, text, preferred, acceptable = []] of also)
      describe(id, language, '900000000000013009', text, preferred, acceptable)
    for (const text of former) {
      describe(id, 'en', '900000000000013009', text, [], [])
      descriptions!.at(-1)![2] = '0'
    }
    const relate = (rows: string[][], value: string, group: number, type: string) =>
      rows.push([
        fresh('02'),
        DATE,
        inactive ? '0' : '1',
        MODULE,
        id,
        value,
        String(group),
        type,
        '900000000000011006',
        '1',
      ])
    for (const parent of is) relate(relationships!, parent, 0, '116680003')
    for (const [group, type, value] of has) relate(/^\d/.test(value) ? relationships! : values!, value, group, type)
  }
  for (const [i, { refset, concept, fields = {}, inactive }] of members.entries()) {
    const header = [
      'id',
      'effectiveTime',
      'active',
      'moduleId',
      'refsetId',
      'referencedComponentId',
      ...Object.keys(fields),
    ]
    files[`Refset/der2_${i}_Refset_Snapshot_INT_20260131.txt`] = [
      header,
      [`m${i}`, DATE, inactive ? '0' : '1', MODULE, refset, concept, ...Object.values(fields)],
    ]
  }
  for (const [file, rows] of Object.entries(files)) {
    const path = join(folder, 'Snapshot', file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, change(file, `${rows.map((row) => row.join('\t')).join('\r\n')}\r\n`))
  }
  return folder
}
