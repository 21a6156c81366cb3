// https://hl7.org/fhir/R4/narrative.html
import { describe, expect, it } from 'vitest'
import { said } from './validated.js'

const div = (content: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${content}</div>`
const narrative = (div: unknown) => ({ resourceType: 'Basic', code: { text: 'a' }, text: { status: 'generated', div } })

describe('a narrative', () => {
  it.each([
    [div('a')],
    [div('<h1>a</h1><p class="x" style="color: red">b<br/>&amp; c</p>')],
    [div('<table summary="a"><tbody><tr><td colspan="2" align="left">a</td></tr></tbody></table>')],
    [div('<a href="http://example.org">a</a> <a name="b"/><img src="#pic" alt="p"/>')],
    [div('<img src="#pic" alt="without a word"/>')],
    [div('a&nbsp;b &copy; &#160; <!-- c -->')],
    [div('<p xml:lang="de">javascript: on click=1</p>')],
    [div('<![CDATA[<script>]]>')],
  ])('may be %s', async (text) => {
    expect(await said(narrative(text))).toEqual([])
  })

  it.each([
    [div('<script>a</script>'), /the element script/],
    [div('<p onclick="a()">b</p>'), /the attribute onclick on p/],
    [div('<form><input/></form>'), /the element form/],
    [div('<iframe src="http://example.org"/>'), /the element iframe/],
    [div('<style>p {}</style>a'), /the element style/],
    [div('<link rel="stylesheet" href="a"/>b'), /the element link/],
    [div('<a href="javascript:alert(1)">b</a>'), /a script .* in href on a/],
    [div('<a href=" JavaScript:alert(1)">b</a>'), /a script .* in href on a/],
    [div('<p style="background: url(http://example.org/a)">b</p>'), /in style on p/],
    [div('<svg xmlns="http://www.w3.org/2000/svg"/>a'), /an element of another namespace/],
    [div('<p>a'), /no well-formed XML: Line 1, column 47: expected <\/p>/],
    [div('<br>'), /no well-formed XML/],
    [div('&unknown; a'), /no well-formed XML/],
    [div(' \n '), /nothing in it but space/],
    ['<div>a</div>', /not in the namespace/],
    ['<p xmlns="http://www.w3.org/1999/xhtml">a</p>', /no <div> around it all/],
    ['a', /no well-formed XML/],
    [`${div('a')}${div('b')}`, /no well-formed XML/],
  ])('must not be %s', async (text, found) => {
    const issues = await said(narrative(text))
    expect(issues).toEqual([expect.stringMatching(/^error Basic\.text\.div: must be one well-formed XHTML <div>/)])
    expect(issues[0]).toMatch(found)
  })
})
