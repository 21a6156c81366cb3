import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../../rest/server.js'

const UCUM = 'http://unitsofmeasure.org'
const BCP47 = 'urn:ietf:bcp:47'
const MIME = 'urn:ietf:bcp:13'
const COUNTRY = 'urn:iso:std:iso:3166'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

async function validated(system: string, code: string, valueSet?: object) {
  const parameter = [
    { name: valueSet ? 'system' : 'url', valueUri: system },
    { name: 'code', valueCode: code },
    ...(valueSet ? [{ name: 'valueSet', resource: valueSet }] : []),
  ]
  const url = valueSet ? 'ValueSet/$validate-code' : 'CodeSystem/$validate-code'
  const { json } = await server.expect(200, `POST ${url}`, { body: { resourceType: 'Parameters', parameter } })
  const by = new Map(
    (json.parameter as { name: string }[]).map(({ name, ...value }) => [name, Object.values(value)[0]]),
  )
  const issues = (by.get('issues') as { issue?: { details: { text: string } }[] })?.issue ?? []
  return {
    result: by.get('result'),
    display: by.get('display'),
    message: by.get('message'),
    texts: issues.map(({ details }) => details.text).join('\n'),
  }
}

const filtered = (system: string, property: string, op: string, value: string) => ({
  resourceType: 'ValueSet',
  status: 'active',
  compose: { include: [{ system, filter: [{ property, op, value }] }] },
})

const expand = (compose: object, more: object[] = []) =>
  server.ask('POST ValueSet/$expand', {
    body: {
      resourceType: 'Parameters',
      parameter: [{ name: 'valueSet', resource: { resourceType: 'ValueSet', status: 'active', compose } }, ...more],
    },
  })

describe('What a code of a grammar is', () => {
  it.each([
    [UCUM, 'mg/dL', 'mg/dL'],
    [UCUM, '10*3/uL', '10*3/uL'],
    [UCUM, '{2 or 3 times}/d', '{2 or 3 times}/d'],
    [UCUM, '[pH]', '[pH]'],
    [UCUM, 'dB', 'dB'],
    [BCP47, 'en', 'English'],
    [BCP47, 'en-US', 'English (United States)'],
    [BCP47, 'es-419', 'Spanish (Latin America and the Caribbean)'],
    [BCP47, 'zh-Hant-TW', 'Chinese (Han (Traditional variant), Taiwan, Province of China)'],
    [BCP47, 'de-1996', 'German (German orthography of 1996)'],
    [BCP47, 'sl-rozaj-biske', 'Slovenian (Resian, The San Giorgio dialect of Resian)'],
    [BCP47, 'en-US-u-islamcal', 'English (United States, u-islamcal)'],
    [BCP47, 'qaa-Qaaa-QM-x-southern', 'Private use (Private use, Private use, x-southern)'],
    [BCP47, 'x-whatever', 'x-whatever'],
    [BCP47, 'i-klingon', 'Klingon'],
    [MIME, 'text/plain', 'text/plain'],
    [MIME, 'application/fhir+json; fhirVersion=4.0', 'application/fhir+json; fhirVersion=4.0'],
    [MIME, 'image/svg+xml;charset="utf-8"', 'image/svg+xml;charset="utf-8"'],
    [COUNTRY, 'US', 'United States of America'],
    [COUNTRY, 'USA', 'United States of America'],
    [COUNTRY, '840', 'United States of America'],
    [COUNTRY, 'QM', 'User-assigned'],
    ['urn:iso:std:iso:3166:-2', 'US-CA', 'California'],
    ['urn:iso:std:iso:4217', 'EUR', 'Euro'],
    ['https://www.usps.com/', 'NY', 'New York'],
  ])('%s has %s, %s', async (system, code, display) => {
    expect(await validated(system, code)).toMatchObject({ result: true, display })
  })

  it.each([
    [UCUM, 'kgs', "Error processing unit 'kgs': The unit 'kgs' is unknown at character 1"],
    [UCUM, 'mg/(dL', "Error processing unit 'mg/(dL': ')' is expected at character 7"],
    [UCUM, 'mg/dl/', 'expected at character 7'],
    [UCUM, 'm m', "The character ' ' is not allowed at character 2"],
    [UCUM, 'Cel/min', 'A temperature with a zero of its own cannot be a factor'],
    [BCP47, 'en-us', "Unknown code 'en-us'"],
    [BCP47, 'EN', "Unknown code 'EN'"],
    [BCP47, 'xx', "Unknown code 'xx'"],
    [BCP47, 'en-Xxxx', "Unknown code 'en-Xxxx'"],
    [BCP47, 'en-US-US', "Unknown code 'en-US-US'"],
    [BCP47, 'en-u', "Unknown code 'en-u'"],
    [BCP47, 'de-1996-1996', "Unknown code 'de-1996-1996'"],
    [MIME, 'text', "'text' is no media type"],
    [MIME, 'words/plain', "'words' is none of the types"],
    [COUNTRY, 'ZY', "Unknown code 'ZY'"],
    ['urn:iso:std:iso:4217', 'XYZ', "Unknown code 'XYZ'"],
  ])('%s has no %s', async (system, code, why) => {
    const { result, texts } = await validated(system, code)
    expect(result).toBe(false)
    expect(texts).toContain(why)
  })

  it('a media type whatever its case', async () => {
    expect(await validated(MIME, 'Text/Plain')).toMatchObject({ result: true, display: 'text/plain' })
  })
})

