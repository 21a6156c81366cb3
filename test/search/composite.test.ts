import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type SearchServer } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const LOINC = 'http://loinc.org'
const UCUM = 'http://unitsofmeasure.org'
const code = (text: string) => ({ coding: [{ system: LOINC, code: text }] })
const mmHg = (value: number) => ({ value, system: UCUM, code: 'mm[Hg]' })

// https://hl7.org/fhir/R4/search.html#composite

describe('composites', () => {
  beforeAll(() => {
    const observation = (id: string, more: object) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: code('85354-9'),
      ...more,
    })
    const pressure = (systolic: number, diastolic: number) => ({
      component: [
        { code: code('8480-6'), valueQuantity: mmHg(systolic) },
        { code: code('8462-4'), valueQuantity: mmHg(diastolic) },
      ],
    })
    return server.put(
      observation('high', pressure(150, 80)),
      observation('swapped', pressure(80, 150)),
      observation('single', { code: code('8480-6'), valueQuantity: mmHg(150) }),
      observation('heart', { code: code('8867-4'), valueQuantity: { value: 150, system: UCUM, code: '/min' } }),
      observation('blood', {
        code: code('883-9'),
        valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '112144000' }] },
      }),
      observation('parts', {
        component: [
          { code: code('883-9'), valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: 'B' }] } },
          {
            code: code('10331-7'),
            valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: 'positive' }] },
          },
        ],
      }),
      observation('string', { code: code('s'), valueString: 'Mostly $5, or | so' }),
      observation('date', { code: code('d'), valueDateTime: '2020-03-14' }),
    )
  })

  it.each([
    ['code-value-quantity=8480-6$150', ['single']],
    [`code-value-quantity=${LOINC}|8480-6$gt140|${UCUM}|mm[Hg]`, ['single']],
    [`code-value-quantity=8480-6$gt140||/min`, []],
    ['code-value-quantity=8867-4$150,8480-6$150', ['heart', 'single']],
    ['component-code-value-quantity=8480-6$150', ['high']],
    ['component-code-value-quantity=8462-4$150', ['swapped']],
    [`component-code-value-quantity=${LOINC}|8480-6$gt100|${UCUM}|mm[Hg]`, ['high']],
    ['component-code-value-quantity=http://other|8480-6$gt100', []],
    ['component-code-value-quantity=8480-6$lt100,8480-6$gt140', ['high', 'swapped']],
    ['component-code-value-quantity=8480-6$gt140&component-code-value-quantity=8462-4$lt90', ['high']],
    ['component-code-value-quantity=8480-6$gt140&component-code-value-quantity=8462-4$gt90', []],
    // the parts alone do not need to stand together
    ['component-code=8480-6&component-value-quantity=gt140', ['high', 'swapped']],
    ['combo-code-value-quantity=8480-6$150', ['high', 'single']],
    ['combo-code-value-quantity=8480-6$ge80', ['high', 'single', 'swapped']],
    ['combo-code-value-quantity=8480-6$ge80&_id=high', ['high']],
    ['combo-code=8480-6', ['high', 'single', 'swapped']],
    ['combo-value-quantity=150', ['heart', 'high', 'single', 'swapped']],
    ['code-value-concept=883-9$112144000', ['blood']],
    [`code-value-concept=${LOINC}|883-9$http://snomed.info/sct|112144000`, ['blood']],
    ['code-value-concept=883-9$B', []],
    ['component-code-value-concept=883-9$B', ['parts']],
    ['component-code-value-concept=883-9$http://snomed.info/sct|B', ['parts']],
    ['component-code-value-concept=883-9$positive', []],
    ['component-code-value-concept=10331-7$positive', ['parts']],
    ['combo-code-value-concept=883-9$B,883-9$112144000', ['blood', 'parts']],
    ['combo-value-concept=positive', ['parts']],
    ['code-value-string=s$mostly', ['string']],
    ['code-value-string=s$mostly \\$5\\, or \\| so', ['string']],
    ['code-value-string=s$5', []],
    ['code-value-date=d$2020', ['date']],
    ['code-value-date=d$gt2020-03', []],
  ])('Observation?%s', async (query, expected) => {
    expect(await server.found(`Observation?${query}`)).toEqual(expected)
    expect((await server.get(`Observation?${query}&_summary=count`)).total).toBe(expected.length)
  })

  it.each([
    ['code-value-quantity=8480-6', /two parts with a \$ between them/],
    ['code-value-quantity=8480-6$1$2', /two parts/],
    ['code-value-quantity=8480-6$', /two parts/],
    ['component-code-value-quantity=8480-6$high', /not a number/],
    ['component-code-value-quantity=$150', /two parts/],
    ['component-code-value-concept=a$', /two parts/],
    ['code-value-quantity:exact=8480-6$1', /is not supported/],
    ['code-value-quantity:missing=true', /ask for the parts of it/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Observation?${query}`)).toMatch(reason)
  })
})

describe('composites of other types', () => {
  beforeAll(() =>
    server.put(
      {
        resourceType: 'DocumentReference',
        id: 'new',
        status: 'current',
        content: [{ attachment: { title: 'x' } }],
        relatesTo: [
          { code: 'replaces', target: { reference: 'DocumentReference/old' } },
          { code: 'signs', target: { reference: 'DocumentReference/signed' } },
        ],
      },
      {
        resourceType: 'Group',
        id: 'g',
        type: 'person',
        actual: false,
        characteristic: [
          {
            code: { coding: [{ code: 'gender' }] },
            valueCodeableConcept: { coding: [{ code: 'mixed' }] },
            exclude: false,
          },
          { code: { coding: [{ code: 'owner' }] }, valueBoolean: true, exclude: false },
          { code: { coding: [{ code: 'age' }] }, valueRange: { low: { value: 1 } }, exclude: false },
        ],
      },
      {
        resourceType: 'ValueSet',
        id: 'vs',
        status: 'active',
        useContext: [
          { code: { code: 'age' }, valueQuantity: { value: 18, system: UCUM, code: 'a' } },
          { code: { code: 'focus' }, valueCodeableConcept: { coding: [{ code: 'flu' }] } },
        ],
      },
    ),
  )

  it.each([
    ['DocumentReference?relationship=replaces$DocumentReference/old', ['new']],
    ['DocumentReference?relationship=signs$DocumentReference/old', []],
    ['Group?characteristic-value=gender$mixed', ['g']],
    ['Group?characteristic-value=owner$true', ['g']],
    ['Group?characteristic-value=owner$mixed', []],
    ['Group?value=[object Object]', []],
    ['ValueSet?context-type-quantity=age$18', ['vs']],
    ['ValueSet?context-type-quantity=focus$18', []],
    ['ValueSet?context-type-value=focus$flu', ['vs']],
    ['ValueSet?context-type-value=age$flu', []],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
  })
})

describe('a token with two numbers of the same element', () => {
  beforeAll(() => {
    const sequence = (id: string, chromosome: string, ...variant: [start: number, end: number][]) => ({
      resourceType: 'MolecularSequence',
      id,
      coordinateSystem: 0,
      referenceSeq: {
        chromosome: { coding: [{ system: 'http://chromosomes', code: chromosome }] },
        referenceSeqId: { coding: [{ code: `NC_${chromosome}` }] },
        windowStart: 100,
        windowEnd: 900,
      },
      variant: variant.map(([start, end]) => ({ start, end })),
    })
    return server.put(
      sequence('one', '1', [150, 200], [300, 400]),
      sequence('other', '2', [150, 200]),
      sequence('wide', '1', [50, 800]),
    )
  })

  it.each([
    ['chromosome-variant-coordinate=1$150$200', ['one']],
    ['chromosome-variant-coordinate=2$150$200', ['other']],
    ['chromosome-variant-coordinate=1$150$400', []], // numbers of different variants
    ['chromosome-variant-coordinate=1$lt200$gt350', ['wide']],
    ['chromosome-variant-coordinate=http://chromosomes|1$ge150$le400', ['one']],
    ['chromosome-variant-coordinate=http://elsewhere|1$ge150$le400', []],
    ['chromosome-variant-coordinate=2$150$200,1$300$400', ['one', 'other']],
    ['chromosome-window-coordinate=1$100$900', ['one', 'wide']],
    ['referenceseqid-variant-coordinate=NC_2$gt100$lt300', ['other']],
    ['referenceseqid-window-coordinate=NC_1$lt100$900', []],
    ['variant-start=150', ['one', 'other']],
  ])('MolecularSequence?%s', async (query, expected) => {
    expect(await server.found(`MolecularSequence?${query}`)).toEqual(expected)
  })

  it.each(['1$150', '1$a$b', '1$1$2$3', '$1$2'])('%s is refused', async (wrong) => {
    expect(await server.refused(`MolecularSequence?chromosome-variant-coordinate=${wrong}`)).toMatch(
      /three parts|not a number/,
    )
  })
})
