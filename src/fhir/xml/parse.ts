import { Invalid } from '../../base/errors.js'
import { isResourceType, resourceTypes } from '../definitions.js'
import { type Decimal, decimalOf } from '../json.js'
import { nearest } from '../validation/nearest.js'
import { type XmlAttribute, XmlReader } from './reader.js'
import { pathText, type Slot, type Step, slotsOf } from './slots.js'
import { FHIR, isBlank, XHTML } from './text.js'
import { readXhtml } from './xhtml.js'

type Json = Record<string, unknown>

/**
 * A resource in FHIR XML as `parseJson` gives its JSON; decimals keep their digits. Elements are known by their names,
 * in any order, as JSON has none. Comments and processing instructions are left out, the narrative stays as it is.
 * Whether the values are right is for the validation to say.
 *
 * @param text  application/fhir+xml
 * @param what  said instead of line and column, for text that is not the client's own
 * @throws Invalid  no XML, or an element, attribute or text that the resource type does not have: what stands where,
 *   as line and column and as FHIRPath (400)
 * @see https://hl7.org/fhir/R4/xml.html
 */
export function parseXml(text: string, what?: string): Json {
  const reader = new XmlReader(text)
  if (reader.next() !== 'open') reader.fail('expected a resource')
  const resource = new Reading(reader, what).resource()
  reader.next()
  return resource
}

/** Attributes that say where schemas are, and nothing of the resource. */
const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance'
const isSchemaHint = ({ namespace, name }: XmlAttribute) =>
  namespace === SCHEMA_INSTANCE && /^(?:noNamespaceS|s)chemaLocation$/.test(name)

/** One walk through the elements; each method begins at the element that the reader has opened and ends behind it. */
class Reading {
  /** Where the walk is: names, and the index of those that repeat. */
  private readonly path: Step[] = []

  constructor(
    private readonly reader: XmlReader,
    private readonly what: string | undefined,
  ) {}

  resource(): Json {
    const { reader } = this
    const { name } = reader
    this.inNamespace(FHIR)
    if (!isResourceType(name)) {
      const meant = nearest(name, resourceTypes)
      this.fail(`${shown(name)} is not a resource type of R4${meant ? `; is ${meant} meant?` : ''}`)
    }
    if (this.path.length === 0) this.path.push({ name })
    const resource: Json = { resourceType: name }
    this.attributesInto(resource, name)
    this.elementsInto(resource, name)
    return resource
  }

  private elementsInto(json: Json, type: string): void {
    const slots = slotsOf(type)
    const level = this.path.length
    while (this.nextChild()) {
      const { name } = this.reader
      const slot = slots.get(name) ?? this.unknown('element', name, type)
      if (slot.kind === 'attribute') this.unknown('element', name, type)
      this.inNamespace(slot.kind === 'xhtml' ? XHTML : FHIR)
      const index = countOf(json, slot)
      if (index > 0 && !slot.isList) this.fail(`${name} occurs once in ${type}`)
      this.path[level] = slot.isList ? { name, index } : { name }
      if (slot.kind === 'primitive') this.primitiveInto(json, slot, index)
      else put(json, slot, this.complex(slot))
      this.path.length = level
    }
  }

  private complex({ kind, type }: Slot): unknown {
    if (kind === 'xhtml') return readXhtml(this.reader)
    if (kind === 'resource') return this.nested()
    const value: Json = {}
    this.attributesInto(value, type)
    this.elementsInto(value, type)
    return value
  }

  /** `<contained><Organization>…</Organization></contained>` */
  private nested(): Json {
    this.attributesInto({}, 'Resource')
    if (!this.nextChild()) this.must('hold a resource')
    const resource = this.resource()
    if (this.nextChild()) this.must('hold one resource, not several')
    return resource
  }

