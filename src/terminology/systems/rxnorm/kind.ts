import type { ConceptMapGroupElementTarget } from '@medplum/fhirtypes'
import type { ImplicitMap } from '../../provider.js'
import type { Kind } from '../../stored/kind.js'
import type { TabledCodeSystem } from '../../stored/loaded.js'
import { elevenDigits, NDC } from '../ndc/code.js'

export const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm'

/** The map from National Drug Codes to RxCUIs that RxNorm has in its attributes. */
const MAP = `${RXNORM}?fhir_cm=ndc`

export const rxnormKind: Kind = {
  name: 'rxnorm',

  /** A relation is also asked for as `has_ingredient = CUI:161`. */
  async filter(system, property, op, value) {
    if (op !== '=' || !value.startsWith('CUI:')) return undefined
    return system.rows.withValue(property, [value.slice(4)])
  },

  async implicitMap(url, [latest]) {
    return latest && url === MAP ? mapOf(latest) : undefined
  },
}

const mapOf = (system: TabledCodeSystem): ImplicitMap => ({
  url: MAP,
  source: NDC,
  target: RXNORM,
  async targetsOf(codes) {
    const found = new Map<string, readonly ConceptMapGroupElementTarget[]>()
    for (const code of codes) {
      const concepts = await system.rows.withValue('NDC', [elevenDigits(code) ?? code])
      const numbered = await system.rows.numbered(concepts.slice(0, Number.POSITIVE_INFINITY), true)
      // A package is one of many of its drug.
      if (numbered.length)
        found.set(
          code,
          numbered.map(({ code, display }) => ({ code, display, equivalence: 'wider' })),
        )
    }
    return found
  },
  async sourcesOf(codes) {
    const found = new Map<string, readonly ConceptMapGroupElementTarget[]>()
    for (const [code, { properties }] of await system.locate(codes)) {
      const packages = properties.filter((one) => one.code === 'NDC')
      if (packages.length)
        found.set(
          code,
          packages.map(({ value }) => ({ code: String(value), equivalence: 'narrower' })),
        )
    }
    return found
  },
})
