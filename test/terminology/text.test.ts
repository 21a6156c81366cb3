import { describe, expect, it } from 'vitest'
import type { Concept } from '../../src/terminology/provider.js'
import { narrowed } from '../../src/terminology/text.js'

const concept = (code: string, display: string, ...designations: string[]): Concept => ({
  code,
  display,
  inactive: code === 'old',
  abstract: code === 'group',
  designations: designations.map((value) => ({ value })),
  properties: [],
  parents: [],
})
const concepts = [
  concept('E11', 'Type 2 diabetes mellitus', 'Adult-onset diabetes'),
  concept('E11.9', 'Type 2 diabetes mellitus without complications'),
  concept('O24', 'Diabetes mellitus in pregnancy'),
  concept('E23.2', 'Diabetes insipidus'),
  concept('D', 'Diabetes'),
  concept('G', 'Café-au-lait spots', 'Taches café'),
  concept('old', 'Sugar diabetes'),
  concept('group', 'Endocrine diseases'),
]
const found = (text: string, more = {}) => narrowed(concepts, { text, ...more }).map(({ code }) => code)

describe('what somebody types', () => {
  it.each([
    ['diabetes', ['D', 'E23.2', 'O24', 'old', 'E11', 'E11.9']], // itself, then what begins with it, then shorter first
    ['diab mel', ['E11', 'O24', 'E11.9']],
    ['mellitus 2 ty', ['E11', 'E11.9']],
    ['e11', ['E11', 'E11.9']], // the code itself, then those that begin with it
    ['E11.9', ['E11.9']],
    ['adult', ['E11']],
    ['CAFE au', ['G']],
    ['betes', []],
    ['', ['E11', 'E11.9', 'O24', 'E23.2', 'D', 'G', 'old', 'group']],
    ['--', ['E11', 'E11.9', 'O24', 'E23.2', 'D', 'G', 'old', 'group']],
  ])('%s', (text, codes) => {
    expect(found(text)).toEqual(codes)
  })

  it('leaves out what is not wanted', () => {
    expect(found('diabetes', { activeOnly: true })).not.toContain('old')
    expect(found('endo', { selectableOnly: true })).toEqual([])
  })
})
