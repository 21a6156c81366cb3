import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../server.js'
import { observation, question, values } from './fhirpath.asked.js'

// By the sections of https://hl7.org/fhirpath/N1/ and, where it is newer, https://hl7.org/fhirpath/; the FHIRPath of
// R4 is https://hl7.org/fhir/R4/fhirpath.html. Values are written as type and text; [] is an empty collection.

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

type Row = readonly [expression: string, expected: string | readonly string[]]

const TRUE = 'boolean true'
const FALSE = 'boolean false'
const NONE: readonly string[] = []

function section(name: string, rows: readonly Row[], resource?: object): void {
  describe(name, () => {
    it.each(rows)('%s → %s', async (expression, expected) => {
      expect(await values(server, expression, resource)).toEqual(typeof expected === 'string' ? [expected] : expected)
    })
  })
}

function mistakes(
  name: string,
  rows: readonly (readonly [expression: string, why: RegExp])[],
  resource?: object,
): void {
  describe(name, () => {
    it.each(rows)('%s', async (expression, why) => {
      expect(await server.refused(400, 'POST $fhirpath', question(expression, resource))).toMatch(why)
    })
  })
}

section('navigation', [
  ['Patient.name.family', ['string Voss', 'string Brandt']],
  ['name[1].given', 'string Anni'],
  ['name[7]', NONE],
  ['`Patient`.`name`.given.first()', 'string Anna'],
  ['Resource.id', 'id p1'],
  ['deceased', FALSE],
  ['contained.name', 'string Ward 4'],
  ['birthDate.extension.value', 'dateTime 1974-12-25T14:35:45-05:00'],
  ['Patient.children().where($this is HumanName).count()', 'integer 3'],
  ['descendants().where($this is HumanName).family.count()', 'integer 3'],
])

section('literals', [
  ["'\\u0041\\n\\'\\\\\\`'", "string A\n'\\`"],
  ['1.50', 'decimal 1.5'],
  ['{}', NONE],
  ['@2015-02-04', 'date 2015-02-04'],
  ['@2015T', 'dateTime 2015'],
  ['@2015-02-04T14:34:28.120+02:00', 'dateTime 2015-02-04T14:34:28.120+02:00'],
  ['@T14:34', 'time 14:34'],
  ["4.5 'mg'", "Quantity 4.5 'mg'"],
  ['3 weeks', 'Quantity 3 weeks'],
  ['1 /* one */ + 2 // and two', 'integer 3'],
])

