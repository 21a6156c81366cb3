import { PREFIX_NAMES, UNIT_NAMES } from './names.js'

/** `(`, `)`, `.`, `/`, an annotation, or a symbol: a number, or a unit with its exponent. */
const TOKEN = /[().]|\/|\{[^{}]*\}|(?:\[[^\]]*\]|[^[\](){}./])+/g

/**
 * A unit in words: `(milligram) / (deciliter)` for `mg/dL`. An annotation is a factor of one.
 * @param code  of UCUM
 */
export function unitInWords(code: string): string {
  let text = ''
  let isBehindPart = false
  for (const [token] of code.matchAll(TOKEN)) {
    if (token === '.' || token === '/') {
      text += token === '.' ? ' * ' : ' / '
      isBehindPart = false
    } else if (token === '(' || token === ')') {
      text += token
      isBehindPart = token === ')'
    } else if (token.startsWith('{')) {
      text += isBehindPart ? ' * 1' : '1'
      isBehindPart = true
    } else {
      text += wordsOf(token)
      isBehindPart = true
    }
  }
  return text.trim()
}

function wordsOf(symbol: string): string {
  if (/^\d+$/.test(symbol)) return symbol
  const [, name = '', exponent] = /^(.*?)([+-]?\d+)?$/.exec(symbol)!
  return `(${nameOf(symbol) ?? nameOf(name) ?? name}${exponent && !nameOf(symbol) ? ` ^ ${exponent}` : ''})`
}

function nameOf(symbol: string): string | undefined {
  if (Object.hasOwn(UNIT_NAMES, symbol)) return UNIT_NAMES[symbol]
  for (const length of [1, 2]) {
    const prefix = PREFIX_NAMES[symbol.slice(0, length)]
    const unit = UNIT_NAMES[symbol.slice(length)]
    if (prefix && unit) return prefix + unit
  }
  return undefined
}
