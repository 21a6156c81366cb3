import { Invalid } from '../../base/errors.js'
import type { CodeSet } from '../../fhir/code-set.js'
import type { TokenSpelling } from '../clause.js'
import { counted, hash, hashOften, uncounted } from '../hash.js'
import * as phone from './phone.js'

interface Coding {
  system?: string
  code?: string
  display?: string
}
interface Identifier {
  system?: string
  value?: string
  type?: { coding?: Coding[]; text?: string }
}

/**
 * Every token is there three times: with its system, by its code alone and by its system alone, so that each of
 * `system|code`, `code` and `system|` is one look-up. `prefix` holds tenant, type and parameter.
 */
const full = (prefix: string, system: string, code: string) => `${prefix}\n${system}\n${code}`
const codeOnly = (prefix: string, code: string) => `${prefix}\t${code}`
const systemOnly = (prefix: string, system: string) => `${prefix}\n${system}`
/** Marks that the parameter has a value at all, for `:missing`. */
export const presence = (prefix: string): bigint => counted(hashOften(`${prefix}?`))

export interface TokenSink {
  token(hash: bigint): void
  text(text: string): void
}

const MOST = 5000

/** The hashes of one parameter's tokens. Codes come again and again, so those of recent ones are remembered. */
export class Hashes {
  private codings = new Map<string, Map<string, readonly [full: bigint, code: bigint]>>()
  private systems = new Map<string, bigint>()
  private codes = new Map<string, bigint>()
  private size = 0

  constructor(readonly prefix: string) {}

  /** of a Coding: with its system, and of its code alone */
  coding(system: string, code: string): readonly [full: bigint, code: bigint] {
    let ofSystem = this.codings.get(system)
    if (!ofSystem) {
      ofSystem = new Map()
      this.codings.set(system, ofSystem)
    }
    let pair = ofSystem.get(code)
    if (!pair) {
      pair = [counted(hash(full(this.prefix, system, code))), counted(hash(codeOnly(this.prefix, code)))]
      if (++this.size > MOST) this.forget()
      ofSystem.set(code, pair)
    }
    return pair
  }

  system(system: string): bigint {
    let value = this.systems.get(system)
    if (value === undefined) {
      value = counted(hash(systemOnly(this.prefix, system)))
      if (++this.size > MOST) this.forget()
      this.systems.set(system, value)
    }
    return value
  }

  code(code: string): bigint {
    let value = this.codes.get(code)
    if (value === undefined) {
      value = counted(hash(codeOnly(this.prefix, code)))
      if (++this.size > MOST) this.forget()
      this.codes.set(code, value)
    }
    return value
  }

  private forget() {
    this.codings = new Map()
    this.systems = new Map()
    this.codes = new Map()
    this.size = 0
  }
}

/** Value types of which nearly every resource has one of its own: no totals are kept for them. */
const UNIQUE = new Set([
  'Identifier',
  'id',
  'ContactPoint',
  'uri',
  'url',
  'canonical',
  'oid',
  'uuid',
  'string',
  'markdown',
])

/** What a value puts into the index. `visit` gets hashes, `text` what `:text` looks into. */
export function indexed(hashes: Hashes, value: unknown, type: string, sink: TokenSink): void {
  const { prefix } = hashes
  switch (type) {
    case 'CodeableConcept': {
      const { coding, text } = value as { coding?: Coding[]; text?: string }
      if (coding) for (const one of coding) indexCoding(hashes, one, sink)
      if (text) sink.text(text)
      return
    }
    case 'Coding':
      indexCoding(hashes, value as Coding, sink)
      return
    case 'Identifier': {
      const { system, value: code, type: kind } = value as Identifier
      if (code) indexUnique(hashes, system, code, sink)
      for (const one of kind?.coding ?? []) {
        if (code && one.system && one.code) sink.token(identifierOfType(prefix, one.system, one.code, code))
      }
      if (kind?.text) sink.text(kind.text)
      return
    }
    case 'ContactPoint': {
      // The system of a ContactPoint (phone, email) is no namespace: https://hl7.org/fhir/R4/search.html#token
      const { value: code, system } = value as Identifier
      if (!code) return
      const phones = phone.SYSTEMS.has(system ?? 'phone') ? phone.indexed(code) : []
      for (const name of phones) sink.token(phoneHash(prefix, name))
      // A phone number is found as it is written, too: that is read as the same number.
      if (phones.length === 0) sink.token(uncounted(hash(codeOnly(prefix, code))))
      return
    }
    default: {
      if (typeof value === 'object') return // a choice may hold what is no token: Group.characteristic.valueRange
      const code = String(value)
      if (UNIQUE.has(type)) sink.token(uncounted(hash(codeOnly(prefix, code))))
      else sink.token(hashes.code(code))
    }
  }
}

