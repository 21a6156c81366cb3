import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openViews, parameters, type ViewServer } from './server.js'

// https://hl7.org/fhirpath/N1/ in the columns of a view

let server: ViewServer
beforeAll(async () => {
  server = await openViews()
})
afterAll(() => server.stop())

const patient = {
  resourceType: 'Patient',
  id: 'p',
  active: true,
  gender: 'female',
  birthDate: '1970-06',
  _birthDate: { extension: [{ url: 'u', valueString: 'ext' }] },
  deceasedDateTime: '2020-01-02T03:04:05+02:00',
  multipleBirthInteger: 2,
  name: [
    {
      use: 'official',
      family: 'Ash',
      given: ['Ann', 'Bea', 'Ann'],
      _given: [null, { extension: [{ url: 'g', valueCode: 'x' }] }, null],
    },
    { use: 'usual', given: ['Cy'] },
    { family: 'Elm', period: { start: '2001', end: '2003-02' } },
  ],
  contact: [
    {
      name: { family: 'C1' },
      telecom: [
        { system: 'phone', value: '1', rank: 1 },
        { system: 'email', value: 'a@b', rank: 2 },
      ],
    },
    { telecom: [{ system: 'phone', value: '22', rank: 3 }] },
  ],
  extension: [
    {
      url: 'race',
      extension: [
        { url: 'text', valueString: 'Mixed' },
        { url: 'code', valueCoding: { code: 'c1', system: 's' } },
      ],
    },
    { url: 'n', valueInteger: 5 },
    { url: 'd', valueDecimal: 1.5 },
  ],
  managingOrganization: { reference: 'Organization/o1' },
  generalPractitioner: [{ reference: 'Practitioner/1' }, { reference: 'Organization/2' }],
  contained: [
    { resourceType: 'Organization', id: 'c', name: 'Inner' },
    { resourceType: 'Practitioner', id: 'd', active: true },
  ],
}

const observation = {
  resourceType: 'Observation',
  id: 'o',
  status: 'final',
  code: {
    coding: [
      { system: 'http://loinc.org', code: '8480-6' },
      { system: 'x', code: 'y', display: 'Sys  BP' },
    ],
    text: 'BP',
  },
  effectivePeriod: { start: '2012-03-14', end: '2012-03-15T10:00:00Z' },
  issued: '2015-02-07T13:28:17.239+02:00',
  valueQuantity: { value: 12.5, unit: 'mm', code: 'mm' },
  component: [
    { code: { text: 'a' }, valueInteger: 7 },
    { code: { text: 'b' }, valueString: 'high' },
    { code: { text: 'c' }, valueQuantity: { value: -3.7 } },
  ],
}

