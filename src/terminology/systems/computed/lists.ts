import type { CodeSystem } from '@medplum/fhirtypes'
import type { CodeSystemProvider } from '../../provider.js'
import { ResourceCodeSystem } from '../../resources/provider.js'
import { tableOf } from './tables.js'

interface List {
  /** In `terminology/`: code and display. */
  readonly file: string
  readonly header: Omit<CodeSystem, 'resourceType' | 'concept'> & { url: string }
}

const common = { status: 'active', experimental: false, language: 'en', caseSensitive: true } as const

/** Small systems that may be shipped. */
export const lists: readonly List[] = [
  {
    file: 'iso3166.tsv',
    header: {
      ...common,
      url: 'urn:iso:std:iso:3166',
      version: '2018',
      name: 'ISO3166Part1',
      title: 'ISO 3166-1 codes for countries: of two letters, of three letters, and of three digits',
      publisher: 'ISO',
      content: 'complete',
    },
  },
  {
    file: 'iso3166-2-us.tsv',
    header: {
      ...common,
      url: 'urn:iso:std:iso:3166:-2',
      name: 'ISO3166Part2',
      title: 'ISO 3166-2 codes for subdivisions of countries: those of the United States',
      publisher: 'ISO',
      content: 'fragment',
    },
  },
  {
    file: 'iso4217.tsv',
    header: {
      ...common,
      url: 'urn:iso:std:iso:4217',
      name: 'ISO4217',
      title: 'ISO 4217 codes for currencies',
      publisher: 'ISO',
      content: 'complete',
    },
  },
  {
    file: 'us-states.tsv',
    header: {
      ...common,
      url: 'https://www.usps.com/',
      name: 'USPSStateCodes',
      title: 'Two letter codes of the United States Postal Service for states and possessions',
      publisher: 'United States Postal Service',
      content: 'complete',
    },
  },
]

const opened = new Map<List, CodeSystemProvider>()

/** Read from its file when somebody first asks for it. */
export function listProvider(list: List): CodeSystemProvider {
  const known = opened.get(list)
  if (known) return known
  const concept = tableOf(list.file).map(([code, display]) => ({ code: code!, display: display! }))
  const provider = new ResourceCodeSystem({ resourceType: 'CodeSystem', ...list.header, concept })
  opened.set(list, provider)
  return provider
}
