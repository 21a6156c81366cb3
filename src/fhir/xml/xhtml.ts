import { withoutNames } from './entities.js'
import { XmlReader } from './reader.js'
import { attributeText, elementText, XHTML } from './text.js'

/**
 * The narrative that the reader has just opened, read to its end, as JSON has it: verbatim where it stands on its own
 * feet, and with its namespaces where it has borrowed them from the elements around it.
 *
 * @returns `<div xmlns="http://www.w3.org/1999/xhtml">…</div>`
 */
export function readXhtml(reader: XmlReader): string {
  const { start } = reader
  const open = [{ tag: reader.name, namespace: reader.namespace }]
  let isWhole = reader.declaresDefault && isPlain(reader)
  let text = startTag(reader)
  while (open.length > 0) {
    switch (reader.next()) {
      case 'text':
        text += elementText(reader.text)
        break
      case 'open':
        isWhole &&= isPlain(reader)
        text += startTag(reader, open.at(-1)!.namespace)
        open.push({ tag: reader.name, namespace: reader.namespace })
        break
      default:
        text += `</${open.pop()!.tag}>`
    }
  }
  return isWhole ? reader.source.slice(start, reader.end) : text
}

const isPlain = ({ prefix, attributes }: XmlReader) => prefix === '' && attributes.every((one) => isOwn(one.prefix))

/** Without a prefix, or with the one that no document has to declare. */
const isOwn = (prefix: string) => prefix === '' || prefix === 'xml'

function startTag({ name, namespace, attributes }: XmlReader, around?: string): string {
  let text = `<${name}`
  if (namespace !== around) text += ` xmlns="${attributeText(namespace)}"`
  for (const { prefix, namespace, name, value } of attributes) {
    if (!isOwn(prefix)) text += ` xmlns:${prefix}="${attributeText(namespace)}"`
    text += ` ${prefix && `${prefix}:`}${name}="${attributeText(value)}"`
  }
  return `${text}>`
}

/**
 * A narrative of JSON as it goes into XML: verbatim, with its namespace if it has none.
 * @throws Invalid  not one well-formed `<div>`; says in which line and column
 */
export function xhtmlForXml(div: string): string {
  const known = withoutNames(div)
  const reader = new XmlReader(known)
  if (reader.next() !== 'open' || reader.name !== 'div' || reader.prefix) reader.fail('expected <div>', 0)
  const { namespace, declaresDefault } = reader
  if (declaresDefault ? namespace !== XHTML : namespace !== '') reader.fail(`expected <div xmlns="${XHTML}">`)
  readXhtml(reader)
  if (reader.next() !== 'end') reader.fail('expected nothing after </div>')
  return declaresDefault ? known.trim() : known.trim().replace('<div', `<div xmlns="${XHTML}"`)
}
