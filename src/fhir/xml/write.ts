import { NotAcceptable } from '../../base/errors.js'
import { isResourceType } from '../definitions.js'
import { decimalText, isDecimal } from '../json.js'
import { pathText, type Slot, type Step, slotsOf } from './slots.js'
import { attributeText, FHIR, isPlain, notXml } from './text.js'
import { xhtmlForXml } from './xhtml.js'

type Json = Record<string, unknown>

/**
 * A resource as FHIR XML: elements in the order of the standard, decimals with their digits, the narrative verbatim.
 *
 * @param resource  as `parseJson` gives it, structurally valid
 * @param indent    blanks for each level; without it there is no space between elements
 * @throws NotAcceptable  there is something that XML cannot say: a character that XML does not have, a narrative that
 *   is not well-formed, a property that its type does not have (406)
 * @see https://hl7.org/fhir/R4/xml.html
 */
export function stringifyXml(resource: Json, indent = 0): string {
  const end = indent > 0 ? '\n' : ''
  return `<?xml version="1.0" encoding="UTF-8"?>${end}${new Writing(' '.repeat(indent), end).resource(resource, '')}`
}

/** An element's `id="…"` and the like, and what stands between its tags. */
interface Content {
  attributes: string
  children: string
}

class Writing {
  /** Where the walk is: names, and the index of those that repeat. */
  private readonly path: Step[] = []

  constructor(
    /** What each level is indented by, and what ends a line. */
    private readonly step: string,
    private readonly end: string,
  ) {}

  resource(resource: Json, margin: string): string {
    const type = String(resource.resourceType)
    const isRoot = this.path.length === 0
    if (isRoot) this.path.push({ name: type })
    if (!isResourceType(type)) this.fail('it is no resource of R4')
    const { attributes, children } = this.content(resource, type, margin + this.step)
    return this.element(type, isRoot ? ` xmlns="${FHIR}"${attributes}` : attributes, children, margin)
  }

  /** @param margin  of the children */
  private content(json: Json, type: string, margin: string): Content {
    const content: Content = { attributes: '', children: '' }
    for (const slot of this.slotsIn(json, type)) {
      const { name, kind, isList } = slot
      const value = json[name]
      if (kind === 'attribute') {
        this.path.push({ name })
        content.attributes += ` ${name}="${this.text(value)}"`
        this.path.pop()
        continue
      }
      const extra = kind === 'primitive' ? json[slot.twin] : undefined
      if (!isList) {
        this.path.push({ name })
        content.children += this.child(slot, value, extra as Json | undefined, margin)
        this.path.pop()
        continue
      }
      const [values, extras] = [(value ?? []) as unknown[], (extra ?? []) as (Json | null)[]]
      for (let index = 0; index < Math.max(values.length, extras.length); index++) {
        this.path.push({ name, index })
        content.children += this.child(slot, values[index], extras[index] ?? undefined, margin)
        this.path.pop()
      }
    }
    return content
  }

  /** The slots that an object fills, in the order of the standard. */
  private slotsIn(json: Json, type: string): Slot[] {
    const slots = slotsOf(type)
    const found: Slot[] = []
    let isSorted = true
    for (const key in json) {
      const isTwin = key.charCodeAt(0) === UNDERSCORE
      const slot = slots.get(isTwin ? key.slice(1) : key)
      if (!slot && key === 'resourceType') continue
      if (!slot || (isTwin && slot.kind !== 'primitive')) {
        return this.fail(`${type} has no such property: ${key.slice(0, 64)}`)
      }
      if (isTwin && json[slot.name] !== undefined) continue
      isSorted &&= found.length === 0 || found.at(-1)!.order < slot.order
      found.push(slot)
    }
    return isSorted ? found : found.sort((a, b) => a.order - b.order)
  }

  private child({ name, type, kind }: Slot, value: unknown, extra: Json | undefined, margin: string): string {
    const { step, end } = this
    switch (kind) {
      case 'primitive': {
        const { attributes, children } = extra ? this.content(extra, type, margin + step) : nothing
        const literal = value === undefined || value === null ? '' : ` value="${this.text(value)}"`
        return this.element(name, attributes + literal, children, margin)
      }
      case 'xhtml':
        return `${margin}${this.xhtml(String(value))}${end}`
      case 'resource':
        return this.element(name, '', this.resource(value as Json, margin + step), margin)
      default: {
        const { attributes, children } = this.content(value as Json, type, margin + step)
        return this.element(name, attributes, children, margin)
      }
    }
  }

  private element(name: string, attributes: string, children: string, margin: string): string {
    const { end } = this
    if (children === '') return `${margin}<${name}${attributes}/>${end}`
    return `${margin}<${name}${attributes}>${end}${children}${margin}</${name}>${end}`
  }

  private text(value: unknown): string {
    const text = isDecimal(value) ? decimalText(value) : String(value)
    if (isPlain(text)) return text
    if (notXml.test(text)) this.fail('it has a character that XML 1.0 does not have')
    return attributeText(text)
  }

  private xhtml(div: string): string {
    try {
      return xhtmlForXml(div)
    } catch (error) {
      return this.fail(`its narrative is not well-formed: ${(error as Error).message}`)
    }
  }

  private fail(problem: string): never {
    const path = pathText(this.path)
    throw new NotAcceptable(`${path} cannot be said in XML, only in JSON: ${problem}`, { expression: [path] })
  }
}

const nothing: Content = { attributes: '', children: '' }
const UNDERSCORE = 95
