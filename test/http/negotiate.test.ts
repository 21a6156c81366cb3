import { describe, expect, it } from 'vitest'
import { NotAcceptable } from '../../src/base/errors.js'
import { negotiate } from '../../src/http/negotiate.js'
import { takeFormat } from '../../src/http/query.js'

describe('Accept', () => {
  it.each([
    undefined,
    '',
    '*/*',
    'application/*',
    'application/fhir+json',
    'application/json',
    'text/json',
    'Application/FHIR+JSON; charset=UTF-8',
    'application/fhir+json; fhirVersion=4.0',
    'application/fhir+xml, application/fhir+json',
    'application/fhir+xml, */*;q=0.1',
    'application/fhir+xml;q=1.0,application/json;q=0.1',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', // a browser
    'application/*;q=0, application/json',
  ])('%s is served as JSON', (accept) => {
    expect(() => negotiate(accept)).not.toThrow()
  })

  it.each([
    'application/fhir+xml',
    'application/xml, text/xml',
    'text/html',
    'text/*',
    'application/fhir+json;q=0',
    'application/fhir+json;q=0, application/fhir+xml',
    'application/json;q=0, */*', // the more specific range decides
    'application/*;q=0.0, */*;q=1',
    'application/fhir+json; fhirVersion=5.0',
    'nonsense',
  ])('%s is 406', (accept) => {
    expect(() => negotiate(accept)).toThrow(NotAcceptable)
    expect(() => negotiate(accept)).toThrow(/application\/fhir\+json/)
  })
})

describe('_format', () => {
  it.each([
    ['_format=json', true],
    ['_format=JSON', true],
    ['_format=application/json', true],
    ['_format=application/fhir+json', true],
    ['_format=application%2Ffhir%2Bjson', true],
    ['_format=application/fhir%2Bjson;charset=utf-8', true],
    ['_format=text/json', true],
    ['_format=', true], // says nothing
    ['_format=xml', false],
    ['_format=application/fhir+xml', false],
    ['_format=ttl', false],
    ['_format=html', false],
  ])('%s', (query, served) => {
    const asked = () => negotiate('application/fhir+json', takeFormat(query).format)
    if (served) expect(asked).not.toThrow()
    else expect(asked).toThrow(NotAcceptable)
  })

  it('has precedence over Accept', () => {
    expect(() => negotiate('application/fhir+xml', 'json')).not.toThrow()
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
