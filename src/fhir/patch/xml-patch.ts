import { FhirError, Invalid, NotAcceptable, TooCostly, Unprocessable } from '../../base/errors.js'
import { parseXml } from '../xml/parse.js'
import { XmlReader } from '../xml/reader.js'
import { type Selected, selector } from '../xml/select.js'
import { isBlank } from '../xml/text.js'
import { copyOf, elementXml, readElement, type XmlElement } from '../xml/tree.js'
import { stringifyXml } from '../xml/write.js'
import type { Tree } from './tree.js'

interface Operation {
  /** For errors: `Operation 0 (add f:Patient)` */
  what: string
  apply: (document: Document) => void
}

/** What the operations of one patch work on. */
interface Document {
  root: XmlElement
  /** Elements that have lost their last child or attribute. */
  emptied: Set<XmlElement>
}

const MOST_OPERATIONS = 1000

/**
 * An XML Patch, ready to be applied: to the XML form of a resource, of which it changes all that it says, or nothing.
 *
 * Elements that it has left without content disappear, as a FHIR element has a value or children. The narrative is
 * one piece, to be replaced as a whole. White space between elements has no meaning in FHIR and is not kept, so `ws`
 * of a removal has nothing to do. The caller validates the result.
 *
 * @param text  application/xml-patch+xml: `<diff>` with `<add>`, `<replace>` and `<remove>`, or the `<patch>` of
 *              RFC 7351
 * @returns applies it to parsed JSON, which stays as it is. It throws Unprocessable (422) where an operation selects
 *   no element or several, or is not possible there, and Invalid (400) when the result has what its type does not
 * @throws Invalid    no patch, or one with selectors that are not supported; names the operation by its index (400)
 * @throws TooCostly  it has more than 1,000 operations (422)
 * @see https://hl7.org/fhir/R4/http.html#patch, RFC 5261
 */
export function xmlPatch(text: string): (resource: Tree) => unknown {
  const operations = operationsOf(new XmlReader(text))
  return (resource) => {
    const document = { root: documentOf(resource), emptied: new Set<XmlElement>() }
    for (const { what, apply } of operations) naming(what, () => apply(document))
    for (const element of document.emptied) leaveOut(element)
    return parseXml(elementXml(document.root), 'The patched resource')
  }
}

function documentOf(resource: Tree): XmlElement {
  try {
    const reader = new XmlReader(stringifyXml(resource))
    reader.next()
    return readElement(reader)
  } catch (error) {
    if (error instanceof NotAcceptable) throw new Unprocessable(error.message)
    throw error
  }
}

/** Says of an error which operation it comes from. */
function naming<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    throw new (error.constructor as typeof FhirError)(`${what}: ${error.message}`, { cause: error.cause })
  }
}

// ── The document ───────────────────────────────────────────────────────────────────────────────────────────────────

function operationsOf(reader: XmlReader): Operation[] {
  if (reader.next() !== 'open' || !['diff', 'patch'].includes(reader.name)) {
    reader.fail('expected <diff>, or <patch> of RFC 7351, with the operations of an XML Patch')
  }
  const { namespace } = reader
  const operations: Operation[] = []
  for (let event = reader.next(); event !== 'close'; event = reader.next()) {
    if (event === 'text') {
      if (!isBlank(reader.text)) reader.fail('expected no text between operations')
      continue
    }
    if (operations.length === MOST_OPERATIONS)
      throw new TooCostly(`An XML Patch has at most ${MOST_OPERATIONS} operations`)
    if (reader.namespace !== namespace) reader.fail(`expected ${names} in the namespace of the root`)
    operations.push(operationAt(reader, operations.length))
  }
  reader.next()
  return operations
}

function operationAt(reader: XmlReader, index: number): Operation {
  return naming(`Operation ${index}`, () => {
    const kind = kinds.get(reader.name)
    if (!kind) throw new Invalid(`it must be one of ${names}`)
    const given = attributesOf(reader, kind.attributes)
    if (!given.sel) throw new Invalid('it needs sel, which selects what it is about')
    const select = selector(given.sel, (prefix) => reader.namespaceOf(prefix))
    // Values that are compared with may be a patient's.
    const what = `Operation ${index} (${reader.name} ${given.sel.replace(/'[^']*'|"[^"]*"/g, "'…'")})`
    const change = kind.change(given, contentOf(reader))
    return { what, apply: (document) => change(only(select(document.root)), document) }
  })
}

function attributesOf(reader: XmlReader, known: readonly string[]): Given {
  const given: Given = {}
  for (const { prefix, name, value } of reader.attributes) {
    if (prefix || !known.includes(name)) throw new Invalid(`it has an attribute that is none of ${known.join(', ')}`)
    given[name as keyof Given] = value
  }
  return given
}

/** What stands in an operation: elements, or the text of an attribute. */
interface Content {
  elements: XmlElement[]
  text: string
}

