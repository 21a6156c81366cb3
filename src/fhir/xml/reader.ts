import { Invalid } from '../../base/errors.js'
import { isBlank, notXml } from './text.js'

export interface XmlAttribute {
  prefix: string
  /** Empty without a prefix. */
  namespace: string
  name: string
  value: string
}

/** Deeper than any FHIR; what walks the elements may recurse without fear for the stack. */
const DEEPEST = 256
/** A name is looked up among the prefixes in scope, one after the other. */
const MOST_PREFIXES = 100

// https://www.w3.org/TR/xml-names/#NT-NCName, without the planes beyond the first
const START = 'A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u2C00-\\u2FEF\\u3001-\\uD7FF'
export const NAME = `[${START}][${START}\\-.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040]*`
const QNAME = `(?:(${NAME}):)?(${NAME})`

const S = '[ \\t\\n\\r]'
const QUOTED = `(?:"([^"<]*)"|'([^'<]*)')`

const token = {
  /** `<given value="Ann"/>` and `<name>`, which is what nearly all of a resource consists of. */
  simple: /<([A-Za-z]+)(?: value="([^"<&\t\n\r]*)")?(\/?)>/y,
  declaration: new RegExp(
    `<\\?xml${S}+version${S}*=${S}*${QUOTED}(?:${S}+encoding${S}*=${S}*${QUOTED})?[^?<>]*\\?>`,
    'y',
  ),
  open: new RegExp(`<${QNAME}`, 'y'),
  attribute: new RegExp(`(${S}*)${QNAME}${S}*=${S}*${QUOTED}`, 'y'),
  tagEnd: new RegExp(`${S}*(/?)>`, 'y'),
  close: new RegExp(`</([^\\s<>]+)${S}*>`, 'y'),
}
const reference = /&(?:(lt|gt|amp|apos|quot)|#x([0-9a-fA-F]{1,6})|#([0-9]{1,7}));|&/g

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' }
const XML = 'http://www.w3.org/XML/1998/namespace'
const LESS = 60
const EXCLAMATION = 33
const QUESTION = 63
const XMLNS = 'http://www.w3.org/2000/xmlns/'

/**
 * Reads XML 1.0 with namespaces, one event after the other. Comments and processing instructions are passed over. A
 * document type declaration is refused, and with it all entities but the five of XML: nothing is fetched or expanded.
 *
 * @see https://www.w3.org/TR/xml/ and https://www.w3.org/TR/xml-names/
 */
export class XmlReader {
  /** Of the element that `next` has opened. */
  prefix = ''
  name = ''
  namespace = ''
  attributes: XmlAttribute[] = []
  /** Whether the element says itself which namespace names without a prefix have. */
  declaresDefault = false
  /** The characters that `next` has come to, with their references resolved. */
  text = ''
  /** Where the event begins in the source, and where the next one does. */
  start = 0
  end = 0

  /** Of the elements that are open, outermost first: their tags, and how many declarations were in scope before. */
  private readonly tags: string[] = []
  private readonly declared: number[] = []
  private readonly scope: { prefix: string; namespace: string }[] = [{ prefix: 'xml', namespace: XML }]
  private isEmpty = false
  private isOver = false

  /** @throws Invalid  a character that XML does not have, an XML version or encoding that is not ours (400) */
  constructor(readonly source: string) {
    const at = source.search(notXml)
    if (at >= 0) this.fail('expected no control characters but tab, CR and LF', at)
    const [, version, version2, encoding, encoding2] = this.match(token.declaration) ?? []
    if ((version ?? version2 ?? '1.0') !== '1.0') this.fail('expected version 1.0 of XML', 0)
    if (!/^(?:utf-?8|us-ascii)$/i.test(encoding ?? encoding2 ?? 'utf-8')) this.fail('expected the encoding UTF-8', 0)
  }

  /**
   * @returns `open` and `close` for each element, also for an empty one; `text` for characters in it; `end` at the end
   * @throws Invalid  where the source stops being XML, with line and column (400)
   */
  next(): 'open' | 'close' | 'text' | 'end' {
    if (this.isEmpty) return this.closed()
    for (;;) {
      this.start = this.end
      const text = this.source.charCodeAt(this.start) === LESS ? this.notTag() : this.characters()
      if (text === null) continue
      if (text === undefined) return this.tag()
      this.text = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
      if (this.tags.length > 0) return 'text'
      if (!isBlank(text)) this.fail('expected an element, not text')
    }
  }

  /**
   * The namespace of a prefix, for names within values; empty for no prefix and no default.
   * @throws Invalid  a prefix that is not declared (400)
   */
  namespaceOf(prefix: string): string {
    for (let i = this.scope.length - 1; i >= 0; i--) {
      if (this.scope[i]!.prefix === prefix) return this.scope[i]!.namespace
    }
    return prefix === '' ? '' : this.fail(`expected a prefix that is declared, not ${prefix.slice(0, 64)}`)
  }

  /** `Line 3, column 14` of an offset, by default of the event. */
  position(at = this.start): string {
    const lines = this.source.slice(0, at).split(/\r\n?|\n/)
    return `Line ${lines.length}, column ${lines.at(-1)!.length + 1}`
  }

  /** @throws Invalid  always (400) */
  fail(problem: string, at?: number): never {
    throw new Invalid(`${this.position(at)}: ${problem}`)
  }

  /** Characters up to the next tag; undefined at the end. */
  private characters(): string | undefined {
    if (this.end === this.source.length) return undefined
    const tag = this.source.indexOf('<', this.end)
    this.end = tag < 0 ? this.source.length : tag
    const raw = this.source.slice(this.start, this.end)
    if (raw.includes(']]>')) this.fail('expected no "]]>" in text')
    return this.resolved(raw, this.start)
  }

  /** A CDATA section's text; null for what is passed over, undefined for a tag. */
  private notTag(): string | null | undefined {
    const next = this.source.charCodeAt(this.end + 1)
    if (next === QUESTION) {
      if (/^xml\s/i.test(this.between('<?', '?>')!)) this.fail('expected the XML declaration only at the beginning')
      return null
    }
    if (next !== EXCLAMATION) return undefined
    const comment = this.between('<!--', '-->')
    if (comment === undefined) return this.between('<![CDATA[', ']]>')
    if (comment.includes('--') || comment.endsWith('-')) this.fail('expected no "--" in a comment')
    return null
  }

  private tag(): 'open' | 'close' | 'end' {
    const simple = this.match(token.simple)
    if (simple) return this.openedSimply(simple[1]!, simple[2], simple[3] === '/')
    const open = this.match(token.open)
    if (open) return this.opened(open[1] ?? '', open[2]!)
    const innermost = this.tags.at(-1)
    const wanted = innermost && `</${innermost.slice(0, 64)}>`
    const close = this.match(token.close)
    if (close) return close[1] === innermost ? this.closed() : this.fail(`expected ${wanted ?? 'an element'}`)
    if (this.source.startsWith('<!DOCTYPE', this.start)) {
      this.fail('expected no document type declaration; FHIR allows neither these nor entities of their own')
    }
    if (this.end < this.source.length) this.fail('expected a tag')
    if (wanted) this.fail(`expected ${wanted}, but the body ends here`)
    return 'end'
  }

  private push(tag: string): void {
    if (this.isOver) this.fail('expected nothing more after the element at the root')
    if (this.tags.length >= DEEPEST) this.fail(`expected elements not to be nested more than ${DEEPEST} levels deep`)
    this.tags.push(tag)
    this.declared.push(this.scope.length)
  }

  private openedSimply(name: string, value: string | undefined, isEmpty: boolean): 'open' {
    this.push(name)
    this.attributes = value === undefined ? [] : [{ prefix: '', namespace: '', name: 'value', value }]
    this.declaresDefault = false
    this.isEmpty = isEmpty
    this.prefix = ''
    this.name = name
    this.namespace = this.namespaceOf('')
    return 'open'
  }

  private opened(prefix: string, name: string): 'open' {
    this.push(prefix ? `${prefix}:${name}` : name)
    this.attributes = []
    this.declaresDefault = false
    for (let found = this.match(token.attribute); found; found = this.match(token.attribute)) {
      const [all, space, own = '', local, double, single] = found
      const at = this.end - all.length + space!.length
      if (space === '') this.fail('expected space before the attribute', at)
      const value = this.resolved((double ?? single)!.replace(/\r\n|[\t\n\r]/g, ' '), at)
      if (own === 'xmlns') this.declare(local!, value, at)
      else if (own === '' && local === 'xmlns') this.declare('', value, at)
      else this.attributes.push({ prefix: own, namespace: '', name: local!, value })
    }
    const end = this.match(token.tagEnd) ?? this.fail('expected an attribute as name="value", or ">"', this.end)
    this.isEmpty = end[1] === '/'
    this.prefix = prefix
    this.name = name
    this.namespace = this.namespaceOf(prefix)
    for (const one of this.attributes) if (one.prefix) one.namespace = this.namespaceOf(one.prefix)
    if (this.attributes.length > 1) {
      const names = new Set(this.attributes.map((one) => `${one.namespace} ${one.name}`))
      if (names.size < this.attributes.length) this.fail('expected each attribute once')
    }
    return 'open'
  }

  private closed(): 'close' {
    this.isEmpty = false
    this.tags.pop()
    this.scope.length = this.declared.pop()!
    this.isOver = this.tags.length === 0
    return 'close'
  }

  private declare(prefix: string, namespace: string, at: number): void {
    if (prefix === 'xmlns' || namespace === XMLNS || (prefix === 'xml') !== (namespace === XML)) {
      this.fail('expected the namespaces of XML itself under their own prefixes', at)
    }
    if (prefix && !namespace) this.fail('expected a namespace for the prefix', at)
    if (this.scope.length > MOST_PREFIXES) this.fail(`expected at most ${MOST_PREFIXES} namespaces at a time`, at)
    const own = this.scope.slice(this.declared.at(-1)!)
    if (own.some((one) => one.prefix === prefix)) this.fail('expected each prefix once', at)
    if (prefix === '') this.declaresDefault = true
    this.scope.push({ prefix, namespace })
  }

  private resolved(text: string, at: number): string {
    if (!text.includes('&')) return text
    return text.replace(reference, (_, name?: string, hex?: string, decimal?: string) => {
      if (name) return entities[name]!
      const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
      const char = code <= 0x10ffff ? String.fromCodePoint(code) : '\0'
      if (!notXml.test(char)) return char
      return this.fail('expected & only in &lt; &gt; &amp; &apos; &quot; or a character by its number, as &#160;', at)
    })
  }

  private match(kind: RegExp): RegExpExecArray | null {
    kind.lastIndex = this.end
    const found = kind.exec(this.source)
    if (found) this.end += found[0].length
    return found
  }

  private between(open: string, close: string): string | undefined {
    if (!this.source.startsWith(open, this.end)) return undefined
    const from = this.end + open.length
    const to = this.source.indexOf(close, from)
    if (to < 0) this.fail(`expected ${close} after ${open}, but the body ends here`)
    this.end = to + close.length
    return this.source.slice(from, to)
  }
}