const ofPatient: [path: string, values: unknown[]][] = [
  ['active', [true]],
  ['active.not()', [false]],
  ['birthDate', ['1970-06']],
  ["birthDate.extension('u').value", ['ext']],
  ['birthDate.extension.value.ofType(string)', ['ext']],
  ['name.given', ['Ann', 'Bea', 'Ann', 'Cy']],
  ['name.given.first()', ['Ann']],
  ['name.given.last()', ['Cy']],
  ['name.given[1]', ['Bea']],
  ['name.given[9]', []],
  ['name[1].given', ['Cy']],
  ['name.first().given.count()', [3]],
  ['name.given.distinct()', ['Ann', 'Bea', 'Cy']],
  ['name.given.isDistinct()', [false]],
  ['name.given.count()', [4]],
  ["name.family.join(', ')", ['Ash, Elm']],
  ['name.given.join()', ['AnnBeaAnnCy']],
  ["name.where(use = 'official').given", ['Ann', 'Bea', 'Ann']],
  ["name.where(use != 'official').given", ['Cy']],
  ["name.where(use = 'official' or use = 'usual').given.count()", [4]],
  ["name.exists(use = 'old')", [false]],
  ["name.exists(use='usual')", [true]],
  ['name.all(given.exists())', [false]],
  ['name.empty()', [false]],
  ['photo.empty()', [true]],
  ['photo.exists()', [false]],
  ["name.where(given.exists(  $this = 'Cy')).use", ['usual']],
  ['name.select(given.first())', ['Ann', 'Cy']],
  ['name.select(family | given).count()', [5]],
  ["name.given.where($this = 'Ann')", ['Ann', 'Ann']],
  ['name.given.where($index = 1)', ['Bea']],
  ["name.given.extension('g').value", ['x']],
  ['name.given.skip(1)', ['Bea', 'Ann', 'Cy']],
  ['name.given.take(2)', ['Ann', 'Bea']],
  ['name.given.tail()', ['Bea', 'Ann', 'Cy']],
  ['name.given.skip(10)', []],
  ['name.tail().family', ['Elm']],
  ['name.last().period.start', ['2001']],
  ['name.period.end', ['2003-02']],
  ['deceased', ['2020-01-02T03:04:05+02:00']],
  ['deceased.ofType(dateTime)', ['2020-01-02T03:04:05+02:00']],
  ['deceased.ofType(boolean)', []],
  ['deceased is dateTime', [true]],
  ['deceased is boolean', [false]],
  ['deceased = true', [false]],
  ['deceased.exists()', [true]],
  ['multipleBirth.ofType(integer) * 2', [4]],
  ['multipleBirth as integer', [2]],
  ['multipleBirth = 2', [true]],
  ["gender = 'female'", [true]],
  ["gender != 'male'", [true]],
  ["gender ~ 'FEMALE'", [true]],
  ["gender !~ 'x'", [true]],
  ["gender in ('female' | 'male')", [true]],
  ["('female'|'male') contains gender", [true]],
  ['gender in name.given', [false]],
  ["'Ann' in name.given", [true]],
  ["name.given contains 'Zed'", [false]],
  ['gender.length()', [6]],
  ['gender.upper()', ['FEMALE']],
  ['gender.substring(2)', ['male']],
  ['gender.substring(1, 3)', ['ema']],
  ['gender.substring(99)', []],
  ["gender.startsWith('fe')", [true]],
  ["gender.endsWith('le')", [true]],
  ["gender.contains('ma')", [true]],
  ["gender.indexOf('m')", [2]],
  ["gender.indexOf('z')", [-1]],
  ["gender.replace('e','E')", ['fEmalE']],
  ["gender.matches('^f.*e$')", [true]],
  ["gender.replaceMatches('[aeiou]', '_')", ['f_m_l_']],
  ["' a '.trim()", ['a']],
  ["gender + '-' + id", ['female-p']],
  ["gender & name.where(use='x').family & '!'", ['female!']],
  ["gender + name.where(use='x').family", []],
  ['birthDate < @1980', [true]],
  ['birthDate < @1970-06-01', []],
  ['birthDate = @1970-06', [true]],
  ['birthDate = @1970', []],
  ['birthDate >= @1960-01-01', [true]],
  ['deceased.ofType(dateTime) > @2020-01-01', [true]],
  ['deceased.ofType(dateTime) = @2020-01-02T01:04:05Z', [true]],
  ['deceased.ofType(dateTime) < @2020-01-02T01:04:06Z', [true]],
  ['contact.telecom.rank', [1, 2, 3]],
  ['contact.telecom.rank.where($this > 1)', [2, 3]],
  ["contact.telecom.where(system = 'phone').value", ['1', '22']],
  ["contact.telecom.where(rank > 1 and system = 'phone').value", ['22']],
  ['contact.select(telecom.first().value)', ['1', '22']],
  ['contact.telecom[2].value', ['22']],
  ['contact[1].telecom[0].rank', [3]],
  ['contact.where(telecom.count() > 1).name.family', ['C1']],
  ['contact.telecom.select(rank + 1)', [2, 3, 4]],
  ['contact.where(name.family.exists().not()).telecom.value', ['22']],
  ["extension('race').extension('text').value", ['Mixed']],
  ["extension('race').extension('code').value.ofType(Coding).code", ['c1']],
  ["extension('n').value.ofType(integer) + 1", [6]],
  ["extension('d').value.ofType(decimal) * 2", [3]],
  ['extension.value.count()', [2]],
  ["extension('zz').value.exists()", [false]],
  ["extension.where(url='n').value.ofType(integer)", [5]],
  ['extension.url', ['race', 'n', 'd']],
  ['contained.ofType(Organization).name', ['Inner']],
  ['contained.ofType(Practitioner).active', [true]],
  ['contained.id', ['c', 'd']],
  ['contained.count()', [2]],
  ['managingOrganization.reference', ['Organization/o1']],
  ["generalPractitioner.reference.where(startsWith('Org'))", ['Organization/2']],
  ["iif(active, 'yes', 'no')", ['yes']],
  ["iif(gender = 'male', 'm')", []],
  ['iif({}, 1, 2)', [2]],
  ['{}', []],
  ['{}.exists()', [false]],
  ['{}.count()', [0]],
  ['true and {}', []],
  ['false and {}', [false]],
  ['true or {}', [true]],
  ['false or {}', []],
  ['{} implies true', [true]],
  ['false implies {}', [true]],
  ['true implies false', [false]],
  ['true xor false', [true]],
  ['true xor {}', []],
  ['(1 | 2 | 2).count()', [2]],
  ['(1|2).combine(2).count()', [3]],
  ['1 + 2 * 3', [7]],
  ['(1 + 2) * 3', [9]],
  ['7 div 2', [3]],
  ['7 mod 2', [1]],
  ['7 / 2', [3.5]],
  ['1 / 0', []],
  ['5 div 0', []],
  ['-7 div 2', [-3]],
  ['-(3)', [-3]],
  ['2.5 + 1', [3.5]],
  ['1.10 + 2', [3.1]],
  ['3.7.floor()', [3]],
  ['3.2.ceiling()', [4]],
  ['(-3.7).truncate()', [-3]],
  ['(-3.7).abs()', [3.7]],
  ['3.14159.round(2)', [3.14]],
  ['3.5.round()', [4]],
  ['16.sqrt()', [4]],
  ['2.power(3)', [8]],
  ['(-1).sqrt()', []],
  ["'12'.toInteger()", [12]],
  ["'x'.toInteger()", []],
  ["'1.50'.toDecimal()", [1.5]],
  ['true.toInteger()', [1]],
  ["'yes'.toBoolean()", [true]],
  ['12.toString()', ['12']],
  ["'a' < 'b'", [true]],
  ["'a' >= 'b'", [false]],
  ['1 < 2', [true]],
  ['1 = 1.0', [true]],
  ["'a' = 'a'", [true]],
  ['(1|2) = (1|2)', [true]],
  ['(1|2) = (2|1)', [false]],
  ['name.given = name.given', [true]],
  ["name.given = 'Ann'", [false]],
  ["'a' != 'b'", [true]],
  ['@2012 = @2012', [true]],
  ['@2012 < @2013', [true]],
  ['@T10:00:00 < @T11:00:00', [true]],
  ['@T10:00:00 = @T10:00:00.000', [true]],
  ['1.lowBoundary()', [0.5]],
  ['1.highBoundary()', [1.5]],
  ['1.587.lowBoundary()', [1.5865]],
  ['1.587.highBoundary(2)', [1.59]],
  ['1.587.lowBoundary(2)', [1.58]],
  ['(-1.587).lowBoundary()', [-1.5875]],
  ['(-1.587).highBoundary(2)', [-1.58]],
  ['12.500.lowBoundary(4)', [12.4995]],
  ['@2014.lowBoundary()', ['2014-01-01']],
  ['@2014.highBoundary()', ['2014-12-31']],
  ['@2014-02.highBoundary()', ['2014-02-28']],
  ['@2016-02.highBoundary()', ['2016-02-29']],
  ['birthDate.lowBoundary()', ['1970-06-01']],
  ['birthDate.highBoundary()', ['1970-06-30']],
  ['deceased.ofType(dateTime).lowBoundary()', ['2020-01-02T03:04:05.000+02:00']],
  ['deceased.ofType(dateTime).highBoundary()', ['2020-01-02T03:04:05.999+02:00']],
  ['@T10:30:00.lowBoundary()', ['10:30:00.000']],
  ['@T10:30:00.highBoundary()', ['10:30:00.999']],
  ['@2014-01-01T10:00:00.5Z.lowBoundary()', ['2014-01-01T10:00:00.500Z']],
  ['@2014-01-01T10:00:00.5Z.highBoundary()', ['2014-01-01T10:00:00.500Z']],
  ['Patient.name.family', ['Ash', 'Elm']],
  ['%resource.id', ['p']],
  ['%context.id', ['p']],
  ['name.where(%resource.active).count()', [3]],
  ['name.select(%resource.id)', ['p', 'p', 'p']],
  ['name.select($this.given).count()', [4]],
  ['contact.telecom.select(rank > 1).anyTrue()', [true]],
  ['contact.telecom.select(rank > 0).allTrue()', [true]],
  ['contact.telecom.select(rank > 1).allFalse()', [false]],
  ['name.given.where(length() > 2).count()', [3]],
  ['id.hasValue()', [true]],
  ['name.hasValue()', [false]],
  ["name.select(iif(family.exists(), family, 'none'))", ['Ash', 'none', 'Elm']],
]

