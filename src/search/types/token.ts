import { counted, hash, hashOften, uncounted } from '../hash.js'

interface Coding {
  system?: string
  code?: string
  display?: string
}
interface Identifier {
  system?: string
  value?: string
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

/** Value types of which nearly every resource has one of its own: no totals are kept for them. */
const UNIQUE = new Set(['Identifier', 'id', 'ContactPoint', 'uri', 'url', 'canonical', 'oid', 'uuid', 'string', 'markdown'])

/** What a value puts into the index. `visit` gets hashes, `text` what `:text` looks into. */
export function indexed(prefix: string, value: unknown, type: string, sink: TokenSink): void {
  switch (type) {
    case 'CodeableConcept': {
      const { coding, text } = value as { coding?: Coding[]; text?: string }
      if (coding) for (const one of coding) indexCoding(prefix, one, sink)
      if (text) sink.text(text)
      return
    }
    case 'Coding':
      return indexCoding(prefix, value as Coding, sink)
    case 'Identifier': {
      const { system, value: code } = value as Identifier
      if (code) indexUnique(prefix, system, code, sink)
      return
    }
    case 'ContactPoint': {
      // The system of a ContactPoint (phone, email) is no namespace: https://hl7.org/fhir/R4/search.html#token
      const { value: code } = value as Identifier
      if (code) sink.token(uncounted(hash(codeOnly(prefix, code))))
      return
    }
    default: {
      const code = String(value)
      if (UNIQUE.has(type)) sink.token(uncounted(hash(codeOnly(prefix, code))))
      else sink.token(counted(hashOften(codeOnly(prefix, code))))
    }
  }
}

function indexCoding(prefix: string, { system, code, display }: Coding, sink: TokenSink) {
  if (code !== undefined) {
    sink.token(counted(hashOften(full(prefix, system ?? '', code))))
    sink.token(counted(hashOften(codeOnly(prefix, code))))
  }
  if (system !== undefined) sink.token(counted(hashOften(systemOnly(prefix, system))))
  if (display) sink.text(display)
}

function indexUnique(prefix: string, system: string | undefined, code: string, sink: TokenSink) {
  sink.token(uncounted(hash(full(prefix, system ?? '', code))))
  sink.token(uncounted(hash(codeOnly(prefix, code))))
  if (system !== undefined) sink.token(counted(hashOften(systemOnly(prefix, system))))
}

/**
 * What a query asks: `code`, `system|code`, `|code` (without a system), `system|`. Both parities of the hash are
 * returned where the value's type is not known: a token is stored under one of them.
 */
export function searched(prefix: string, text: string, unique: boolean): bigint {
  const bar = unescapedBar(text)
  const parity = unique ? uncounted : counted
  if (bar < 0) return parity(hash(codeOnly(prefix, unescape(text))))
  const system = unescape(text.slice(0, bar))
  const code = unescape(text.slice(bar + 1))
  if (code === '') return counted(hash(systemOnly(prefix, system)))
  return parity(hash(full(prefix, system, code)))
}

export const isUnique = (type: string) => UNIQUE.has(type)

/** `\|`, `\,`, `\$` and `\\` stand for themselves: https://hl7.org/fhir/R4/search.html#escaping */
export const unescape = (text: string) => text.replace(/\\([|,$\\])/g, '$1')

function unescapedBar(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '|') return i
  }
  return -1
}

/** Uris match as a whole: https://hl7.org/fhir/R4/search.html#uri */
export const uri = (prefix: string, value: string): bigint => uncounted(hash(`${prefix}\t${value}`))
