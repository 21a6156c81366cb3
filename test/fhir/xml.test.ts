import { describe, expect, it } from 'vitest'
import { Invalid, NotAcceptable } from '../../src/base/errors.js'
import { resourceTypes } from '../../src/fhir/definitions.js'
import { parseJson, stringifyJson } from '../../src/fhir/json.js'
import { membersOf } from '../../src/fhir/members.js'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import { parseXml } from '../../src/fhir/xml/parse.js'
import { stringifyXml } from '../../src/fhir/xml/write.js'
import { everyElement } from '../support/every-element.js'

// https://hl7.org/fhir/R4/xml.html

describe('JSON and XML of every type', () => {
  it.each(resourceTypes)('%s is the same after the way there and back', (type) => {
    const resources = everyElement(type)
    const names = new Set(resources.flatMap((resource) => Object.keys(resource)).map((name) => name.replace(/^_/, '')))
    expect(names).toEqual(new Set(['resourceType', ...membersOf(type).keys()]))
    for (const resource of resources) {
      const json = stringifyJson(resource)
      expect(validateStructure(resource)).toEqual([])
      expect(stringifyJson(parseXml(stringifyXml(resource)))).toBe(json)
      expect(stringifyJson(parseXml(stringifyXml(resource, 2)))).toBe(json)
    }
  })
})

const patient = (content: string, attributes = '') =>
  `<Patient xmlns="http://hl7.org/fhir"${attributes}>${content}</Patient>`
const observation = (content: string) => `<Observation xmlns="http://hl7.org/fhir">${content}</Observation>`
const div = '<div xmlns="http://www.w3.org/1999/xhtml">'

const read = (xml: string) => {
  const { resourceType, ...elements } = parseXml(xml)
  return elements
}