const ofObservation: [path: string, values: unknown[]][] = [
  ['value', [{ code: 'mm', unit: 'mm', value: 12.5 }]],
  ['value.ofType(Quantity).value', [12.5]],
  ['value.ofType(Quantity).value > 12', [true]],
  ['value.value', [12.5]],
  ['value.code', ['mm']],
  ['value.unit', ['mm']],
  ["code.coding.exists(system = 'http://loinc.org' and code = '8480-6')", [true]],
  ["code.coding.where(system='x').display ~ 'sys bp'", [true]],
  ['effective.start', ['2012-03-14']],
  ['effective.ofType(Period).start', ['2012-03-14']],
  ['effective is Period', [true]],
  ['component.value', [7, 'high', { value: -3.7 }]],
  ['component.value.ofType(integer)', [7]],
  ['component.value.ofType(Quantity).value', [-3.7]],
  ['component.where(value is string).code.text', ['b']],
  ['component.value.ofType(Quantity).value.abs()', [3.7]],
  ['component.where(value.ofType(integer) > 5).code.text', ['a']],
  ['issued', ['2015-02-07T13:28:17.239+02:00']],
  ['issued < @2016', [true]],
  ['issued.lowBoundary()', ['2015-02-07T13:28:17.239+02:00']],
  ['component.value.count()', [3]],
  ['component.first().value', [7]],
  ['component[1].value', ['high']],
  ['component.select(value)', [7, 'high', { value: -3.7 }]],
  ["component.code.text.join('|')", ['a|b|c']],
  ['effective.ofType(Period).end.highBoundary()', ['2012-03-15T10:00:00.999Z']],
  ['component.where(value.ofType(Quantity).value < 0).exists()', [true]],
  ['value.ofType(Quantity).value.highBoundary()', [12.55]],
  ['component.all(code.exists())', [true]],
  ['component.code.coding.empty()', [true]],
  ['value as Quantity', [{ code: 'mm', unit: 'mm', value: 12.5 }]],
  ['(value as Quantity).unit', ['mm']],
  ['component.value.ofType(string).upper()', ['HIGH']],
  ["component.code.text contains 'b'", [true]],
  ["value.ofType(Quantity).unit + '!'", ['mm!']],
  ["status in ('final' | 'amended')", [true]],
  ['code.text | code.coding.display', ['BP', 'Sys  BP']],
]