function indexCoding(hashes: Hashes, { system, code, display }: Coding, sink: TokenSink) {
  if (code !== undefined) {
    const [withSystem, alone] = hashes.coding(system ?? '', code)
    sink.token(withSystem)
    sink.token(alone)
  }
  if (system !== undefined) sink.token(hashes.system(system))
  if (display) sink.text(display)
}

function indexUnique(hashes: Hashes, system: string | undefined, code: string, sink: TokenSink) {
  const { prefix } = hashes
  sink.token(uncounted(hash(full(prefix, system ?? '', code))))
  sink.token(uncounted(hash(codeOnly(prefix, code))))
  if (system !== undefined) sink.token(hashes.system(system))
}

/** `identifier:of-type=system|code|value` */
export const identifierOfType = (prefix: string, system: string, code: string, value: string): bigint =>
  uncounted(hash(`${prefix}:of-type\n${system}\n${code}\n${value}`))

const phoneHash = (prefix: string, name: string) => uncounted(hash(`${prefix}:phone\t${name}`))

/** What a value of a query finds as a phone number, however it is written; nothing if it is none. */
export const phonesOf = (prefix: string, text: string): bigint[] =>
  phone.searched(unescaped(text)).map((name) => phoneHash(prefix, name))

/**
 * What a query asks: `code`, `system|code`, `|code` (without a system), `system|`. Both parities of the hash are
 * returned where the value's type is not known: a token is stored under one of them.
 */
export function searched(prefix: string, text: string, unique: boolean): bigint {
  const bar = unescapedBar(text)
  const parity = unique ? uncounted : counted
  if (bar < 0) return parity(hash(codeOnly(prefix, unescaped(text))))
  const system = unescaped(text.slice(0, bar))
  const code = unescaped(text.slice(bar + 1))
  if (code === '') return counted(hash(systemOnly(prefix, system)))
  return parity(hash(full(prefix, system, code)))
}

export const isUnique = (type: string) => UNIQUE.has(type)

/** `\|`, `\,`, `\$` and `\\` stand for themselves: https://hl7.org/fhir/R4/search.html#escaping */
export const unescaped = (text: string) => text.replace(/\\([|,$\\])/g, '$1')

function unescapedBar(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '|') return i
  }
  return -1
}

/** Systems whose codes stand in elements without one: FHIR's own, and those of languages and media types. */
const OF_ELEMENTS = /^(?:http:\/\/(?:hl7\.org\/fhir|terminology\.hl7\.org\/CodeSystem)\/|urn:ietf:(?:bcp|rfc):)/

/**
 * The hashes of which a resource has one, when one of its tokens is in a set of codes.
 * @throws Invalid  the set is all codes of a system but some, and nobody knows all
 */
export function among({ prefixes, parities, implied }: TokenSpelling, { systems }: CodeSet): bigint[] {
  const found: bigint[] = []
  for (const [system, { codes, others }] of systems) {
    if (others && (codes.size > 0 || implied))
      throw new Invalid(
        `What is in the set cannot be told: the code system ${system} is not stored here with all codes`,
      )
    if (implied && !OF_ELEMENTS.test(system)) continue
    for (const prefix of prefixes) {
      if (others) found.push(counted(hash(systemOnly(prefix, system))))
      for (const code of codes) {
        const text = implied ? codeOnly(prefix, code) : full(prefix, system, code)
        for (const unique of parities) found.push((unique ? uncounted : counted)(hash(text)))
      }
    }
  }
  return [...new Set(found)]
}
