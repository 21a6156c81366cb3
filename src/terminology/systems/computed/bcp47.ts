import { Unprocessable } from '../../../base/errors.js'
import type { Concept } from '../../provider.js'
import type { Grammar } from './grammar.js'
import { tableOf } from './tables.js'

/** The registry of subtags (https://www.iana.org/assignments/language-subtag-registry): by type, what each means. */
interface Registry {
  readonly language: ReadonlyMap<string, string>
  readonly extlang: ReadonlyMap<string, string>
  readonly script: ReadonlyMap<string, string>
  readonly region: ReadonlyMap<string, string>
  readonly variant: ReadonlyMap<string, string>
  readonly grandfathered: ReadonlyMap<string, string>
}

let opened: Registry | undefined

function registry(): Registry {
  if (opened) return opened
  const types = new Map<string, Map<string, string>>()
  for (const [type, subtag, descriptions] of tableOf('language-subtags.tsv')) {
    const subtags = types.get(type!) ?? new Map<string, string>()
    types.set(type!, subtags.set(subtag!, descriptions!.split('; ')[0]!))
  }
  opened = Object.fromEntries(types) as unknown as Registry
  return opened
}

/** A tag with its parts, as https://www.rfc-editor.org/rfc/rfc5646#section-2.1 names them. */
interface Tag {
  language?: string
  extlang: string[]
  script?: string
  region?: string
  variant: string[]
  extension: string[]
  privateuse?: string
}

/** Parts with what they are called in a display. */
const PARTS = {
  extlang: 'Ext-Lang',
  script: 'Script',
  region: 'Region',
  variant: 'Variant',
  extension: 'Extension',
  privateuse: 'Private-Use',
} as const

/** What the properties of the system are about: a code has it, or has it not. */
const PROPERTIES: Readonly<Record<string, keyof Tag>> = {
  language: 'language',
  'ext-lang': 'extlang',
  script: 'script',
  region: 'region',
  variant: 'variant',
  extension: 'extension',
  'private-use': 'privateuse',
}

/** Language tags: `en`, `en-US`, `zh-Hant-TW`, of registered subtags, written as the RFC recommends. */
export const bcp47: Grammar = {
  header: {
    resourceType: 'CodeSystem',
    language: 'en',
    url: 'urn:ietf:bcp:47',
    name: 'LanguageTags',
    title: 'Tags for identifying languages (BCP 47)',
    status: 'active',
    experimental: false,
    publisher: 'IETF',
    caseSensitive: true,
    compositional: true,
    content: 'complete',
    filter: Object.keys(PROPERTIES).map((code) => ({
      code,
      operator: ['exists', '='],
      value: 'A subtag, or true or false',
    })),
  },
  common: 'http://terminology.hl7.org/ValueSet/Languages',

  read(code) {
    const tag = tagOf(code)
    return tag && conceptOf(code, tag)
  },

  filter(property, op, value) {
    const part = PROPERTIES[property]
    if (!part || (op !== 'exists' && op !== '=')) return undefined
    if (op === 'exists' && value !== 'true' && value !== 'false')
      throw new Unprocessable(`A filter with the operator exists has the value true or false, not ${value}`)
    return {
      holds(code) {
        const found = [tagOf(code)?.[part] ?? []].flat()
        return op === '=' ? found.includes(value) : found.length > 0 === (value === 'true')
      },
    }
  },
}

/** What may come behind a language, in this order; written in other letters it is another code. */
const ORDER: readonly [part: 'extlang' | 'script' | 'region' | 'variant', form: RegExp][] = [
  ['extlang', /^[a-z]{3}$/],
  ['script', /^[A-Z][a-z]{3}$/],
  ['region', /^(?:[A-Z]{2}|\d{3})$/],
  ['variant', /^(?:[a-z0-9]{5,8}|\d[a-z0-9]{3})$/],
]

function tagOf(code: string): Tag | undefined {
  const tag: Tag = { extlang: [], variant: [], extension: [] }
  if (registry().grandfathered.has(code)) return { ...tag, language: code }
  const [before, ...behind] = code.split(/(?:^|-)x-/)
  if (behind.length > 0) tag.privateuse = `x-${behind.join('-x-')}`
  if (tag.privateuse && !/^x(?:-[a-z0-9]{1,8})+$/i.test(tag.privateuse)) return undefined
  if (before === '') return tag.privateuse ? tag : undefined
  const [language = '', ...subtags] = before!.split('-')
  if (meaningOf(language, 'language') === undefined) return undefined
  tag.language = language
  let next = 0
  for (let i = 0; i < subtags.length; i++) {
    const subtag = subtags[i]!
    if (/^[a-wy-z0-9]$/.test(subtag)) {
      const length = subtags.slice(i + 1).findIndex((one) => !/^[a-z0-9]{2,8}$/.test(one))
      const end = length < 0 ? subtags.length : i + 1 + length
      if (end === i + 1) return undefined
      tag.extension.push(subtags.slice(i, end).join('-'))
      i = end - 1
      next = ORDER.length
      continue
    }
    const at = ORDER.findIndex(([, form], place) => place >= next && form.test(subtag))
    const [part] = ORDER[at] ?? []
    if (!part || meaningOf(subtag, part) === undefined) return undefined
    if (part === 'script' || part === 'region') tag[part] = subtag
    else if (tag[part].includes(subtag)) return undefined
    else tag[part].push(subtag)
    // Of variants there may be several.
    next = part === 'variant' ? at : at + 1
  }
  return tag
}

/** Ranges of the registry that anybody may use. */
const PRIVATE: Partial<Record<keyof Registry, RegExp>> = {
  language: /^q[a-t][a-z]$/,
  script: /^Qa[ab][a-x]$/,
  region: /^(?:Q[M-Z]|X[A-Z])$/,
}

const meaningOf = (subtag: string, type: keyof Registry): string | undefined =>
  registry()[type].get(subtag) ?? (PRIVATE[type]?.test(subtag) ? 'Private use' : undefined)

/** `English (United States)`, and, as others write it, `English (Region=United States)`. */
function conceptOf(code: string, tag: Tag): Concept {
  const named: [label: string, meaning: string][] = []
  for (const [part, label] of Object.entries(PARTS) as [keyof typeof PARTS, string][])
    for (const subtag of [tag[part] ?? []].flat()) {
      const isRegistered = part !== 'extension' && part !== 'privateuse'
      named.push([label, (isRegistered ? meaningOf(subtag, part) : undefined) ?? subtag])
    }
  const { grandfathered } = registry()
  const language = tag.language && (grandfathered.get(tag.language) ?? meaningOf(tag.language, 'language'))
  const inBrackets = (parts: readonly string[]) => (language ? `${language} (${parts.join(', ')})` : parts.join(', '))
  const plain = { code, inactive: false, abstract: false, properties: [], parents: [] }
  if (named.length === 0) return { ...plain, display: language, designations: [] }
  const labelled = inBrackets(named.map(([label, meaning]) => `${label}=${meaning}`))
  return {
    ...plain,
    display: inBrackets(named.map(([, meaning]) => meaning)),
    designations: [{ language: 'en', value: labelled }],
  }
}