/** All values of a path; a column that takes one value has that, or null, or is refused when there are several. */
async function values(path: string, resource: { resourceType: string }): Promise<unknown> {
  const all = { name: 'all', path, collection: true }
  const view = (...column: object[]) => ({ resource: resource.resourceType, select: [{ column }] })
  const headers = { Accept: 'application/json' }
  const body = parameters(view(all, { name: 'one', path }), [resource])
  const { status, json, text } = await server.ask('POST ViewDefinition/$run', { body, headers })
  if (status === 200) {
    expect(json[0].one).toEqual(json[0].all[0] ?? null)
    return json[0].all
  }
  expect(text).toContain('Column one has several values')
  const [row] = await server.rows(view(all), [resource])
  expect((row!.all as unknown[]).length).toBeGreaterThan(1)
  return row!.all
}

describe('of a Patient', () => {
  it.each(ofPatient)('%s is %j', async (path, expected) => {
    expect(await values(path, patient)).toEqual(expected)
  })
})

describe('of an Observation', () => {
  it.each(ofObservation)('%s is %j', async (path, expected) => {
    expect(await values(path, observation)).toEqual(expected)
  })
})

describe('keys', () => {
  const link = (reference: string) => ({ resourceType: 'Observation', id: 'o', subject: { reference } })

  it.each([
    // reference                       argument    key
    ['Patient/1', '', '1'],
    ['Patient/1', 'Patient', '1'],
    ['Patient/1/_history/2', 'Patient', '1'],
    ['Patient/1', 'Group', null],
    ['BASE/Patient/1', 'Patient', '1'],
    ['http://elsewhere.org/fhir/Patient/1', 'Patient', null],
    ['urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7', '', null],
    ['#p', '', null],
    ['Patient?identifier=1', '', null],
  ])('of %s for (%s) is %s', async (reference, type, key) => {
    const view = {
      resource: 'Observation',
      select: [{ column: [{ name: 'key', path: `subject.getReferenceKey(${type})`, type: 'id' }] }],
    }
    expect(await server.rows(view, [link(reference.replace('BASE', server.base))])).toEqual([{ key }])
  })

  it('of a resource is that of the references to it', async () => {
    const column = { name: 'self', path: 'link.other.getReferenceKey(Patient) = getResourceKey()' }
    const one = (id: string, other: string) => ({
      resourceType: 'Patient',
      id,
      link: [{ type: 'seealso', other: { reference: `Patient/${other}` } }],
    })
    const rows = await server.rows({ resource: 'Patient', select: [{ column: [column] }] }, [
      one('a', 'a'),
      one('b', 'a'),
    ])
    expect(rows).toEqual([{ self: true }, { self: false }])
  })
})