describe('Filters of grammars', () => {
  it.each([
    [UCUM, 'canonical', '=', 'g', 'kg', true],
    [UCUM, 'canonical', '=', 'm3', 'mL', true],
    [UCUM, 'canonical', '=', 'g.m-1.s-2', 'mm[Hg]', true],
    [UCUM, 'canonical', '=', 'g', 'mL', false],
    [UCUM, 'code', 'in', 'mg, g', 'g', true],
    [UCUM, 'code', 'not-in', 'mg, g', 'g', false],
    [BCP47, 'region', 'exists', 'true', 'en-US', true],
    [BCP47, 'region', 'exists', 'false', 'en-US', false],
    [BCP47, 'language', '=', 'de', 'de-AT', true],
    [BCP47, 'script', '=', 'Hant', 'zh-Hans', false],
  ])('%s with %s %s %s has %s: %s', async (system, property, op, value, code, expected) => {
    expect((await validated(system, code, filtered(system, property, op, value))).result).toBe(expected)
  })

  it('say why a unit does not pass', async () => {
    const { message } = await validated(UCUM, 'mL', filtered(UCUM, 'canonical', '=', 'g'))
    expect(message).toContain('Code mL has canonical form m3, not g as required')
  })

  it.each([
    [filtered(BCP47, 'region', 'exists', 'perhaps'), 'true or false, not perhaps'],
    [filtered(UCUM, 'colour', '=', 'red'), 'colour = red'],
  ])('refuse what they do not know', async (valueSet, why) => {
    const { status, json } = await expand(valueSet.compose)
    expect(status).toBe(422)
    expect(JSON.stringify(json.issue)).toContain(why)
  })
})

describe('What has no end is listed by what is in use', () => {
  const UNCLOSED = 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed'

  it('languages, said to be a part', async () => {
    const { json } = await expand({ include: [{ system: BCP47 }] })
    const codes = json.expansion.contains.map(({ code }: { code: string }) => code)
    expect(codes).toContain('de')
    expect(json.expansion.total).toBeUndefined()
    expect(json.expansion.extension).toContainEqual({ url: UNCLOSED, valueBoolean: true })
    const reason = json.expansion.extension.find(({ url }: { url: string }) => url === `${UNCLOSED}-reason`)
    expect(reason.valueString).toContain('http://terminology.hl7.org/ValueSet/Languages')
  })

  it('units that are found by their words', async () => {
    const { json } = await expand({ include: [{ system: UCUM }] }, [
      { name: 'filter', valueString: 'milligram deciliter' },
    ])
    expect(json.expansion.contains.map(({ code }: { code: string }) => code)).toContain('mg/dL')
  })

  it('units that somebody listed, to the end', async () => {
    const { json } = await expand({
      include: [{ system: UCUM, concept: [{ code: 'kg' }, { code: 'g' }, { code: 'kgs' }] }],
    })
    expect(json.expansion.contains.map(({ code }: { code: string }) => code)).toEqual(['kg', 'g'])
    expect(json.expansion.total).toBe(2)
    expect(json.expansion.extension).toBeUndefined()
  })

  it('media types not at all', async () => {
    const { status, json } = await expand({ include: [{ system: MIME }] })
    expect(status).toBe(422)
    expect(json.issue[0].code).toBe('too-costly')
  })

  it('countries to the end', async () => {
    const { json } = await expand({
      include: [{ system: COUNTRY, filter: [{ property: 'code', op: 'regex', value: '[A-Z]{3}' }] }],
    })
    expect(json.expansion.total).toBe(249)
  })
})

describe('Units', () => {
  const lookedUp = async (code: string) => {
    const { json } = await server.expect(200, `GET CodeSystem/$lookup?system=${UCUM}&code=${encodeURIComponent(code)}`)
    const named = (json.parameter as { name: string; part?: { valueString?: string }[] }[]).filter(
      ({ name }) => name === 'designation',
    )
    return named.map(({ part }) => part!.at(-1)!.valueString)
  }

  it.each([
    ['mg/dL{calculated}', '(milligram) / (deciliter) * 1'],
    ['kg.m/s2', '(kilogram) * (meter) / (second ^ 2)'],
    ['[in_i]', '(inch)'],
  ])('%s in words', async (code, words) => {
    expect(await lookedUp(code)).toContain(words)
  })

  it.each([
    ['L', 'l', 'equivalent'],
    ['N', 'kg.m/s2', 'equivalent'],
    ['mg', 'g', 'not-subsumed'],
  ])('%s and %s are %s', async (a, b, outcome) => {
    const url = `CodeSystem/$subsumes?system=${UCUM}&codeA=${a}&codeB=${encodeURIComponent(b)}`
    const { json } = await server.expect(200, `GET ${url}`)
    expect(json.parameter).toEqual([{ name: 'outcome', valueCode: outcome }])
  })

  it('are searched by what they measure', async () => {
    const glucose = (value: number, code: string) => ({
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'Glucose' },
      valueQuantity: { value, unit: code, system: UCUM, code },
    })
    await server.expect(201, 'POST Observation', { body: glucose(250, 'mg/dL') })
    await server.expect(201, 'POST Observation', { body: glucose(150, 'mg/dL') })
    const { json } = await server.expect(200, `GET Observation?value-quantity=gt2|${UCUM}|g/L`)
    const values = json.entry.map(
      ({ resource }: { resource: { valueQuantity: { value: number } } }) => resource.valueQuantity.value,
    )
    expect(values).toEqual([250])
  })
})
