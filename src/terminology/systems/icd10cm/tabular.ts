import { text as textOf } from 'node:stream/consumers'
import { Invalid, Unprocessable } from '../../../base/errors.js'
import { XmlReader } from '../../../fhir/xml/reader.js'
import type { Release, ReleaseFile } from '../../release/release.js'

/** What the tabular list says of a code, a block or a chapter. */
export interface Listed {
  readonly code: string
  readonly display: string
  readonly inclusionTerms: readonly string[]
  readonly notes: readonly (readonly [property: string, text: string])[]
}

/** A chapter or block. */
export interface Group extends Listed {
  /** Code of the group that it is in. */
  readonly parents: readonly string[]
}

interface Tabular {
  readonly groups: readonly Group[]
  readonly concepts: ReadonlyMap<string, Listed>
  /** Of each category of three characters, the code of its block. */
  readonly groupOf: ReadonlyMap<string, string>
}

/** Elements whose notes are kept, with the property that each becomes. */
const NOTES: Readonly<Record<string, string>> = {
  includes: 'includes',
  excludes1: 'excludes1',
  excludes2: 'excludes2',
  codeFirst: 'codeFirst',
  useAdditionalCode: 'useAdditionalCode',
  codeAlso: 'codeAlso',
  sevenChrNote: 'sevenChrNote',
  notes: 'note',
}

/** A chapter, block or code while its element is open. */
interface Open {
  element: string
  code: string
  display: string
  inclusionTerms: string[]
  notes: [string, string][]
}

/**
 * The tabular list: chapters, blocks in blocks, categories, and the notes of each.
 * @throws Unprocessable  it is not the XML of a tabular list (422)
 */
export async function readTabular(release: Release, file: ReleaseFile): Promise<Tabular> {
  const source = await textOf(await release.open(file))
  try {
    return new TabularReader(source.charCodeAt(0) === 0xfeff ? source.slice(1) : source).read()
  } catch (cause) {
    if (!(cause instanceof Invalid)) throw cause
    throw new Unprocessable(`${file.path} is no tabular list of ICD-10-CM: ${cause.message}`, { cause })
  }
}

class TabularReader {
  private readonly groups: Group[] = []
  private readonly concepts = new Map<string, Listed>()
  private readonly groupOf = new Map<string, string>()
  private readonly open: Open[] = []
  private readonly path: string[] = []
  private readonly reader: XmlReader

  constructor(source: string) {
    this.reader = new XmlReader(source)
  }

  read(): Tabular {
    for (let event = this.reader.next(); event !== 'end'; event = this.reader.next()) {
      if (event === 'open') this.begin()
      else if (event === 'text') this.text(this.reader.text.trim())
      else this.end()
    }
    const { groups, concepts, groupOf } = this
    if (concepts.size === 0) this.reader.fail('expected chapter, section and diag elements in ICD10CM.tabular', 0)
    return { groups, concepts, groupOf }
  }

  private begin() {
    const { name, attributes } = this.reader
    this.path.push(name)
    if (this.path.length === 1 && name !== 'ICD10CM.tabular') this.reader.fail(`expected ICD10CM.tabular, not ${name}`)
    if (name !== 'chapter' && name !== 'section' && name !== 'diag') return
    const code = name === 'section' ? (attributes.find((one) => one.name === 'id')?.value ?? '') : ''
    this.open.push({ element: name, code, display: '', inclusionTerms: [], notes: [] })
  }

  private text(text: string) {
    const [parent, element] = this.path.slice(-2)
    const about = this.open.at(-1)
    if (text === '' || !about) return
    const note = element === 'note' && Object.hasOwn(NOTES, parent!) ? NOTES[parent!] : undefined
    if (note) about.notes.push([note, text])
    else if (element === 'note' && parent === 'inclusionTerm') about.inclusionTerms.push(text)
    else if (parent === about.element && element === 'name') about.code ||= text
    else if (parent === about.element && element === 'desc') this.describe(about, text)
  }

  /** `Neoplasms (C00-D49)`: the range of a chapter is its code. */
  private describe(about: Open, text: string) {
    const [, title = text, range] = about.element === 'diag' ? [] : (/^(.*) \(([A-Z0-9-]+)\)$/.exec(text) ?? [])
    about.display = title
    if (about.element === 'chapter' && range) about.code = range
    if (about.element !== 'diag' && isRange(about.code)) this.group(about)
  }

  /** Before what is in it, so that groups stand above their parts from the beginning. */
  private group(about: Open) {
    const above = this.groupAbove()
    // A chapter of one block says the same twice.
    if (above === about.code) return
    this.groups.push({ ...about, parents: above === undefined ? [] : [above] })
  }

  private end() {
    const name = this.path.pop()
    if (name !== this.open.at(-1)?.element) return
    const about = this.open.pop()!
    if (name !== 'diag') return
    this.concepts.set(about.code, about)
    const above = this.open.findLast(({ element, code }) => element !== 'diag' && isRange(code))
    const isCategory = this.open.at(-1)?.element !== 'diag'
    if (isCategory && above) this.groupOf.set(about.code, above.code)
  }

  private groupAbove(): string | undefined {
    return this.open.slice(0, -1).findLast(({ code }) => isRange(code))?.code
  }
}

/** A block of one category, `B20`, is that category. */
const isRange = (code: string) => code.includes('-')
