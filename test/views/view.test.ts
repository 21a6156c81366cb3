import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openViews, type View, type ViewServer } from './server.js'

// https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html#processing-algorithm

let server: ViewServer
beforeAll(async () => {
  server = await openViews()
})
afterAll(() => server.stop())

const ada = {
  resourceType: 'Patient',
  id: 'ada',
  active: true,
  name: [{ family: 'Ash', given: ['Ada', 'Bo'] }, { family: 'Elm' }],
  telecom: [{ system: 'phone', value: '1' }],
  contact: [
    { name: { family: 'X' }, telecom: [{ value: 'x1' }, { value: 'x2' }] },
    { name: { family: 'Y', given: ['Yo'] } },
  ],
}
const bob = { resourceType: 'Patient', id: 'bob', active: false, name: [{ family: 'Oak' }] }
const cy = { resourceType: 'Patient', id: 'cy' }
const people = [ada, bob, cy]

const col = (name: string, path = name) => ({ name, path })
const id = { column: [col('id')] }
const view = (...select: object[]): View => ({ resource: 'Patient', select })

/** Rows as their values in the order of the columns. */
const flat = (rows: Record<string, unknown>[]) => rows.map((row) => Object.values(row))

describe('rows', () => {
  it.each<[what: string, view: View, rows: unknown[][]]>([
    ['one for each resource', view(id), [['ada'], ['bob'], ['cy']]],
    [
      'columns of selects side by side',
      view(id, { column: [col('a', 'active')] }),
      [
        ['ada', true],
        ['bob', false],
        ['cy', null],
      ],
    ],
    [
      'columns of a select and below it',
      view({ ...id, select: [{ column: [col('a', 'active')] }] }),
      [
        ['ada', true],
        ['bob', false],
        ['cy', null],
      ],
    ],
    ["of the view's type alone", { ...view(id), resource: 'Group' }, []],
    [
      'that where picks',
      { ...view(id), where: [{ path: 'active.exists()' }, { path: "name.family contains 'Oak'" }] },
      [['bob']],
    ],
    ['for which where is empty are left out', { ...view(id), where: [{ path: 'active' }] }, [['ada']]],
    [
      'for each',
      view(id, { forEach: 'name', column: [col('f', 'family')] }),
      [
        ['ada', 'Ash'],
        ['ada', 'Elm'],
        ['bob', 'Oak'],
      ],
    ],
    [
      'for each, or one of nulls',
      view(id, { forEachOrNull: 'telecom', column: [col('t', 'value'), col('k', "'const'")] }),
      [
        ['ada', '1', 'const'],
        ['bob', null, null],
        ['cy', null, null],
      ],
    ],
    [
      'for each, crossed with each other',
      view(
        id,
        { forEach: 'name', column: [col('f', 'family')] },
        { forEach: 'contact', column: [col('c', 'name.family')] },
      ),
      [
        ['ada', 'Ash', 'X'],
        ['ada', 'Ash', 'Y'],
        ['ada', 'Elm', 'X'],
        ['ada', 'Elm', 'Y'],
      ],
    ],
    [
      'for each within each',
      view(id, {
        forEach: 'name',
        column: [col('f', 'family')],
        select: [{ forEach: 'given', column: [col('g', '$this')] }],
      }),
      [
        ['ada', 'Ash', 'Ada'],
        ['ada', 'Ash', 'Bo'],
      ],
    ],
    [
      'for each or null within each',
      view(id, {
        forEach: 'name',
        column: [col('f', 'family')],
        select: [{ forEachOrNull: 'given', column: [col('g', '$this')] }],
      }),
      [
        ['ada', 'Ash', 'Ada'],
        ['ada', 'Ash', 'Bo'],
        ['ada', 'Elm', null],
        ['bob', 'Oak', null],
      ],
    ],
    [
      'of nulls once, whatever is within',
      view(id, {
        forEachOrNull: 'contact',
        select: [{ forEach: 'telecom', column: [col('t', 'value')] }],
        unionAll: [{ column: [col('n', 'name.family')] }, { forEach: 'name.given', column: [col('n', '$this')] }],
      }),
      [
        ['ada', 'x1', 'X'],
        ['ada', 'x2', 'X'],
        ['bob', null, null],
        ['cy', null, null],
      ],
    ],
    [
      'for a single element',
      view(id, { forEach: 'name.first()', column: [col('f', 'family')] }),
      [
        ['ada', 'Ash'],
        ['bob', 'Oak'],
      ],
    ],
    [
      'for what where leaves',
      view(id, { forEach: 'name.where(given.empty())', column: [col('f', 'family'), col('i', '%rowIndex')] }),
      [
        ['ada', 'Elm', 0],
        ['bob', 'Oak', 0],
      ],
    ],
    [
      'of a union, one select after the other, with duplicates',
      view({
        ...id,
        unionAll: [
          { forEach: 'telecom', column: [col('t', 'value')] },
          { forEach: 'contact.telecom', column: [col('t', 'value')] },
          { forEach: 'telecom', column: [col('t', 'value')] },
        ],
      }),
      [
        ['ada', '1'],
        ['ada', 'x1'],
        ['ada', 'x2'],
        ['ada', '1'],
      ],
    ],
    [
      'of a union within a union',
      view({
        unionAll: [{ column: [col('v', 'id')] }, { unionAll: [{ forEach: 'telecom', column: [col('v', 'value')] }] }],
      }),
      [['ada'], ['1'], ['bob'], ['cy']],
    ],
    [
      'without what cannot be: a false where in forEach',
      view(id, { forEach: 'name.where(false)', column: [col('f', 'family')] }),
      [],
    ],
    [
      'counted',
      view({ forEach: 'name', column: [col('i', '%rowIndex'), col('id', '%resource.id')] }),
      [
        [0, 'ada'],
        [1, 'ada'],
        [0, 'bob'],
      ],
    ],
    ['counted where there is no loop', view({ column: [col('i', '%rowIndex')] }), [[0], [0], [0]]],
    [
      'counted from 0 where there is nothing',
      view({ forEachOrNull: 'telecom', column: [col('i', '%rowIndex'), col('v', 'value')] }),
      [
        [0, '1'],
        [0, null],
        [0, null],
      ],
    ],
    [
      'counted by each loop for itself',
      view({
        forEach: 'contact',
        column: [col('c', '%rowIndex')],
        unionAll: [{ forEach: 'telecom', column: [col('t', '%rowIndex')] }, { column: [col('t', '%rowIndex')] }],
      }),
      [
        [0, 0],
        [0, 1],
        [0, 0],
        [1, 1],
      ],
    ],
    [
      'with a list in a cell',
      view({ column: [{ ...col('f', 'name.family'), collection: true }] }),
      [[['Ash', 'Elm']], [['Oak']], [[]]],
    ],
    [
      'with an element in a cell',
      view({ column: [{ ...col('n', 'name.first()'), type: 'HumanName' }] }),
      [[{ family: 'Ash', given: ['Ada', 'Bo'] }], [{ family: 'Oak' }], [null]],
    ],
  ])('%s', async (_, given, expected) => {
    expect(flat(await server.rows(given, people))).toEqual(expected)
  })

  it('have their columns in the order of the standard', async () => {
    const [row] = await server.rows(
      view(
        {
          column: [col('a', "'1'")],
          unionAll: [{ column: [col('c', "'3'")] }],
          select: [{ column: [col('b', "'2'")] }],
        },
        { column: [col('d', "'4'")] },
      ),
      [cy],
    )
    expect(Object.keys(row!)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('keep the digits of a decimal', async () => {
    const body = `{"resourceType":"Parameters","parameter":[
      {"name":"viewResource","resource":{"resourceType":"ViewDefinition","resource":"Observation",
        "constant":[{"name":"c","valueDecimal":0.10}],
        "select":[{"column":[{"name":"v","path":"value.ofType(Quantity).value"},{"name":"c","path":"%c"}]}]}},
      {"name":"resource","resource":{"resourceType":"Observation","valueQuantity":{"value":1.2300}}}]}`
    const { text } = await server.expect(200, 'POST ViewDefinition/$run', {
      body,
      headers: { Accept: 'application/json' },
    })
    expect(text).toBe('[{"v":1.2300,"c":0.10}]')
  })
})

describe('repeat', () => {
  const response = {
    resourceType: 'QuestionnaireResponse',
    item: [
      {
        linkId: '1',
        item: [{ linkId: '1.1', answer: [{ valueString: 'a', item: [{ linkId: '1.1.1' }] }] }, { linkId: '1.2' }],
      },
      { linkId: '2' },
    ],
  }
  const links = (repeat: string[]) => ({
    resource: 'QuestionnaireResponse',
    select: [{ repeat, column: [col('link', 'linkId'), col('i', '%rowIndex')] }],
  })

  it.each<[string[], string[]]>([
    [['item'], ['1', '1.1', '1.2', '2']],
    [
      ['item', 'answer.item'],
      ['1', '1.1', '1.1.1', '1.2', '2'],
    ],
    [["item.where(linkId != '1.1')"], ['1', '1.2', '2']],
  ])('%j goes through all that is below', async (repeat, expected) => {
    expect(flat(await server.rows(links(repeat), [response]))).toEqual(expected.map((link, i) => [link, i]))
  })

  it('meets values of several types', async () => {
    const nested = {
      resource: 'Patient',
      select: [{ repeat: ['extension'], column: [col('url'), col('v', 'value.ofType(string)')] }],
    }
    const patient = {
      resourceType: 'Patient',
      extension: [
        { url: 'a', extension: [{ url: 'b', valueString: 'B' }] },
        { url: 'c', valueString: 'C' },
      ],
    }
    expect(flat(await server.rows(nested, [patient]))).toEqual([
      ['a', null],
      ['b', 'B'],
      ['c', 'C'],
    ])
    const periods = {
      resource: 'Patient',
      select: [{ repeat: ['contact', 'telecom'], column: [col('p', 'period.start')] }],
    }
    const many = {
      resourceType: 'Patient',
      contact: [{ period: { start: '2001' }, telecom: [{ period: { start: '2002' } }] }],
      telecom: [{ period: { start: '2003' } }],
    }
    expect(flat(await server.rows(periods, [many]))).toEqual([['2001'], ['2002'], ['2003']])
  })

  it('within repeat starts anew', async () => {
    const pairs = {
      resource: 'QuestionnaireResponse',
      select: [
        {
          repeat: ['item'],
          column: [col('a', 'linkId')],
          select: [{ repeat: ['item'], column: [col('b', 'linkId')] }],
        },
      ],
    }
    expect(flat(await server.rows(pairs, [response]))).toEqual([
      ['1', '1.1'],
      ['1', '1.2'],
    ])
  })
})

describe('a constant', () => {
  it.each([
    // value, resource, what it is compared with
    ['valueBase64Binary', 'aGk=', { resourceType: 'Binary', data: 'aGk=' }, 'data'],
    ['valueBoolean', true, { resourceType: 'Patient', active: true }, 'active'],
    [
      'valueCanonical',
      'http://a/v|1',
      { resourceType: 'QuestionnaireResponse', questionnaire: 'http://a/v|1' },
      'questionnaire',
    ],
    ['valueCode', 'male', { resourceType: 'Patient', gender: 'male' }, 'gender'],
    ['valueDate', '1970-01-02', { resourceType: 'Patient', birthDate: '1970-01-02' }, 'birthDate'],
    [
      'valueDateTime',
      '2020-01-01T00:00:00Z',
      { resourceType: 'Observation', effectiveDateTime: '2020-01-01T02:00:00+02:00' },
      'effective.ofType(dateTime)',
    ],
    [
      'valueDecimal',
      1.5,
      { resourceType: 'Observation', valueQuantity: { value: 1.5 } },
      'value.ofType(Quantity).value',
    ],
    ['valueId', 'x', { resourceType: 'Patient', id: 'x' }, 'id'],
    [
      'valueInstant',
      '2020-01-01T00:00:00.000Z',
      { resourceType: 'Observation', issued: '2020-01-01T00:00:00Z' },
      'issued',
    ],
    ['valueInteger', 7, { resourceType: 'Observation', valueInteger: 7 }, 'value.ofType(integer)'],
    ['valueInteger64', '7', { resourceType: 'Observation', valueInteger: 7 }, 'value.ofType(integer)'],
    ['valueMarkdown', '*a*', { resourceType: 'Library', description: '*a*' }, 'description'],
    [
      'valueOid',
      'urn:oid:1.2',
      { resourceType: 'Basic', extension: [{ url: 'u', valueOid: 'urn:oid:1.2' }] },
      'extension.value.ofType(oid)',
    ],
    ['valuePositiveInt', 2, { resourceType: 'Patient', telecom: [{ rank: 2 }] }, 'telecom.rank'],
    ['valueString', "it's", { resourceType: 'Patient', name: [{ family: "it's" }] }, 'name.family'],
    ['valueTime', '10:00:00', { resourceType: 'Observation', valueTime: '10:00:00.0' }, 'value.ofType(time)'],
    ['valueUnsignedInt', 0, { resourceType: 'ImagingStudy', numberOfSeries: 0 }, 'numberOfSeries'],
    ['valueUri', 'urn:x', { resourceType: 'Library', url: 'urn:x' }, 'url'],
    [
      'valueUrl',
      'http://a',
      { resourceType: 'Basic', extension: [{ url: 'u', valueUrl: 'http://a' }] },
      'extension.value.ofType(url)',
    ],
    [
      'valueUuid',
      'urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7',
      { resourceType: 'Basic', extension: [{ url: 'u', valueUuid: 'urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7' }] },
      'extension.value.ofType(uuid)',
    ],
  ])('%s %j', async (type, value, resource, path) => {
    const constants = { constant: [{ name: 'c', [type]: value }], resource: resource.resourceType }
    const select = [{ column: [{ name: 'same', path: `${path} = %c`, type: 'boolean' }] }]
    const where = [{ path: `${path} = %c` }]
    expect(await server.rows({ ...constants, select, where }, [resource])).toEqual([{ same: true }])
  })
})
