import { Unprocessable } from '../../../base/errors.js'
import type { ConceptProperty } from '../../provider.js'
import { table, wrongLine } from '../../release/text.js'
import { Draft, type Entry } from '../../stored/draft.js'
import type { Kind } from '../../stored/kind.js'
import { headerOf } from '../header.js'
import type { Loader } from '../loader.js'
import { type List, lists } from './lists.js'
import { positional } from './positional.js'

/** A loader for each of the lists. */
export const listLoaders: readonly Loader[] = lists.map(loaderOf)

function loaderOf(list: List): Loader {
  const { name, title, url, file: named, takes } = list
  const keyOf = (code: string) => (list.caseSensitive ? code : code.toUpperCase())
  const kind: Kind = { name, keyOf }
  return {
    name,
    title,
    takes,
    kinds: [kind],

    async *read(release, wishes, report) {
      const file = release.find(named) ?? release.need(/\.(csv|txt|tsv)$/i, takes)
      const version = wishes.version ?? list.versionOf?.(file.name) ?? /(20\d\d)-?(\d\d)?-?(\d\d)?/.exec(file.name)?.[0]
      if (!version) throw new Unprocessable(`${file.name} does not say which version it is; say it with --version`)
      report(`${file.path} is read`)
      const draft = new Draft(keyOf)
      const rows = list.positional
        ? positional(release, file, list.positional)
        : table<string>(release, file, list.columns, list.form)
      let without = 0
      for await (const { line, get } of rows) {
        const code = list.codeOf ? list.codeOf(get('code')) : get('code').trim()
        if (code === undefined) {
          without++
          continue
        }
        if (!list.code.test(code)) throw wrongLine(file, line, `“${code}”`, list.expected)
        if (!draft.has(code)) draft.add(entryOf(list, code, get))
        else if (!list.repeats) throw wrongLine(file, line, `the code ${code} once more`, 'each code once')
      }
      const header = headerOf({
        ...{ url, version, name: list.resourceName, title: `${title}, ${version}`, publisher: list.publisher },
        ...{ copyright: list.copyright, caseSensitive: list.caseSensitive },
        properties: list.properties.map(({ code, type, description }) => [code, type, description]),
      })
      yield { header, draft, details: { without } }
    },
  }
}

function entryOf(list: List, code: string, get: (column: string) => string): Entry {
  const properties = list.properties.flatMap(({ code: property, type, column }): ConceptProperty[] => {
    const value = get(column).trim()
    if (value === '') return []
    return [{ code: property, type, value: type === 'dateTime' ? dateOf(value) : value }]
  })
  const synonym = get('synonym').trim()
  return {
    code,
    display: list.displayOf?.(get) ?? get('display').trim(),
    definition: get('definition').trim() || undefined,
    inactive: list.isInactive?.(get) ?? false,
    designations: synonym ? [{ language: 'en', use: { code: 'synonym' }, value: synonym }] : [],
    properties,
  }
}

/** `2010/09/30`, `9/30/2010` and `20100930` are one day; other text stays as it is. */
function dateOf(text: string): string {
  const [, year, month, day] = /^(\d{4})[/-]?(\d\d)[/-]?(\d\d)/.exec(text) ?? []
  if (year) return `${year}-${month}-${day}`
  const [, m, d, y] = /^(\d\d?)\/(\d\d?)\/(\d{4})/.exec(text) ?? []
  return y ? `${y}-${m!.padStart(2, '0')}-${d!.padStart(2, '0')}` : text
}
