import { Invalid } from '../../base/errors.js'
import { withoutNames } from '../xml/entities.js'
import { XmlReader } from '../xml/reader.js'
import { XHTML } from '../xml/text.js'

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}

/** Chapters 7 to 11 (but for forms' 9.4) and 15 of HTML 4.0, links and images; https://hl7.org/fhir/R4/narrative.html */
const elements = words(
  'div span p br hr h1 h2 h3 h4 h5 h6 address bdo blockquote q cite em strong dfn code samp kbd var abbr acronym sub sup ' +
    'pre ins del ul ol li dl dt dd table caption thead tfoot tbody colgroup col tr td th tt i b big small strike s u ' +
    'font a img map area',
)

/** Those that any element may have, then those of some. */
const attributes = words('id class style title lang dir xmlns name accesskey tabindex')
const attributesOf: Readonly<Record<string, ReadonlySet<string>>> = {
  a: words('href hreflang rel rev charset type shape coords'),
  area: words('href nohref alt shape coords'),
  img: words('src alt longdesc height width usemap ismap border align hspace vspace'),
  blockquote: words('cite'),
  q: words('cite'),
  ins: words('cite datetime'),
  del: words('cite datetime'),
  pre: words('space width'),
  font: words('size color face'),
  hr: words('align noshade size width'),
  br: words('clear'),
  ol: words('type start compact'),
  ul: words('type compact'),
  li: words('type value'),
  table: words('summary width border frame rules cellspacing cellpadding align bgcolor'),
  col: words('span width align char charoff valign'),
  colgroup: words('span width align char charoff valign'),
  ...each(
    'thead tfoot tbody tr td th',
    'align char charoff valign abbr axis headers scope rowspan colspan nowrap width height bgcolor cellpadding cellspacing',
  ),
  ...each('div p caption h1 h2 h3 h4 h5 h6', 'align'),
}

function each(names: string, attributes: string): Record<string, ReadonlySet<string>> {
  return Object.fromEntries([...words(names)].map((name) => [name, words(attributes)]))
}

const links = words('href src cite longdesc usemap')
/** What a browser would run when somebody follows a link, or looks at a style. */
const active = /^\s*(?:javascript|vbscript|data\s*:\s*text\/html|data\s*:\s*image\/svg)/i
const activeStyle =
  /expression\s*\(|javascript\s*:|behaviou?r\s*:|-moz-binding|@import|url\s*\(\s*['"]?\s*(?:https?:|\/\/)/i

/**
 * What is wrong with a narrative by constraints txt-1 and txt-2 of Narrative, and XML's form.
 *
 * @param div  `<div xmlns="http://www.w3.org/1999/xhtml">…</div>`
 * @returns to follow "found"; undefined when all is well
 * @see https://hl7.org/fhir/R4/narrative.html#xhtml
 */
export function narrativeFault(div: string): string | undefined {
  try {
    return faultOf(new XmlReader(withoutNames(div)))
  } catch (reason) {
    if (reason instanceof Invalid) return `no well-formed XML: ${reason.message}`
    throw reason
  }
}

function faultOf(reader: XmlReader): string | undefined {
  if (!opensDiv(reader)) return 'no <div> around it all'
  if (reader.namespace !== XHTML) return `a <div> that is not in the namespace ${XHTML}`
  let hasContent = false
  for (let event: string = 'open'; event !== 'end'; event = reader.next()) {
    if (event === 'text') hasContent ||= /\S/.test(reader.text)
    if (event !== 'open') continue
    const fault = reader.namespace === XHTML ? tagFault(reader) : 'an element of another namespace'
    if (fault) return `${fault} (${reader.position()})`
    hasContent ||= reader.name === 'img'
  }
  return hasContent ? undefined : 'nothing in it but space'
}

const opensDiv = (reader: XmlReader) => reader.next() === 'open' && reader.name === 'div' && !reader.prefix

function tagFault({ name, attributes: given }: XmlReader): string | undefined {
  if (!elements.has(name)) return `the element ${shown(name)}, which is not among those for formatting`
  const own = attributesOf[name]
  for (const { prefix, name: attribute, value } of given) {
    if (prefix === 'xml') continue
    if (prefix || !(attributes.has(attribute) || own?.has(attribute))) {
      return `the attribute ${shown(attribute)} on ${name}, which is not among those for formatting`
    }
    const isActive = links.has(attribute) ? active.test(value) : attribute === 'style' && activeStyle.test(value)
    if (isActive) return `a script or something fetched from elsewhere in ${attribute} on ${name}`
  }
  return undefined
}

const shown = (name: string) => (/^[\w-]{1,32}$/.test(name) ? name : 'of another name')