describe('reading XML', () => {
  it.each([
    ['a primitive', '<birthDate value="1970-01"/>', '{"birthDate":"1970-01"}'],
    ['a boolean', '<active value="false"/>', '{"active":false}'],
    ['a list of one', '<name><given value="A"/></name>', '{"name":[{"given":["A"]}]}'],
    ['an id of an element', '<name id="n1"><text value="A"/></name>', '{"name":[{"id":"n1","text":"A"}]}'],
    ['the id of the resource', '<id value="p1"/>', '{"id":"p1"}'],
    [
      'extensions of a primitive',
      '<birthDate id="b" value="1970"><extension url="http://x"><valueCode value="c"/></extension></birthDate>',
      '{"birthDate":"1970","_birthDate":{"id":"b","extension":[{"url":"http://x","valueCode":"c"}]}}',
    ],
    [
      'extensions in place of values, the lists side by side',
      '<name><given value="A"/><given id="g"/><given value="C"/></name>',
      '{"name":[{"given":["A",null,"C"],"_given":[null,{"id":"g"},null]}]}',
    ],
    ['only extensions in a list', '<name><given id="g"/></name>', '{"name":[{"_given":[{"id":"g"}]}]}'],
    ['a choice', '<deceasedBoolean value="true"/>', '{"deceasedBoolean":true}'],
    [
      'contained resources',
      '<contained><Organization><id value="o"/></Organization></contained><contained><Basic/></contained>',
      '{"contained":[{"resourceType":"Organization","id":"o"},{"resourceType":"Basic"}]}',
    ],
    ['elements in another order', '<active value="true"/><id value="1"/>', '{"active":true,"id":"1"}'],
    [
      'the five entities and characters by number',
      '<name><text value="&lt;&gt;&amp;&apos;&quot;&#10;&#xe9;&#x1F600;"/></name>',
      '{"name":[{"text":"<>&\'\\"\\né😀"}]}',
    ],
    [
      'line ends in a value as the blanks they are in XML',
      '<name><text value="a\r\nb\tc"/></name>',
      '{"name":[{"text":"a b c"}]}',
    ],
    ['single quotes', "<gender value='male'/>", '{"gender":"male"}'],
    ['comments and instructions', '<!-- a --><?b c?><active value="true"><!-- d --></active><?e?>', '{"active":true}'],
    ['tags with space and without', '<active\n value = "true"\t></active\n>', '{"active":true}'],
    ['blank CDATA', '<![CDATA[ \n]]><active value="true"/>', '{"active":true}'],
  ])('%s', (_, xml, json) => {
    expect(read(patient(xml))).toEqual(JSON.parse(json))
  })

  it.each([
    ['1.10', '1.10'],
    ['-0.00', '-0.00'],
    ['1E+2', '1E+2'],
    ['0.000000000000000000001', '0.000000000000000000001'],
  ])('the decimal %s with its digits', (written, json) => {
    const xml = observation(`<valueQuantity><value value="${written}"/></valueQuantity>`)
    const quantity = `{"resourceType":"Observation","valueQuantity":{"value":${json}}}`
    expect(stringifyJson(parseXml(xml))).toBe(quantity)
    expect(stringifyXml(parseJson(quantity) as Record<string, unknown>)).toContain(xml)
  })

  it('a whole number with a plus as JSON writes it', () => {
    expect(read(observation('<valueInteger value="+15"/>'))).toEqual({ valueInteger: 15 })
  })

  it.each([
    [
      'a declaration',
      `<?xml version="1.0" encoding="UTF-8" standalone='yes'?>\n${patient('<active value="true"/>')}\n`,
    ],
    ['a declaration in single quotes', `<?xml version='1.0' encoding='utf-8'?>${patient('<active value="true"/>')}`],
    ['a prefix', '<f:Patient xmlns:f="http://hl7.org/fhir"><f:active value="true"/></f:Patient>'],
    [
      'hints at schemas',
      patient(
        '<active value="true"/>',
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir ../fhir-single.xsd"',
      ),
    ],
  ])('%s before it', (_, xml) => {
    expect(parseXml(xml)).toEqual({ resourceType: 'Patient', active: true })
  })

  it.each([
    ['verbatim', `${div}\n <p class='a'>&#160;a &lt; b<br /><!-- c --><![CDATA[<]]></p></div>`, undefined],
    [
      'with namespaces of its own where it borrows them',
      '<h:div xmlns:h="http://www.w3.org/1999/xhtml" h:x="1" class="a&#10;b"><h:p>1 &lt; 2<!-- c --></h:p><h:br/></h:div>',
      '<div xmlns="http://www.w3.org/1999/xhtml" xmlns:h="http://www.w3.org/1999/xhtml" h:x="1" class="a&#10;b"><p>1 &lt; 2</p><br></br></div>',
    ],
  ])('the narrative %s', (_, written, kept = written) => {
    const xml = patient(`<text><status value="generated"/>${written}</text>`)
    expect(read(xml)).toEqual({ text: { status: 'generated', div: kept } })
    expect(parseXml(stringifyXml(parseXml(xml)))).toEqual(parseXml(xml))
  })

  it('resources in a Bundle and in Parameters', () => {
    const inBundle =
      '<Bundle xmlns="http://hl7.org/fhir"><entry><resource><Patient><id value="1"/></Patient></resource></entry></Bundle>'
    expect(read(inBundle)).toEqual({ entry: [{ resource: { resourceType: 'Patient', id: '1' } }] })
    const inParameters =
      '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="a"/><part><name value="b"/><resource><Basic/></resource></part></parameter></Parameters>'
    expect(read(inParameters)).toEqual({
      parameter: [{ name: 'a', part: [{ name: 'b', resource: { resourceType: 'Basic' } }] }],
    })
  })

  it.each([
    // what is wrong                   the content of a Patient, or all                              said                                             where
    [
      'an unknown element',
      '\n <nickname value="A"/>',
      'Line 2, column 2: nickname is not an element of Patient',
      'Patient',
    ],
    [
      'a misspelt one',
      '<name/><name><fmaily value="A"/></name>',
      /fmaily is not an element of HumanName; is family meant\?/,
      'Patient.name[1]',
    ],
    ['a choice without its type', '<deceased value="true"/>', /deceased is not an element of Patient/, 'Patient'],
    [
      'an unknown attribute',
      '<name ide="a"/>',
      /ide is not an attribute of HumanName; is id meant\?/,
      'Patient.name[0]',
    ],
    [
      'an id as an attribute of a resource',
      '<contained><Basic id="a"/></contained>',
      /id is not an attribute of Basic/,
      'Patient.contained[0]',
    ],
    [
      'an id as an element of an element',
      '<name><id value="a"/></name>',
      /id is not an element of HumanName/,
      'Patient.name[0]',
    ],
    ['a value on a complex element', '<name value="a"/>', /value is not an attribute of HumanName/, 'Patient.name[0]'],
    ['an attribute with a prefix', '<name xml:lang="en"/>', /lang is not an attribute of HumanName/, 'Patient.name[0]'],
    [
      'xsi:type',
      '<active xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="y"/>',
      /type is not an attribute/,
      'Patient.active',
    ],
    ['an element twice', '<active value="true"/><active value="true"/>', /active occurs once in Patient/, 'Patient'],
    [
      'text',
      '<active>true</active>',
      /Patient.active must not hold text; a value stands in the attribute value/,
      'Patient.active',
    ],
    ['CDATA', '<active value="true"><![CDATA[x]]></active>', /must not hold text/, 'Patient.active'],
    ['nothing', '<active/>', /Patient.active must have a value, or extensions instead/, 'Patient.active'],
    ['nothing in a list', '<name><given value="A"/><given/></name>', /must have a value/, 'Patient.name[0].given[1]'],
    ['no boolean', '<active value="yes"/>', /Patient.active must be true or false/, 'Patient.active'],
    [
      'no whole number',
      '<multipleBirthInteger value="1.0"/>',
      /must be a whole number/,
      'Patient.multipleBirthInteger',
    ],
    [
      'no decimal',
      '<extension url="a"><valueDecimal value="1."/></extension>',
      /must be a decimal/,
      'Patient.extension[0].valueDecimal',
    ],
    ['no resource', '<contained/>', /Patient.contained\[0\] must hold a resource/, 'Patient.contained[0]'],
    ['two resources', '<contained><Basic/><Basic/></contained>', /must hold one resource/, 'Patient.contained[0]'],
    [
      'an unknown resource',
      '<contained><Basics/></contained>',
      /Basics is not a resource type of R4; is Basic meant\?/,
      'Patient.contained[0]',
    ],
    [
      'a data type as a resource',
      '<contained><HumanName/></contained>',
      /HumanName is not a resource type/,
      'Patient.contained[0]',
    ],
    [
      'another namespace',
      '<active xmlns="urn:x" value="true"/>',
      /active must be in the namespace http:\/\/hl7.org\/fhir/,
      'Patient',
    ],
    [
      'a narrative outside its namespace',
      '<text><div>a</div></text>',
      /div must be in the namespace http:\/\/www.w3.org\/1999\/xhtml/,
      'Patient.text',
    ],
    ['no namespace', '<Patient><active value="true"/></Patient>', /Patient must be in the namespace/, undefined],
    ['an element that no type has', '<name><öffentlich/></name>', /a name that no FHIR element has/, 'Patient.name[0]'],
  ])('refuses %s', (_, content, message, expression) => {
    const xml = content.startsWith('<Patient') ? content : patient(content)
    const error = failure(() => parseXml(xml))
    expect(error).toBeInstanceOf(Invalid)
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(/^Line \d+, column \d+: /)
    expect(error.issues[0]!.expression).toEqual(expression && [expression])
  })

  it.each([
    ['nothing', '', 'Line 1, column 1: expected a resource'],
    ['text', 'Patient', /expected an element, not text/],
    ['JSON', '{"resourceType":"Patient"}', /expected an element/],
    [
      'an end too early',
      '<Patient xmlns="http://hl7.org/fhir">\n',
      'Line 2, column 1: expected </Patient>, but the body ends here',
    ],
    [
      'a tag that does not end',
      '<Patient xmlns="http://hl7.org/fhir"',
      /column 37: expected an attribute as name="value", or ">"/,
    ],
    ['tags that cross', patient('<name><text value="a"></name></text>'), /expected <\/text>/],
    ['a second root', `${patient('')}<!-- --><Patient/>`, /expected nothing more after the element at the root/],
    ['text after it', `${patient('')}x`, /expected an element, not text/],
    ['a tag that closes nothing', `${patient('')}</Patient>`, /expected an element/],
    ['an attribute twice', patient('<active value="true" value="false"/>'), /expected each attribute once/],
    [
      'an attribute twice by two prefixes',
      patient('<active xmlns:a="u" xmlns:b="u" a:x="" b:x=""/>'),
      /each attribute once/,
    ],
    [
      'attributes without space between',
      patient('<active id="a"value="true"/>'),
      /expected space before the attribute/,
    ],
    ['an attribute without quotes', patient('<active value=true/>'), /expected an attribute as name="value"/],
    ['< in a value', patient('<gender value="a<b"/>'), /expected an attribute/],
    ['a lone &', patient('<gender value="a & b"/>'), /expected & only in/],
    [
      'an entity of HTML',
      patient('<gender value="a&nbsp;b"/>'),
      /expected & only in .* or a character by its number, as &#160;/,
    ],
    ['an entity of HTML in the narrative', patient(`<text>${div}a&nbsp;b</div></text>`), /expected & only in/],
    ['a character that does not exist', patient('<gender value="&#x110000;"/>'), /expected & only in/],
    ['a character that is not allowed, by number', patient('<gender value="&#0;"/>'), /expected & only in/],
    ['a surrogate by number', patient('<gender value="&#xD83D;"/>'), /expected & only in/],
    ['a control character', patient('<gender value="\u0001"/>'), /expected no control characters/],
    ['-- in a comment', patient('<!-- a -- b -->'), /expected no "--" in a comment/],
    ['a comment without an end', patient('<!-- a'), /expected --> after <!--/],
    ['a prefix that is not declared', patient('<f:active value="true"/>'), /expected a prefix that is declared, not f/],
    ['a prefix for nothing', patient('<f:active xmlns:f="" value="true"/>'), /expected a namespace for the prefix/],
    ['a prefix twice', patient('<a xmlns:f="a" xmlns:f="b"/>'), /expected each prefix once/],
    [
      "a namespace of XML's own",
      patient('<a xmlns:f="http://www.w3.org/XML/1998/namespace"/>'),
      /namespaces of XML itself/,
    ],
    ['a declaration in the middle', `\n<?xml version="1.0"?>${patient('')}`, /declaration only at the beginning/],
    ['XML 1.1', `<?xml version="1.1"?>${patient('')}`, /expected version 1.0/],
    ['another encoding', `<?xml version="1.0" encoding="ISO-8859-1"?>${patient('')}`, /expected the encoding UTF-8/],
    [
      'a file of the server',
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${patient('<id value="&x;"/>')}`,
      /no document type declaration/,
    ],
    [
      'a billion laughs',
      `<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>${patient('')}`,
      'Line 2, column 1: expected no document type declaration',
    ],
    ['elements too deep', patient('<extension url="a">'.repeat(100_000)), /not to be nested more than 256 levels deep/],
    [
      'too many namespaces',
      patient(Array.from({ length: 101 }, (_, i) => `<extension xmlns:p${i}="u">`).join('')),
      /at most 100 namespaces/,
    ],
  ])('refuses %s', (_, xml, message) => {
    const error = failure(() => parseXml(xml))
    expect(error).toBeInstanceOf(Invalid)
    expect(error.message).toMatch(message)
  })
})

describe('writing XML', () => {
  it('numbers the characters that HTML has names for', () => {
    const resource = { resourceType: 'Patient', text: { div: `${div}a&nbsp;b &mdash; &alpha; &lt;</div>` } }
    expect(stringifyXml(resource)).toContain(`${div}a&#160;b &#8212; &#945; &lt;</div>`)
  })

  it('goes by the order of the standard, on lines of their own if asked', () => {
    const resource = {
      resourceType: 'Patient',
      active: true,
      name: [{ given: ['A', null], _given: [null, { id: 'g' }], id: 'n' }],
      text: { div: `${div}\n<p/></div>`, status: 'generated' },
      id: '1',
      _active: { extension: [{ valueCode: 'c', url: 'http://x' }] },
    }
    expect(stringifyXml(resource, 2)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir">
  <id value="1"/>
  <text>
    <status value="generated"/>
    ${div}
<p/></div>
  </text>
  <active value="true">
    <extension url="http://x">
      <valueCode value="c"/>
    </extension>
  </active>
  <name id="n">
    <given value="A"/>
    <given id="g"/>
  </name>
</Patient>
`)
    expect(stringifyXml(resource)).toBe(
      stringifyXml(resource, 2)
        .replace(/\n +(?=<)/g, '')
        .replace(/\n(?=<Patient|<\/Patient|$)/g, ''),
    )
  })

  it('puts a choice where its element stands', () => {
    const characteristic = [{ exclude: true, definitionReference: { reference: 'Group/1' }, description: 'a' }]
    expect(stringifyXml({ resourceType: 'EvidenceVariable', characteristic })).toContain(
      '<description value="a"/><definitionReference><reference value="Group/1"/></definitionReference><exclude value="true"/>',
    )
  })

  it('gives a narrative the namespace that it lacks', () => {
    const xml = stringifyXml({ resourceType: 'Patient', text: { status: 'generated', div: ' <div class="a">b</div>' } })
    expect(read(xml).text).toEqual({ status: 'generated', div: `${div.slice(0, -1)} class="a">b</div>` })
  })

  it.each([
    [
      'a character that XML does not have',
      { gender: 'a\ufffe' },
      /Patient.gender cannot be said in XML, only in JSON: .* character/,
    ],
    ['half of a character', { name: [{ text: '\ud83d' }] }, /Patient.name\[0\].text cannot be said/],
    [
      'a narrative with open tags',
      { text: { div: `${div}<p>a<br></p></div>` } },
      /Patient.text.div .*: its narrative is not well-formed: Line 1, column 51: expected <\/br>/,
    ],
    ['a narrative with unknown entities', { text: { div: `${div}&nosuch;</div>` } }, /narrative is not well-formed/],
    ['a narrative of another namespace', { text: { div: '<div xmlns="urn:x"/>' } }, /expected <div xmlns=/],
    ['a narrative without <div>', { text: { div: 'text' } }, /narrative is not well-formed/],
    ['more than a narrative', { text: { div: `${div}a</div>${div}b</div>` } }, /narrative is not well-formed/],
    [
      'a property that its type does not have',
      { nickname: 'a' },
      /Patient cannot be said in XML.*no such property: nickname/,
    ],
    [
      'extensions of an attribute',
      { name: [{ _id: { id: 'a' } }] },
      /Patient.name\[0\] cannot .*: HumanName has no such property: _id/,
    ],
    [
      'what is no resource',
      { contained: [{ resourceType: 'HumanName' }] },
      /Patient.contained\[0\] cannot .*: it is no resource of R4/,
    ],
  ])('refuses %s', (_, elements, message) => {
    const error = failure(() => stringifyXml({ resourceType: 'Patient', ...elements }))
    expect(error).toBeInstanceOf(NotAcceptable)
    expect(error.message).toMatch(message)
  })
})

function failure(run: () => unknown): Invalid {
  try {
    run()
  } catch (error) {
    return error as Invalid
  }
  throw new Error('It did not fail')
}
