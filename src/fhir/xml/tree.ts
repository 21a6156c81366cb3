import type { XmlReader } from './reader.js'
import { attributeText, isBlank, XHTML } from './text.js'
import { readXhtml } from './xhtml.js'

/** An element of a document that is being changed. FHIR has no text but in the narrative. */
export interface XmlElement {
  readonly namespace: string
  readonly name: string
  /** `id`, `url` and `value`: FHIR has no attributes with a namespace. */
  readonly attributes: Map<string, string>
  readonly children: XmlElement[]
  parent?: XmlElement
  /** The narrative, with its tags; it has no children here. */
  readonly xhtml?: string
}

/**
 * The element that the reader has opened, read to its end.
 * @throws Invalid  text or attributes that no FHIR element has (400)
 */
export function readElement(reader: XmlReader): XmlElement {
  const { namespace, name } = reader
  const element: XmlElement = { namespace, name, attributes: new Map(), children: [] }
  if (namespace === XHTML) return { ...element, xhtml: readXhtml(reader) }
  for (const { prefix, name, value } of reader.attributes) {
    if (prefix) reader.fail('expected no attribute with a prefix; FHIR has none')
    element.attributes.set(name, value)
  }
  for (let event = reader.next(); event !== 'close'; event = reader.next()) {
    if (event === 'open') append(element, readElement(reader))
    else if (!isBlank(reader.text)) reader.fail('expected no text; a value stands in the attribute value')
  }
  return element
}

function append(parent: XmlElement, child: XmlElement): void {
  child.parent = parent
  parent.children.push(child)
}

export function copyOf({ children, attributes, ...element }: XmlElement): XmlElement {
  const copy: XmlElement = { ...element, attributes: new Map(attributes), children: [], parent: undefined }
  for (const child of children) append(copy, copyOf(child))
  return copy
}

/** @param around  the namespace that names without a prefix have where it will stand */
export function elementXml({ namespace, name, attributes, children, xhtml }: XmlElement, around = ''): string {
  if (xhtml !== undefined) return xhtml
  let tag = name
  if (namespace !== around) tag += ` xmlns="${attributeText(namespace)}"`
  for (const [name, value] of attributes) tag += ` ${name}="${attributeText(value)}"`
  return children.length === 0
    ? `<${tag}/>`
    : `<${tag}>${children.map((child) => elementXml(child, namespace)).join('')}</${name}>`
}
