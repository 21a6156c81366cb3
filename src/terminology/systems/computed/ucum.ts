import { unitInWords } from '../../../fhir/ucum/words.js'
import { canonicalUnit, conversion, UCUM, unitFault, unitOf } from '../../../fhir/ucum.js'
import type { Filter, Grammar } from './grammar.js'

/** Units: a code is a term of them. https://ucum.org/ucum */
export const ucum: Grammar = {
  header: {
    resourceType: 'CodeSystem',
    language: 'en',
    url: UCUM,
    version: '2.2',
    name: 'UCUM',
    title: 'Unified Code for Units of Measure (UCUM)',
    status: 'active',
    experimental: false,
    publisher: 'Regenstrief Institute',
    copyright: 'https://ucum.org/license',
    caseSensitive: true,
    compositional: true,
    content: 'complete',
    filter: [{ code: 'canonical', operator: ['='], value: 'A unit in base units, of which others are multiples' }],
  },
  common: 'http://hl7.org/fhir/ValueSet/ucum-common',

  read(code) {
    if (!unitOf(code)) return undefined
    const designations = [{ language: 'en', value: unitInWords(code) }]
    return { code, display: code, inactive: false, abstract: false, designations, properties: [], parents: [] }
  },

  fault(code) {
    const why = unitFault(code)
    return why && `Error processing unit '${code}': ${why}`
  },

  filter(property, op, value): Filter | undefined {
    if (property !== 'canonical' || op !== '=') return undefined
    const wanted = canonicalUnit(value)
    return {
      holds: (code) => wanted !== undefined && canonicalUnit(code) === wanted,
      fault(code) {
        const canonical = canonicalUnit(code)
        if (canonical === undefined || canonical === wanted) return undefined
        return `Code ${code} has canonical form ${canonical}, not ${value} as required`
      },
    }
  },

  /** `L` and `l`, `kg.m/s2` and `N`. */
  equivalent(a, b) {
    const from = conversion(a, b)
    return from?.slope === 1 && from.shift === 0
  },
}
