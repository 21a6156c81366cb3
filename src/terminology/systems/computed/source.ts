import type { CodeSystemSource } from '../../provider.js'
import { bcp47 } from './bcp47.js'
import { GrammarCodeSystem } from './grammar.js'
import { listProvider, lists } from './lists.js'
import { mime } from './mime.js'
import { ucum } from './ucum.js'

const grammars = [ucum, bcp47, mime].map((grammar) => new GrammarCodeSystem(grammar))

/** Code systems that every tenant has: those that a grammar makes, and small ones that are shipped. */
export const computed: CodeSystemSource = {
  revision: 'computed',
  async withUrl(url) {
    const listed = lists.find(({ header }) => header.url === url)
    if (listed) return [listProvider(listed)]
    return grammars.filter((one) => one.url === url)
  },
  async list() {
    const headers = lists.map(({ header }) => ({ resourceType: 'CodeSystem' as const, ...header }))
    return [...grammars, ...headers.map((header) => ({ ...header, header }))]
  },
}
