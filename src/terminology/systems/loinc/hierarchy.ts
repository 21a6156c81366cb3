import type { Release } from '../../release/release.js'
import { table } from '../../release/text.js'
import type { Report } from '../../stored/put.js'

export interface LoincHierarchy {
  readonly names: ReadonlyMap<string, string>
  readonly parents: ReadonlyMap<string, readonly string[]>
}

const COLUMNS = { required: ['IMMEDIATE_PARENT', 'CODE', 'CODE_TEXT'] } as const

/** ComponentHierarchyBySystem.csv, which releases before 2.73 called MultiAxialHierarchy.csv. */
export async function readHierarchy(release: Release, report: Report): Promise<LoincHierarchy> {
  const names = new Map<string, string>()
  const parents = new Map<string, string[]>()
  const file = release.find(/^(ComponentHierarchyBySystem|MultiAxialHierarchy)\.csv$/i)
  if (!file) return { names, parents }
  report(`${file.path} is read`)
  for await (const { get } of table(release, file, COLUMNS)) {
    const [code, parent] = [get('CODE'), get('IMMEDIATE_PARENT')]
    names.set(code, get('CODE_TEXT'))
    const known = parents.get(code) ?? []
    parents.set(code, known)
    if (parent && !known.includes(parent)) known.push(parent)
  }
  return { names, parents }
}
