import { describe, expect, it } from 'vitest'
import { formatOf, notAcceptable } from '../../src/http/negotiate.js'
import { takeFormat } from '../../src/http/query.js'

// https://hl7.org/fhir/R4/http.html#mime-type

describe('Accept', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/*', 'json'],
    ['application/fhir+json', 'json'],
    ['application/json', 'json'],
    ['text/json', 'json'],
    ['Application/FHIR+JSON; charset=UTF-8', 'json'],
    ['application/fhir+json; fhirVersion=4.0', 'json'],
    ['application/fhir+xml', 'xml'],
    ['application/xml', 'xml'],
    ['text/xml; charset=utf-8', 'xml'],
    ['application/fhir+ndjson', 'ndjson'],
    ['application/ndjson', 'ndjson'],
    ['application/fhir+xml, application/fhir+json', 'json'], // as much as each other
    ['application/fhir+xml;q=0.9, application/fhir+json;q=0.8', 'xml'],
    ['application/fhir+xml;q=0.2,application/json;q=0.1', 'xml'],
    ['application/fhir+xml, */*;q=0.1', 'xml'],
    ['application/fhir+json;q=0, application/fhir+xml', 'xml'],
    ['application/json;q=0, */*', 'xml'], // the more specific range decides
    ['application/json;q=0.5, */*;q=0.1', 'json'],
    ['application/*;q=0, application/json', 'json'],
    ['application/fhir+xml; fhirVersion=5.0, application/fhir+json', 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'], // a browser
    ['text/html', undefined],
    ['text/*', undefined],
    ['application/fhir+json;q=0', undefined],
    ['application/*;q=0.0, */*;q=1', undefined],
    ['application/fhir+json; fhirVersion=5.0', undefined],
    ['application/fhir+turtle', undefined],
    ['nonsense', undefined],
  ])('%s is served as %s', (accept, format) => {
    expect(formatOf(accept)).toBe(format)
  })

  it('that cannot be served is refused with what there is', () => {
    const { status, message } = notAcceptable('text/html')
    expect(status).toBe(406)
    expect(message).toMatch(
      /^Accept: text\/html cannot .*fhir\+json .*_format=json.*fhir\+xml .*_format=xml.*fhir\+ndjson .*_format=ndjson/,
    )
    expect(notAcceptable(undefined, 'x'.repeat(200)).message).toMatch(/^_format=x{100}… cannot/)
  })
})

describe('_format', () => {
  it.each([
    ['_format=json', 'json'],
    ['_format=JSON', 'json'],
    ['_format=application/json', 'json'],
    ['_format=application/fhir+json', 'json'],
    ['_format=application%2Ffhir%2Bjson', 'json'],
    ['_format=application/fhir%2Bjson;charset=utf-8', 'json'],
    ['_format=text/json', 'json'],
    ['_format=', 'json'], // says nothing
    ['_format=xml', 'xml'],
    ['_format=application/fhir+xml', 'xml'],
    ['_format=application/xml', 'xml'],
    ['_format=text/xml', 'xml'],
    ['_format=ndjson', 'ndjson'],
    ['_format=application/fhir%2Bndjson', 'ndjson'],
    ['_format=ttl', undefined],
    ['_format=html', undefined],
    ['_format=constructor', undefined],
  ])('%s is %s', (query, format) => {
    expect(formatOf('application/fhir+json', takeFormat(query).format)).toBe(format)
  })

  it('has precedence over Accept', () => {
    expect(formatOf('application/fhir+xml', 'json')).toBe('json')
    expect(formatOf('text/html', 'xml')).toBe('xml')
    expect(formatOf('application/fhir+json', 'ttl')).toBeUndefined()
  })

  it.each([
    ['name=a&_format=json&birthdate=1', 'name=a&birthdate=1', false],
    ['_pretty=true', '', true],
    ['_pretty=false&x=1', 'x=1', false],
    ['%5Fformat=json&x=%5f', 'x=%5f', false],
    ['x=_format', 'x=_format', false],
    ['a=1&&b=2&_pretty=true', 'a=1&&b=2', true],
  ])('%s leaves %s', (query, rest, pretty) => {
    expect(takeFormat(query)).toMatchObject({ rest, pretty })
  })
})
