import { describe, expect, it } from 'vitest'
import type { FhirError } from '../../src/base/errors.js'
import { parseJson, stringifyJson } from '../../src/fhir/json.js'
import { xmlPatch } from '../../src/fhir/patch/xml-patch.js'
import { validateStructure } from '../../src/fhir/validation/structure.js'

// RFC 5261 on the XML form of a resource: https://hl7.org/fhir/R4/http.html#patch

type Json = Record<string, unknown>

const div = '<div xmlns="http://www.w3.org/1999/xhtml">\n a<!-- b --></div>'
const patient = (): Json => ({
  resourceType: 'Patient',
  id: 'p1',
  text: { status: 'generated', div },
  active: true,
  birthDate: '1970-05-05',
  _birthDate: { extension: [{ url: 'http://birth-time', valueDateTime: '1970-05-05T05:05:05Z' }] },
  name: [
    { use: 'official', family: 'Quist', given: ['Jo', 'Kim'], _given: [null, { id: 'k' }] },
    { id: 'n2', use: 'usual', given: ['Jojo'] },
  ],
  contact: [{ name: { text: 'Ann' } }],
})

const diff = (operations: string) =>
  `<diff xmlns:f="http://hl7.org/fhir" xmlns="http://hl7.org/fhir">${operations}</diff>`
const patched = (operations: string) => xmlPatch(diff(operations))(patient()) as Json

function failure(run: () => unknown): FhirError {
  try {
    run()
  } catch (error) {
    return error as FhirError
  }
  throw new Error('It did not fail')
}

