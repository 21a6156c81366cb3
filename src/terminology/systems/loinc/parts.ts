import type { ConceptProperty } from '../../provider.js'
import type { Release } from '../../release/release.js'
import { table } from '../../release/text.js'
import type { Report } from '../../stored/put.js'
import { LOINC } from './kind.js'

interface Part {
  display: string
  /** `COMPONENT`, `SYSTEM` … */
  type?: string
  inactive?: boolean
  status?: string
}

export interface Parts {
  /** By code, `LP14355-9`. */
  readonly names: Map<string, Part>
  /** By LOINC code: the parts of its name and what else it is classified by. */
  readonly links: ReadonlyMap<string, readonly ConceptProperty[]>
  /** Codes of the properties that links have. */
  readonly properties: ReadonlySet<string>
}

const PART = {
  required: ['PartNumber', 'PartName'],
  optional: ['PartTypeName', 'PartDisplayName', 'Status'],
} as const
const LINK = { required: ['LoincNumber', 'PartNumber', 'PartName', 'Property'] } as const

/** Part.csv, and both files of links between terms and parts; none of them is a must. */
export async function readParts(release: Release, report: Report): Promise<Parts> {
  const names = new Map<string, Part>()
  const links = new Map<string, ConceptProperty[]>()
  const properties = new Set<string>()
  const file = release.find(/^Part\.csv$/i)
  if (file) {
    report(`${file.path} is read`)
    for await (const { get } of table(release, file, PART)) {
      const status = get('Status')
      names.set(get('PartNumber'), {
        display: get('PartDisplayName') || get('PartName'),
        type: get('PartTypeName'),
        inactive: status === 'DEPRECATED' || status === 'INACTIVE',
        status: !status || status === 'ACTIVE' ? undefined : status.toLowerCase(),
      })
    }
  }
  for (const file of release.all(/^LoincPartLink(_Primary|_Supplementary)?\.csv$/i)) {
    report(`${file.path} is read`)
    for await (const { get } of table(release, file, LINK)) {
      const code = get('Property').split('/').at(-1)!
      properties.add(code)
      const coding = { system: LOINC, code: get('PartNumber'), display: get('PartName') }
      const known = links.get(get('LoincNumber')) ?? []
      links.set(get('LoincNumber'), known)
      // Both files have the six axes.
      if (!known.some((one) => one.code === code && (one.value as typeof coding).code === coding.code))
        known.push({ code, type: 'Coding', value: coding })
    }
  }
  return { names, links, properties }
}