  private primitiveInto(json: Json, slot: Slot, index: number): void {
    const { name, twin, type, isList } = slot
    const { attributes } = this.reader
    const extra: Json = {}
    const literal = attributes.find((one) => one.name === 'value' && one.prefix === '')
    const value = literal && this.value(literal.value, type)
    this.attributesInto(extra, type, literal)
    this.elementsInto(extra, type)
    const hasExtra = Object.keys(extra).length > 0
    if (value === undefined && !hasExtra) this.must('have a value, or extensions instead')
    if (!isList) {
      if (value !== undefined) json[name] = value
      if (hasExtra) json[twin] = extra
      return
    }
    // The two lists stand side by side, and null fills the gaps, once one of them has something to hold.
    if (value !== undefined || json[name]) padded(json, name, index).push(value ?? null)
    if (hasExtra || json[twin]) padded(json, twin, index).push(hasExtra ? extra : null)
  }

  /** The value as JSON writes the type. */
  private value(literal: string, type: string): string | boolean | Decimal {
    if (type === 'boolean') {
      if (literal === 'true' || literal === 'false') return literal === 'true'
      this.must('be true or false')
    }
    if (type === 'decimal') {
      return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(literal)
        ? decimalOf(literal)
        : this.must('be a decimal such as 1.50')
    }
    if (type === 'integer' || type === 'positiveInt' || type === 'unsignedInt') {
      // JSON has no sign for what is not negative.
      return /^(?:0|[-+]?[1-9]\d*)$/.test(literal)
        ? decimalOf(literal.replace('+', ''))
        : this.must('be a whole number such as 15')
    }
    return literal
  }

  /** The id of an element and the url of an extension. */
  private attributesInto(json: Json, type: string, value?: XmlAttribute): void {
    for (const one of this.reader.attributes) {
      if (one === value || isSchemaHint(one)) continue
      if (one.prefix !== '' || slotsOf(type).get(one.name)?.kind !== 'attribute') {
        this.unknown('attribute', one.name, type)
      }
      json[one.name] = one.value
    }
  }

  /** @returns whether the element has another child, which is then open */
  private nextChild(): boolean {
    const { reader } = this
    for (;;) {
      const event = reader.next()
      if (event !== 'text') return event === 'open'
      if (!isBlank(reader.text)) this.must('not hold text; a value stands in the attribute value')
    }
  }

  private inNamespace(namespace: string): void {
    const { reader } = this
    if (reader.namespace !== namespace) this.fail(`${shown(reader.name)} must be in the namespace ${namespace}`)
  }

  private unknown(what: 'element' | 'attribute', name: string, type: string): never {
    const slots = [...slotsOf(type).values()].filter(({ kind }) => (kind === 'attribute') === (what === 'attribute'))
    const names = slots.map((slot) => slot.name)
    const meant = nearest(name, names)
    const article = what === 'attribute' ? 'an attribute' : 'an element'
    return this.fail(`${shown(name)} is not ${article} of ${type}${meant ? `; is ${meant} meant?` : ''}`)
  }

  /** What the element that the walk is at must be. */
  private must(what: string): never {
    return this.fail(`${pathText(this.path)} must ${what}`)
  }

  private fail(problem: string): never {
    const where = this.what ?? this.reader.position()
    throw new Invalid(`${where}: ${problem}`, this.path.length > 0 ? { expression: [pathText(this.path)] } : {})
  }
}

/** How often an element has come. */
function countOf(json: Json, { name, twin, isList }: Slot): number {
  const [value, extra] = [json[name], json[twin]]
  if (!isList) return value === undefined && extra === undefined ? 0 : 1
  return ((value ?? extra ?? []) as unknown[]).length
}

function put(json: Json, { name, isList }: Slot, value: unknown): void {
  if (!isList) json[name] = value
  else if (json[name]) (json[name] as unknown[]).push(value)
  else json[name] = [value]
}

function padded(json: Json, name: string, length: number): unknown[] {
  json[name] ??= new Array(length).fill(null)
  return json[name] as unknown[]
}

/** A name from the body, as far as it could be one of FHIR's. */
const shown = (name: string) => (/^\w{1,64}$/.test(name) ? name : 'a name that no FHIR element has')
