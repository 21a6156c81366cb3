import { type ElementDefinition, requiredCodes, typeDefinition } from '../../src/fhir/definitions.js'
import { decimalOf } from '../../src/fhir/json.js'
import { minimalMembers } from './minimal.js'

type Json = Record<string, unknown>

/** Values of each primitive type, with what is hard to carry among them. */
const values: Record<string, unknown[]> = {
  base64Binary: ['SGVsbG8=', 'AAEC'],
  boolean: [true, false],
  canonical: ['http://example.org/canonical|1&2'],
  code: ['code', 'two words'],
  date: ['2020-02-29', '2020-02', '2020'],
  dateTime: ['2020-02-29T10:00:00Z', '2020-02-29T10:00:00.120+02:00', '2020'],
  decimal: [1.5, decimalOf('1.10'), decimalOf('-0.00'), decimalOf('1E+2'), decimalOf('123456789012345678901.5')],
  id: ['an-id'],
  instant: ['2020-02-29T10:00:00.000Z'],
  integer: [1, 0, -2147483648],
  markdown: ['*text*\r\n\tmore\n', '<b>&amp;</b>'],
  oid: ['urn:oid:1.2.3'],
  positiveInt: [1, 2147483647],
  string: ['text', ' "Æ" & \'<ö>\' ', 'tab\tline\nend\r', '😀 \u00a0\u2028'],
  time: ['10:00:00'],
  unsignedInt: [0, 1],
  uri: ['http://example.org/uri?a=1&b=<2>'],
  url: ['http://example.org/url'],
  uuid: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
  xhtml: [
    '<div xmlns="http://www.w3.org/1999/xhtml">text</div>',
    '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="en">\r\n <p class=\'x\'>a &amp; b&#160;<!-- c --><br/> </p>\n</div>',
  ],
}

/**
 * Resources of a type that have between them every element, each choice of it, and primitives with ids and extensions.
 * Data types hold everything down to a depth, and one simple element below it.
 */
export function everyElement(type: string): Json[] {
  const most = Math.max(...choicesIn(type))
  return Array.from({ length: most }, (_, variant) => ({
    resourceType: type,
    ...new Filler(variant).members(type, 0, []),
  }))
}

/** How many types each element of a type and its backbones may have. */
function choicesIn(type: string): number[] {
  return typeDefinition(type)!.elements.flatMap(({ name, types }) => {
    const path = `${type}.${name}`
    return [types.length, ...(typeDefinition(path) ? choicesIn(path) : [])]
  })
}

/** Below so many data types within each other there is only the simplest. */
const DEEPEST = 2

class Filler {
  /** Goes on with each value, so that all of them get their turn. */
  private turn: number

  /** @param variant  which type a choice takes, and which values come first */
  constructor(private readonly variant: number) {
    this.turn = variant
  }

  members(name: string, depth: number, around: string[]): Json {
    const { kind, elements } = typeDefinition(name)!
    if (kind === 'complex-type' && (depth > DEEPEST || around.includes(name))) return minimalMembers(name)
    // An extension has a value or extensions, and what it is for is its value.
    const wanted = elements.filter((one) => !(name === 'Extension' && one.name === 'extension'))
    const members = wanted.map((element) => this.member(name, element, depth, [...around, name]))
    return Object.assign({}, ...members)
  }

  private member(owner: string, element: ElementDefinition, depth: number, around: string[]): Json {
    const { name, choice, max, types, contentReference } = element
    const path = `${owner}.${name}`
    const chosen = contentReference ?? types[(owner === 'Extension' ? this.turn++ : this.variant) % types.length]!.code
    const type = typeDefinition(path) ? path : chosen
    const key = choice ? name + chosen.charAt(0).toUpperCase() + chosen.slice(1) : name
    // A backbone that repeats itself does so once.
    if (contentReference && around.filter((one) => one === type).length > 1) return {}
    if (chosen === 'Extension' && depth > DEEPEST - 1) return {}
    if (type === 'Resource') return { [key]: this.repeated(max, around, () => this.nested()) }
    if (typeDefinition(type)!.kind !== 'primitive-type') {
      const inner = typeDefinition(type)!.kind === 'backbone' ? depth : depth + 1
      return { [key]: this.repeated(max, around, () => this.members(type, inner, around)) }
    }
    return this.primitive(owner, element, key, type)
  }

  private primitive(owner: string, element: ElementDefinition, key: string, type: string): Json {
    const { name, max, requiredValueSet } = element
    const codes = type === 'code' && requiredValueSet ? requiredCodes(requiredValueSet) : undefined
    const value = () => this.next(codes ?? values[type]!)
    const isAttribute = type === 'xhtml' || name === 'id' || (name === 'url' && owner === 'Extension')
    if (isAttribute) return { [key]: value() }
    const extra = { id: `e${this.turn}`, extension: [{ url: 'http://example.org/extra', valueString: value.name }] }
    if (max === '*') {
      return this.next([
        { [key]: [value(), null, value()], [`_${key}`]: [null, extra, extra] },
        { [`_${key}`]: [extra] },
        { [key]: [value(), value()] },
      ])
    }
    return this.next([
      { [key]: value() },
      { [key]: value(), [`_${key}`]: extra },
      { [`_${key}`]: { extension: extra.extension } },
    ])
  }

  /** Two of each everywhere would be thousands at the bottom. */
  private repeated<T>(max: string, around: string[], make: () => T): T | T[] {
    return max !== '*' ? make() : around.length > 1 ? [make()] : [make(), make()]
  }

  private nested(): Json {
    return { resourceType: 'Basic', id: 'nested', code: { text: this.next(values.string!) } }
  }

  private next<T>(list: readonly T[]): T {
    return list[this.turn++ % list.length]!
  }
}