describe('XML Patch', () => {
  it.each<[what: string, operations: string, changed: Json]>([
    ['nothing', '', {}],
    ['adds an element', '<add sel="f:Patient"><gender value="male"/></add>', { gender: 'male' }],
    [
      'adds several',
      '<add sel="Patient"> <gender value="male"/> <telecom><value value="1"/></telecom> </add>',
      { gender: 'male', telecom: [{ value: '1' }] },
    ],
    [
      'adds to the end of a list',
      '<add sel="f:Patient"><name><text value="c"/></name></add>',
      { name: [...(patient().name as Json[]), { text: 'c' }] },
    ],
    [
      'adds to its beginning',
      '<add sel="f:Patient/f:name[1]" pos="prepend"><given value="A"/><given value="B"/></add>',
      {
        name: [
          { use: 'official', family: 'Quist', given: ['A', 'B', 'Jo', 'Kim'], _given: [null, null, null, { id: 'k' }] },
          (patient().name as Json[])[1],
        ],
      },
    ],
    [
      'adds before and after an element',
      '<add sel="/f:Patient/f:name[f:use/@value=\'usual\']/f:given" pos="before"><given value="A"/></add>' +
        '<add sel="f:Patient/f:name[@id=\'n2\']/f:given[last()]" pos="after"><given value="Z"/></add>',
      { name: [(patient().name as Json[])[0], { id: 'n2', use: 'usual', given: ['A', 'Jojo', 'Z'] }] },
    ],
    ['adds an attribute', '<add sel="f:Patient/f:active" type="@id">a1</add>', { _active: { id: 'a1' } }],
    [
      'replaces a value',
      '<replace sel="f:Patient/f:birthDate/@value">1930-01-01</replace>',
      { birthDate: '1930-01-01' },
    ],
    [
      'replaces an element',
      '<replace sel="f:Patient/f:birthDate"><birthDate value="1930"/></replace>',
      { birthDate: '1930', _birthDate: undefined },
    ],
    [
      'replaces a choice by another',
      '<add sel="f:Patient"><deceasedBoolean value="true"/></add><replace sel="*/f:deceasedBoolean"><deceasedDateTime value="2020"/></replace>',
      { deceasedDateTime: '2020' },
    ],
    [
      'replaces the narrative',
      '<replace sel="f:Patient/f:text/*[2]"><div xmlns="http://www.w3.org/1999/xhtml">new</div></replace>',
      { text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">new</div>' } },
    ],
    ['removes an element', '<remove sel="f:Patient/f:name[2]"/>', { name: [(patient().name as Json[])[0]] }],
    ['removes a value, not its extensions', '<remove sel="f:Patient/f:birthDate/@value"/>', { birthDate: undefined }],
    [
      'removes what it has emptied',
      '<remove sel="f:Patient/f:contact/f:name/f:text/@value" ws="after"/>',
      { contact: undefined },
    ],
    [
      'keeps what it has filled again',
      '<remove sel="f:Patient/f:contact/f:name"/><add sel="f:Patient/f:contact"><gender value="male"/></add>',
      { contact: [{ gender: 'male' }] },
    ],
    [
      'finds by several predicates in turn',
      '<remove sel="f:Patient/f:name[f:given][@id=\'n2\'][1]/f:given[@value=&quot;Jojo&quot;]"/>',
      { name: [(patient().name as Json[])[0], { id: 'n2', use: 'usual' }] },
    ],
    [
      'finds by an extension',
      '<remove sel="f:Patient/f:birthDate/f:extension[@url=\'http://birth-time\']"/>',
      { _birthDate: undefined },
    ],
  ])('%s', (_, operations, changed) => {
    const result = patched(operations)
    expect(result).toEqual({ ...patient(), ...changed })
    expect(validateStructure(result)).toEqual([])
  })

  it('replaces the resource', () => {
    expect(patched('<replace sel="/f:Patient"><Patient><id value="p1"/></Patient></replace>')).toEqual({
      resourceType: 'Patient',
      id: 'p1',
    })
  })

  it('keeps the digits of decimals, and can be applied again', () => {
    const resource = parseJson('{"resourceType":"Observation","valueQuantity":{"value":1.10}}') as Json
    const apply = xmlPatch(
      diff('<add sel="Observation"><component><valueQuantity><value value="2.00"/></valueQuantity></component></add>'),
    )
    const text =
      '{"resourceType":"Observation","valueQuantity":{"value":1.10},"component":[{"valueQuantity":{"value":2.00}}]}'
    expect(stringifyJson(apply(resource))).toBe(text)
    expect(stringifyJson(apply(resource))).toBe(text)
  })

  it.each([
    [
      'the root of RFC 7351',
      '<p:patch xmlns:p="urn:ietf:rfc:7351" xmlns="http://hl7.org/fhir"><p:remove sel="Patient/active"/></p:patch>',
    ],
    [
      'prefixes of its own',
      '<diff><x:remove xmlns:x="http://hl7.org/fhir" sel="x:Patient/x:active"/></diff>'.replace('<x:remove', '<remove'),
    ],
    [
      'a declaration',
      '<?xml version="1.0"?><diff xmlns:f="http://hl7.org/fhir">\n<remove sel="f:Patient / f:active" />\n</diff>',
    ],
  ])('may have %s', (_, text) => {
    expect(xmlPatch(text)(patient())).not.toHaveProperty('active')
  })

  it.each([
    ['no XML', '[]', 'expected an element, not text'],
    ['another document', '<Patient xmlns="http://hl7.org/fhir"/>', 'expected <diff>'],
    ['an unknown operation', diff('<move sel="f:Patient"/>'), 'Operation 0: it must be one of add, replace, remove'],
    [
      'an operation of another namespace',
      diff('<remove xmlns="urn:x" sel="f:Patient"/>'),
      'in the namespace of the root',
    ],
    ['text between operations', diff('a'), 'expected no text between operations'],
    [
      'an unknown attribute',
      diff('<remove sel="f:Patient" pos="after"/>'),
      'Operation 0: it has an attribute that is none of sel, ws',
    ],
    ['no sel', diff('<remove/>'), 'Operation 0: it needs sel'],
    [
      'an unknown position',
      diff('<add sel="f:Patient" pos="middle"><active/></add>'),
      'pos must be before, after or prepend',
    ],
    ['an unknown ws', diff('<remove sel="f:Patient" ws="all"/>'), 'ws must be before, after or both'],
    ['a namespace to add', diff('<add sel="f:Patient" type="namespace::x">urn:x</add>'), 'type must be @ and the name'],
    [
      'an attribute with a position',
      diff('<add sel="f:Patient" type="@id" pos="after">x</add>'),
      'pos does not go with type',
    ],
    [
      'an attribute that has elements',
      diff('<add sel="f:Patient" type="@id"><a/></add>'),
      'it must have the text of the attribute',
    ],
    ['nothing to add', diff('<add sel="f:Patient"/>'), 'it must have an element'],
    ['text to add', diff('<add sel="f:Patient">a</add>'), 'it must have an element'],
    ['text beside elements', diff('<add sel="f:Patient">a<active/></add>'), 'it has text beside elements'],
    [
      'two elements in place of one',
      diff('<replace sel="f:Patient/f:active"><a/><b/></replace>'),
      'it must have one element',
    ],
    ['something to remove', diff('<remove sel="f:Patient/f:active">a</remove>'), 'it must be empty'],
    [
      'an attribute with a prefix',
      diff('<add sel="f:Patient"><active f:value="true"/></add>'),
      'no attribute with a prefix',
    ],
    ['a prefix that is not declared', diff('<remove sel="g:Patient"/>'), 'expected a prefix that is declared, not g'],
    [
      'a path through everything',
      diff('<remove sel="f:Patient//f:name"/>'),
      'sel, character 10: expected the end; it can have names',
    ],
    ['a step up', diff('<remove sel="f:Patient/.."/>'), 'expected a name'],
    ['a function', diff('<remove sel="f:Patient/id(\'x\')"/>'), 'expected the end'],
    ['an axis', diff('<remove sel="f:Patient/child::f:name"/>'), 'expected the end'],
    ['a text node', diff('<remove sel="f:Patient/text()"/>'), 'expected the end'],
    ['an index of 0', diff('<remove sel="f:Patient/f:name[0]"/>'), 'expected a name'],
    [
      'the text of an element',
      diff('<remove sel="f:Patient/f:name[f:use=\'usual\']"/>'),
      /expected an attribute before =.*the elements of FHIR have no text/,
    ],
    ['a comparison without a value', diff('<remove sel="f:Patient/f:name[@id=n2]"/>'), 'expected a value in quotes'],
    ['an open bracket', diff('<remove sel="f:Patient/f:name[1"/>'), 'expected ]'],
    ['an attribute at the root', diff('<remove sel="@id"/>'), 'sel begins with the element at the root'],
    ['a selector without an end', diff(`<remove sel="${'f:a/'.repeat(300)}f:b"/>`), 'longer than 1000'],
    ['an entity of its own', `<!DOCTYPE diff [<!ENTITY a "b">]>${diff('')}`, 'no document type declaration'],
  ])('refuses %s', (_, text, message) => {
    const error = failure(() => xmlPatch(text)(patient()))
    expect(error.status).toBe(400)
    expect(error.message).toMatch(message)
  })

  it('refuses more than 1000 operations', () => {
    const error = failure(() => xmlPatch(diff('<remove sel="a"/>'.repeat(1001))))
    expect(error.issues[0]!.code).toBe('too-costly')
  })

  it.each([
    [
      'nothing there',
      '<remove sel="f:Patient/f:gender"/>',
      /^Operation 0 \(remove f:Patient\/f:gender\): sel selects nothing/,
    ],
    ['another resource type', '<remove sel="f:Observation/f:status"/>', /selects nothing/],
    ['an attribute that is not there', '<remove sel="f:Patient/f:active/@id"/>', /selects nothing/],
    ['an attribute of a namespace', '<remove sel="f:Patient/f:active/@f:value"/>', /selects nothing/],
    ['several elements', '<remove sel="f:Patient/f:name"/>', /sel selects 2 nodes instead of one/],
    ['the resource itself', '<remove sel="f:Patient"/>', /not possible at the root/],
    ['a place beside the resource', '<add sel="f:Patient" pos="after"><active/></add>', /not possible at the root/],
    [
      'an attribute that is there',
      '<add sel="f:Patient/f:active" type="@value">false</add>',
      /the attribute value is there already/,
    ],
    [
      'an attribute as a parent',
      '<add sel="f:Patient/f:active/@value"><active/></add>',
      /cannot be added to an attribute/,
    ],
    [
      'the inside of the narrative',
      '<add sel="f:Patient/f:text/*[2]"><p/></add>',
      /narrative can only be replaced as a whole/,
    ],
    [
      'values, without repeating them',
      '<remove sel="f:Patient/f:name[f:family/@value=\'Secret\']"/>',
      /\(remove f:Patient\/f:name\[f:family\/@value='…'\]\)/,
    ],
  ])('cannot be applied to %s', (_, operation, message) => {
    const error = failure(() => patched(operation))
    expect(error.status).toBe(422)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('Secret')
  })

  it('selects names without a prefix in the default namespace only', () => {
    expect(failure(() => xmlPatch('<diff><remove sel="Patient/active"/></diff>')(patient())).message).toContain(
      'in the namespace http://hl7.org/fhir',
    )
  })

  it.each([
    [
      'an unknown element',
      '<add sel="f:Patient"><nickname value="a"/></add>',
      /^The patched resource: nickname is not an element of Patient/,
    ],
    [
      'an element of no namespace',
      '<add sel="f:Patient"><active xmlns="" value="a"/></add>',
      /must be in the namespace/,
    ],
    ['a second value', '<add sel="f:Patient"><active value="true"/></add>', /active occurs once in Patient/],
    ['no boolean', '<replace sel="f:Patient/f:active/@value">yes</replace>', /Patient.active must be true or false/],
  ])('refuses a result with %s', (_, operation, message) => {
    const error = failure(() => patched(operation))
    expect(error.status).toBe(400)
    expect(error.message).toMatch(message)
  })

  it('refuses a resource that has no XML form', () => {
    const resource = { resourceType: 'Patient', text: { status: 'generated', div: '<div><br></div>' } }
    const error = failure(() => xmlPatch(diff(''))(resource))
    expect(error.status).toBe(422)
    expect(error.message).toMatch(/Patient.text.div cannot be said in XML, only in JSON/)
  })
})