function contentOf(reader: XmlReader): Content {
  const content: Content = { elements: [], text: '' }
  for (let event = reader.next(); event !== 'close'; event = reader.next()) {
    if (event === 'open') content.elements.push(readElement(reader))
    else content.text += reader.text
  }
  if (content.elements.length > 0 && !isBlank(content.text)) throw new Invalid('it has text beside elements')
  return content
}

// ── Operations ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Given {
  sel?: string
  pos?: string
  type?: string
  ws?: string
}

type Change = (selected: Selected, document: Document) => void

interface Kind {
  attributes: readonly (keyof Given)[]
  /** @throws Invalid  the operation does not say what it needs */
  change: (given: Given, content: Content) => Change
}

const kinds = new Map<string, Kind>([
  ['add', { attributes: ['sel', 'pos', 'type'], change: add }],
  ['replace', { attributes: ['sel'], change: replace }],
  ['remove', { attributes: ['sel', 'ws'], change: remove }],
])
const names = [...kinds.keys()].join(', ')

function only(found: Selected[]): Selected {
  if (found.length === 1) return found[0]!
  throw new Unprocessable(
    found.length === 0
      ? 'sel selects nothing; its names are in the namespace http://hl7.org/fhir, which the patch has to declare'
      : `sel selects ${found.length} nodes instead of one`,
  )
}

function add({ pos, type }: Given, content: Content): Change {
  if (type !== undefined) return addAttribute(type, pos, textIn(content))
  const elements = elementsIn(content)
  if (pos !== undefined && !['before', 'after', 'prepend'].includes(pos)) {
    throw new Invalid('pos must be before, after or prepend')
  }
  return ({ element, attribute }) => {
    if (attribute !== undefined) throw new Unprocessable('elements cannot be added to an attribute')
    if (pos === 'before' || pos === 'after') {
      const { parent, index } = placeOf(element)
      insert(parent, pos === 'before' ? index : index + 1, elements)
    } else insert(element, pos === 'prepend' ? 0 : element.children.length, elements)
  }
}

function addAttribute(type: string, pos: string | undefined, text: string): Change {
  const [, name] = /^@([A-Za-z]+)$/.exec(type) ?? []
  if (!name) throw new Invalid('type must be @ and the name of an attribute, as @value')
  if (pos !== undefined) throw new Invalid('an attribute has no position: pos does not go with type')
  return ({ element, attribute }) => {
    if (attribute !== undefined) throw new Unprocessable('an attribute cannot be added to an attribute')
    if (element.attributes.has(name)) throw new Unprocessable(`the attribute ${name} is there already`)
    notNarrative(element)
    element.attributes.set(name, text)
  }
}

function replace(_: Given, content: Content): Change {
  if (content.elements.length > 1) throw new Invalid('it must have one element, not several')
  return ({ element, attribute }, document) => {
    if (attribute !== undefined) {
      element.attributes.set(attribute, textIn(content))
      return
    }
    const [other] = elementsIn(content).map(copyOf)
    if (element === document.root) {
      document.root = other!
      return
    }
    const { parent, index } = placeOf(element)
    other!.parent = parent
    parent.children[index] = other!
  }
}

function remove({ ws }: Given, { elements, text }: Content): Change {
  if (ws !== undefined && !['before', 'after', 'both'].includes(ws))
    throw new Invalid('ws must be before, after or both')
  if (elements.length > 0 || !isBlank(text)) throw new Invalid('it must be empty')
  return ({ element, attribute }, { emptied }) => {
    if (attribute !== undefined) {
      element.attributes.delete(attribute)
      emptied.add(element)
      return
    }
    const { parent, index } = placeOf(element)
    parent.children.splice(index, 1)
    emptied.add(parent)
  }
}

function elementsIn({ elements }: Content): XmlElement[] {
  if (elements.length === 0) throw new Invalid('it must have an element')
  return elements
}

function textIn({ elements, text }: Content): string {
  if (elements.length > 0) throw new Invalid('it must have the text of the attribute, not elements')
  return text
}

function placeOf(element: XmlElement): { parent: XmlElement; index: number } {
  const { parent } = element
  if (!parent) throw new Unprocessable('this is not possible at the root, which is the resource')
  return { parent, index: parent.children.indexOf(element) }
}

function insert(parent: XmlElement, index: number, elements: XmlElement[]): void {
  notNarrative(parent)
  const copies = elements.map(copyOf)
  for (const copy of copies) copy.parent = parent
  parent.children.splice(index, 0, ...copies)
}

function notNarrative({ xhtml }: XmlElement): void {
  if (xhtml !== undefined) throw new Unprocessable('the narrative can only be replaced as a whole')
}

/** Takes an element away that has stayed empty, and those above it that are empty without it. */
function leaveOut(element: XmlElement): void {
  const { parent, children, attributes } = element
  const index = parent?.children.indexOf(element) ?? -1
  if (!parent || index < 0 || children.length > 0 || attributes.size > 0) return
  parent.children.splice(index, 1)
  leaveOut(parent)
}