mistakes('what is no FHIRPath', [
  ['name.', /found its end \(at character 6\)/],
  ['name..given', /found '\.' \(at character 6\)/],
  ['(1 + 2', /Expected '\)'/],
  ['1 2', /found '2'/],
  ["'open", /from character 1 on: no token begins with '''/],
  ['1 /* open', /Expected an expression, found '\*'/],
  ['@2015-02-30', /no date/],
  ['@T10:00Z', /found 'Z'/],
  ['name # given', /no token begins with '#'/],
])

mistakes('what does not suit the types', [
  ['name.givven', /HumanName has no element 'givven' \(at character 6\)/],
  ['name.where(fmily = 1)', /HumanName has no element 'fmily' \(at character 12\)/],
  ['Practitioner.name', /starts with Practitioner, but is evaluated on Patient/],
  ['deceasedBoolean', /FHIRPath calls Patient.deceasedBoolean 'deceased'/],
  ['name.frist()', /no function frist\(\) \(at character 6\)/],
  ['name.first(1)', /first\(\) takes 0 arguments, not 1/],
  ['children().first()', /asks for an order/],
  ['descendants()[0]', /asks for an order/],
  ['identifier.startsWith(1)', /takes a string, not Identifier/],
  ["iif('yes', 1, 2)", /criterion of iif\(\) is a boolean/],
  ['active.is(Bolean)', /'Bolean' is neither a type of FHIR R4 nor of FHIRPath/],
  ['active as Other.boolean', /'Other.boolean' is neither/],
  ['%nothing', /no variable %nothing/],
])

mistakes('what fails on the values', [
  ['(1 | 2).not()', /must be one value, but there are 2/],
  ['name.given.single()', /there are 5/],
  ["1 + 'a'", /'\+' has no meaning for System.Integer and System.String/],
  ["1 < 'a'", /have no order/],
  ["-'a'", /which is no number/],
  ['(1 | 2) & 3', /must be one value/],
  ["1 & 'a'", /must be a string/],
  ['name.as(HumanName)', /there are 3/],
  ['(1 | 2).iif(true, 1)', /there are 2/],
  ['(true | 1).allTrue()', /asks of booleans/],
  ["@2020-01-31 + 1 'mo'", /not by 'mo'; write month/],
  ["@2020-01-31 + 1 'kg'", /not by 'kg'/],
  ['@T10:00 + 1 day', /moved by hours or less/],
  ["'a'.matches('(')", /no regular expression/],
  ["conformsTo('http://example.org/profile')", /\$validate knows profiles/],
  ["gender.memberOf('http://example.org/vs')", /\$validate-code/],
  ["defineVariable('a', 1).defineVariable('a', 2)", /%a is already there/],
  ["defineVariable('context', 1)", /%context is already there/],
  ['name.sort($this)', /cannot order/],
])

section('existence', [
  ['photo.empty()', TRUE],
  ["telecom.exists(use = 'work')", TRUE],
  ['name.all(given.exists())', TRUE],
  ['{}.all(false)', TRUE],
  ['(true | false).anyTrue()', TRUE],
  ['{}.allFalse()', TRUE],
  ['name.given.isDistinct()', FALSE],
  ['name.given.distinct().count()', 'integer 3'],
  ["name.given.subsetOf('Anna' | 'Lena' | 'Anni' | 'Ada')", TRUE],
  ["('Anna' | 'Ada').supersetOf(name.given)", FALSE],
  ['{}.not()', NONE],
  ['0.not()', FALSE],
])

section('filtering and projection', [
  ["name.where(use = 'official').family", 'string Voss'],
  ['name.where(family).count()', 'integer 2'],
  ["name.select(given.join(' '))", ['string Anna Lena', 'string Anni', 'string Anna Lena']],
  ['(5 | 6 | 7).select($index)', ['integer 0', 'integer 1', 'integer 2']],
  ['(1).repeat(iif($this < 5, $this + 1, {}))', ['integer 2', 'integer 3', 'integer 4', 'integer 5']],
  ["(1 | 'a' | 2.5 | @2020).ofType(Decimal)", 'decimal 2.5'],
  ['gender.ofType(code)', 'code female'],
  ['gender.ofType(string)', 'code female'], // "of the given type or a subclass thereof"
  ['gender.ofType(id)', NONE],
])

section('subsetting and combining', [
  ['(1 | 2 | 3).tail()', ['integer 2', 'integer 3']],
  ['(1 | 2 | 3).skip(2)', 'integer 3'],
  ['(1 | 2 | 3).take(-1)', NONE],
  ['(1 | 2 | 3).last()', 'integer 3'],
  ['(1 | 2 | 3).intersect(2 | 4)', 'integer 2'],
  ['(1).combine(1).exclude(2)', ['integer 1', 'integer 1']],
  ['1 | 1.0 | 2', ['integer 1', 'integer 2']],
  ['(1).combine(1)', ['integer 1', 'integer 1']],
  ["coalesce(photo, name[0].family, 'x')", 'string Voss'],
  ['name.sort(family desc).family', ['string Voss', 'string Brandt']],
  ['name.sort(-family, use).use', ['code official', 'code maiden', 'code nickname']],
  ['(3 | 1 | 2).sort()', ['integer 1', 'integer 2', 'integer 3']],
])

section('conversion', [
  ["iif(active, 'a', 1 / 'x')", 'string a'],
  ['iif({}, 1)', NONE],
  ["'12'.toInteger()", 'integer 12'],
  ["'1.0'.toInteger()", NONE],
  ["'-1.50'.toDecimal()", 'decimal -1.5'],
  ["'Yes'.toBoolean()", TRUE],
  ['2.convertsToBoolean()', FALSE],
  ["'2015-02-04T14:34'.toDateTime()", 'dateTime 2015-02-04T14:34'],
  ["'2015-02-04T14:34Z'.toDate()", 'date 2015-02-04'],
  ["'2015-02-29'.convertsToDate()", FALSE],
  ["'14:34'.toTime()", 'time 14:34'],
  ["'4 days'.toQuantity()", 'Quantity 4 days'],
  ["'4 mg'.convertsToQuantity()", FALSE],
  ["'4 \\'mg\\''.toQuantity('g')", "Quantity 0.004 'g'"],
  ["(1.50 'mg').toString()", "string 1.50 'mg'"],
  ['birthDate.toString()', 'string 1974-12-25'],
  ['{}.convertsToString()', NONE],
])

section('strings', [
  ["'patient'.indexOf('t')", 'integer 2'],
  ["'patient'.lastIndexOf('t')", 'integer 6'],
  ["'patient'.substring(3)", 'string ient'],
  ["'patient'.substring(3, 2)", 'string ie'],
  ["'patient'.substring(7)", NONE],
  ["'patient'.startsWith('')", TRUE],
  ["'patient'.startsWith({})", NONE],
  ["'Ä'.lower() & 'b'.upper()", 'string äB'],
  ["'aXbX'.replace('X', '$&')", 'string a$&b$&'],
  ["'ab'.replace('', '-')", 'string -a-b-'],
  ["'a\\nb'.matches('a.b')", TRUE],
  ["'abc'.matchesFull('b')", FALSE],
  ["'ABC'.matches('b', 'i')", TRUE],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: FHIRPath's own
  ["'2020-01'.replaceMatches('(?<y>[0-9]+)-(?<m>[0-9]+)', '${m}/${y}')", 'string 01/2020'],
  ["'ab'.replaceMatches('', '-')", 'string ab'],
  ["'ab'.toChars()", ['string a', 'string b']],
  ["'a,,b'.split(',')", ['string a', 'empty-string', 'string b']],
  ["name.given.distinct().join('/')", 'string Anna/Lena/Anni'],
  ["'  a '.trim().length()", 'integer 1'],
  ["'?ü>'.encode('base64')", 'string P8O8Pg=='],
  ["'P8O8Pg=='.decode('base64')", 'string ?ü>'],
  ["'~~~'.encode('urlbase64')", 'string fn5-'],
  ["'xyz'.decode('hex')", NONE],
  ["'a'.encode('constructor')", NONE],
  ["'<\"&>'.escape('html').unescape('html')", 'string <"&>'],
  ["'a\"b'.escape('json')", 'string a\\"b'],
])

section('math', [
  ['0.1 + 0.2 = 0.3', TRUE],
  ['1 / 3 * 3', 'decimal 0.9999999999999999'],
  ['7 div 2', 'integer 3'],
  ['-7 mod 3', 'integer -1'],
  ['1 / 0', NONE],
  ['2147483647 + 1', NONE],
  ['(-2.5).round()', 'decimal -3'],
  ['2.345.round(2)', 'decimal 2.35'],
  ['(-1.5).ceiling()', 'integer -1'],
  ['(-1.5).floor()', 'integer -2'],
  ['(-1.5).truncate()', 'integer -1'],
  ['1000.log(10)', 'decimal 3'],
  ['(-1).sqrt()', NONE],
  ['2.power(10)', 'integer 1024'],
  ['2.power(-2)', 'decimal 0.25'],
  ["(-2 'mg').abs()", "Quantity 2 'mg'"],
  ['1 + 2 * 3 - -4', 'integer 11'],
  ["'a' + {}", NONE],
  ["'a' & {} & 'b'", 'string ab'],
  ['(1 | 2 | 3).aggregate($this + $total, 10)', 'integer 16'],
  ['(1 | 2 | 3).sum() + (4 | 6).avg()', 'decimal 11'],
  ["('b' | 'a').max()", 'string b'],
])

section('equality', [
  ['(1 | 2) = (2 | 1)', FALSE],
  ['(1 | 2) ~ (2 | 1)', TRUE],
  ['{} = {}', NONE],
  ['{} ~ {}', TRUE],
  ['1 = 1.0', TRUE],
  ["1 = '1'", FALSE],
  ['1.15 ~ 1.2', TRUE],
  ["'A  b' ~ 'a B'", TRUE],
  ['name[0] = name[0]', TRUE],
  ['name[0] = name[2]', FALSE],
  ['@2012 = @2012-01', NONE],
  ['@2012 = @2013-01', FALSE],
  ['@2012 ~ @2012-01', FALSE],
  ['@2012-01-01T10:30:00Z = @2012-01-01T12:30:00.000+02:00', TRUE],
  ['@2012-01-01T10:30:00Z = @2012-01-01T12:30:00', NONE], // its offset may be +02:00
  ['@2012-01-01T10:30:00Z = @2012-01-03T12:30:00', FALSE], // whatever its offset
  ['birthDate = @1974-12-25', TRUE],
  ['birthDate = @T10:00', FALSE],
])

section('comparison', [
  ['1 < 1.5', TRUE],
  ["'a' < 'B'", FALSE],
  ['@2018-03 < @2018-03-01', NONE],
  ['@2018-03 <= @2018-04-01', TRUE],
  ['@T10:30 > @T10:29:59', TRUE],
  ['now() > today()', NONE],
  ['birthDate < today()', TRUE],
  ['{} > 1', NONE],
])

section('boolean logic', [
  ['true and {}', NONE],
  ['false and {}', FALSE],
  ['true or {}', TRUE],
  ['true xor {}', NONE],
  ['{} implies true', TRUE],
  ['false implies {}', TRUE],
  ["true and 'a'", TRUE],
  ['true or false and false', TRUE],
])

section('types and membership', [
  ['1 is System.Integer', TRUE],
  ['active is Boolean', FALSE],
  ['active is boolean', TRUE],
  ['Patient is DomainResource', TRUE],
  ['Patient.is(System.Patient)', FALSE],
  ['gender is string', TRUE],
  ['active.type().name & active.type().namespace', 'string booleanFHIR'],
  ['1.type().baseType', 'string System.Any'],
  ['contact.type().name', 'string BackboneElement'],
  ["'Anna' in name.given", TRUE],
  ["name.given contains 'Ada'", FALSE],
  ["{} in ('a')", NONE],
])

section('dates and times', [
  ['@2012-01-31 + 1 month', 'date 2012-02-29'],
  ['@2012-02-29 - 1 year', 'date 2011-02-28'],
  ['@2014 + 24 months', 'date 2016'],
  ['@2014-01 + 59 days', 'date 2014-02'],
  ['@2014-01-01 + 1.9 days', 'date 2014-01-02'],
  ['@2014-01-01 + 49 hours', 'date 2014-01-03'],
  ["@2014-01-01 + 1 'wk'", 'date 2014-01-08'],
  ['@1973-12-25T23:59:59.990+10:00 + 15 milliseconds', 'dateTime 1973-12-26T00:00:00.005+10:00'],
  ['@2014-01-01T10:00:00 + 1.5 seconds', 'dateTime 2014-01-01T10:00:01.500'],
  ['@2014-01-01T10:00Z + 90 minutes', 'dateTime 2014-01-01T11:30Z'],
  ['@T23:00:00 + 2 hours', 'time 01:00:00'],
  ['@9999-12-31 + 1 day', NONE],
  ['today() = now().dateOf()', TRUE],
  ['timeOfDay() is Time', TRUE],
  ['birthDate.yearOf() + birthDate.dayOf()', 'integer 1999'],
  ['@2014-01-01T10:00+05:30.timezoneOffsetOf()', 'decimal 5.5'],
  ['@T10:30.secondOf()', NONE],
])

section('precision and boundaries', [
  ['1.587.lowBoundary()', 'decimal 1.5865'],
  ['1.587.highBoundary(2)', 'decimal 1.59'],
  ['(-1.587).highBoundary(2)', 'decimal -1.58'],
  ['1.587.lowBoundary(-1)', NONE],
  ['3.lowBoundary(0)', 'decimal 2'],
  ['@2012-02.highBoundary(8)', 'date 2012-02-29'],
  ['@2012.lowBoundary(6)', 'date 2012-01'],
  ['@2012-02T.highBoundary()', 'dateTime 2012-02-29T23:59:59.999-12:00'],
  ['@2012-02-03T04+01:00.lowBoundary()', 'dateTime 2012-02-03T04:00:00.000+01:00'],
  ['@T10:30.highBoundary(9)', 'time 10:30:59.999'],
  ["(1.5 'mg').lowBoundary(2)", "Quantity 1.45 'mg'"],
  ['1.500.precision()', 'integer 3'],
  ['@2012-02.precision()', 'integer 6'],
  ['@T10:30:00.000.precision()', 'integer 9'],
  ["(1 'cm').comparable(1 '[in_i]')", TRUE],
  ["(1 'cm').comparable(1 's')", FALSE],
])

section('quantities', [
  ["1 'g' = 1000 'mg'", TRUE],
  ["4 'g' ~ 4040 'mg'", TRUE], // to the digits of the less precise
  ["4040 'mg' ~ 4 'g'", TRUE],
  ["4.1 'g' ~ 4140 'mg'", TRUE],
  ["4.2 'g' ~ 4140 'mg'", FALSE],
  ["37 'Cel' = 310.15 'K'", TRUE],
  ["1 'm' > 1 's'", NONE],
  ["1 'm' + 1 'cm'", "Quantity 1.01 'm'"],
  ["2 'cm' * 3 'm' = 0.06 'm2'", TRUE],
  ["6 'g' / 2 'mL' = 3 'g/mL'", TRUE],
  ["6 'g' / 2 'g'", "Quantity 3 '1'"],
  ['7 days = 1 week', TRUE],
  ["7 days = 1 'wk'", TRUE],
  ["1 year = 1 'a'", NONE], // a calendar's year has no fixed length
  ["1 year ~ 1 'a'", TRUE],
  ['1 year = 12 months', TRUE],
  ["1 = 1 '1'", TRUE],
])

section(
  'quantities of FHIR',
  [
    ["value > 81 'kg' and value < 82000 'g'", TRUE],
    ["value = 81.5 'kg'", TRUE],
    ["value + 500 'g'", "Quantity 82 'kg'"],
    ['value.unit', 'string kilos'],
    ['value.as(Period).start', NONE],
    ['issued is instant', TRUE],
    ['issued < now()', TRUE],
  ],
  observation,
)

section('what FHIR adds', [
  ["birthDate.extension('http://hl7.org/fhir/StructureDefinition/patient-birthTime').exists()", TRUE],
  ['birthDate.extension(%`ext-patient-birthTime`).exists()', TRUE],
  ['active.hasValue()', TRUE],
  ['name.hasValue()', FALSE],
  ['birthDate.getValue() is System.Date', TRUE],
  ['managingOrganization.resolve().name', 'string Ward 4'],
  ["conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", TRUE],
  ["conformsTo('http://hl7.org/fhir/StructureDefinition/Person')", FALSE],
  ["gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", TRUE],
  [
    '%sct | %loinc | %ucum',
    ['string http://snomed.info/sct', 'string http://loinc.org', 'string http://unitsofmeasure.org'],
  ],
  ["%'vs-administrative-gender'", 'string http://hl7.org/fhir/ValueSet/administrative-gender'],
  ['%resource.id = %rootResource.id and %context.id = id', TRUE],
])

section('defineVariable', [
  ["defineVariable('n', name[0]).select(%n.family)", 'string Voss'],
  ["name.defineVariable('all').first().select(%all.count())", 'integer 3'],
  ["(1 | 2).select(defineVariable('x', $this + 1).select(%x * 2))", ['integer 4', 'integer 6']],
])
mistakes('a variable outside of where it is defined', [
  ["defineVariable('x', 1).active and %x = 1", /no variable %x/],
  ["name.select(defineVariable('x', 1)).select(%x)", /no variable %x/],
])
