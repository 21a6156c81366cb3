import { describe, expect, it } from 'vitest'
import { shipped } from '../../src/fhir/definitions/shipped.js'
import { UNIT_NAMES } from '../../src/fhir/ucum/names.js'
import { ARBITRARY, BASES, METRIC, OTHERS, SCALES } from '../../src/fhir/ucum/units.js'
import { unitInWords } from '../../src/fhir/ucum/words.js'
import { canonicalUnit, conversion, unitFault, unitOf } from '../../src/fhir/ucum.js'

describe('UCUM', () => {
  it('has every unit that FHIR calls common', async () => {
    const [common] = await shipped.withUrl('ValueSet', 'http://hl7.org/fhir/ValueSet/ucum-common')
    const codes = common!.compose!.include![0]!.concept!.map(({ code }) => code!)
    expect(codes.length).toBeGreaterThan(1300)
    expect(codes.filter((code) => !unitOf(code))).toEqual([])
    expect(codes.filter((code) => unitInWords(code) === '')).toEqual([])
  })

  it('has a name for every unit, and a meaning for every name', () => {
    const units = [...BASES, ...ARBITRARY, ...Object.keys(METRIC), ...Object.keys(OTHERS), ...Object.keys(SCALES)]
    expect(units.filter((unit) => !unitOf(unit))).toEqual([])
    expect(Object.keys(UNIT_NAMES).filter((unit) => !units.includes(unit))).toEqual([])
  })

  it.each([
    ['mL', 'm3'],
    ['mm[Hg]', 'g.m-1.s-2'],
    ['mmol/L', 'm-3'],
    ['%', '1'],
    ['{score}', '1'],
    ['[degF]', 'K'],
    ['mg', 'g'],
    ['[iU]/mL', '[iU].m-3'],
  ])('%s is a multiple of %s', (code, canonical) => {
    expect(canonicalUnit(code)).toBe(canonical)
  })

  it.each([
    ['[acr_us]', 'm2', 4046.872_609_9],
    ['[bbl_us]', 'L', 158.987_294_9],
    ['[degRe]', 'K', 1.25],
    ['Torr', 'Pa', 133.322],
    ['[S]', 's', 1e-13],
    ['Oe', 'A/m', 79.577_471_5],
    ['[mesh_i]', 'm-1', 39.370_078_7],
    ['[car_Au]', '1', 0.041_666_667],
    ['circ', 'deg', 360],
  ])('one %s is so many %s', (from, to, factor) => {
    expect(conversion(from, to)!.slope).toBeCloseTo(factor, Math.max(4, 16 - Math.ceil(Math.log10(factor) + 10)))
  })

  it.each([
    ['dB', 'B'],
    ['[pH]', 'mol/L'],
    ['kg', 'm'],
  ])('%s and %s measure the same only where that is a factor', (a, b) => {
    expect(conversion(a, b)).toEqual(a === 'dB' ? { slope: 0.1, shift: 0 } : undefined)
  })

  it.each([
    ['', 'There is nothing at character 1'],
    ['kgXX', "The unit 'kgXX' is unknown at character 1"],
    ['mg/XX', "The unit 'XX' is unknown at character 4"],
    ['mg//L', "A unit or '(' is expected at character 4"],
    ['(mg', "')' is expected at character 4"],
    ['mg)', "')' is not expected at character 3"],
    ['µg', "The character 'µ' is not allowed at character 1"],
    ['mg dL', "The character ' ' is not allowed at character 3"],
    ['Cel.m', 'A temperature with a zero of its own cannot be a factor at character 4'],
    ['m'.repeat(201), 'More than 200 characters at character 1'],
    [`${'('.repeat(30)}m`, 'Parentheses are nested too deeply at character 22'],
  ])('%j is none', (code, why) => {
    expect(unitFault(code)).toBe(why)
    expect(unitOf(code)).toBeUndefined()
  })

  it.each(['mg/dL{calculated by hand}', '{2 or 3 times}/d', 'U/(10.g){feces}', 'B[10.nV]', '[m/s2/Hz^(1/2)]'])(
    '%s is one',
    (code) => {
      expect(unitFault(code)).toBeUndefined()
    },
  )
})
