// https://hl7.org/fhir/R4/json.html and datatypes.html#decimal
import { describe, expect, it } from 'vitest'
import { Invalid } from '../../src/base/errors.js'
import {
  cloneJson,
  type Decimal,
  decimalText,
  isDecimal,
  parseJson,
  stringifyJson,
  toNumber,
} from '../../src/fhir/json.js'

const roundTrip = (text: string) => stringifyJson(parseJson(text))

/** Deterministic numbers in [0, 1): a failure can be repeated. */
function randomFrom(seed: number) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('a decimal', () => {
  const literals = [
    '1.10',
    '0.00',
    '-0',
    '-0.0',
    '1e2',
    '1E+2',
    '-1.50e-7',
    '0.0000001',
    '12345678901234567890',
    '9007199254740993',
    '3.14159265358979323846',
    '100.000',
    '1e400',
  ]

  it.each(literals)('%s keeps its digits', (literal) => {
    expect(roundTrip(`{"value":${literal}}`)).toBe(`{"value":${literal}}`)
    expect(roundTrip(`{ "value" : ${literal} }`)).toBe(`{"value":${literal}}`)
    expect(roundTrip(`{"value":\n\t${literal}\n}`)).toBe(`{"value":${literal}}`)
    expect(roundTrip(`{"list":[${literal}, null,1, ${literal} ],"a b ":${literal},"":${literal}}`)).toBe(
      `{"list":[${literal},null,1,${literal}],"a b ":${literal},"":${literal}}`,
    )
    expect(roundTrip(`[[${literal}],${literal}]`)).toContain(literal)
  })

  it.each(literals)('%s is a decimal with a number and a text', (literal) => {
    const { value } = parseJson(`{"value":${literal}}`) as { value: Decimal }
    expect(isDecimal(value)).toBe(true)
    expect(decimalText(value)).toBe(literal)
    expect(toNumber(value)).toBe(Number(literal))
  })

  it('that JavaScript prints back stays a number', () => {
    expect(parseJson('{"a":1.1,"b":-3,"c":0,"d":120.5}')).toEqual({ a: 1.1, b: -3, c: 0, d: 120.5 })
    expect(isDecimal(7)).toBe(true)
    expect(decimalText(7.5)).toBe('7.5')
    expect(isDecimal('7')).toBe(false)
    expect(isDecimal(undefined)).toBe(false)
  })

  it.each([
    ['{"a":"a: 1.10, b","b":1.10}'],
    ['{"a":"\\": 1.10,","b":2.20}'],
    ['{"a":": 1.10, b","b":[": 2.20","x:1.0"]}'],
    ['{"a":"x\\\\","b":1.10,"c":"\\\\\\": 5.0 }"}'],
    ['{"a\\"b":1.10,"key\\\\":2.20}'],
    ['{"a":"word\\":3.00,"}'],
    ['{"a":"[1.10]","b":"see \\"x\\":[1.10]"}'],
    ['{"a":"{\\"value\\":1.10}","b":{"value":1.10}}'],
    ['{"a":"\\\\u0001 is not a control character","b":1.0}'],
    ['{"a":["1.10",null],"b":[null,"2.0"],"c":[1e2]}'],
  ])('is told from the text of a string in %s', (text) => {
    expect(roundTrip(text)).toBe(text)
    expect(roundTrip(text.replaceAll(/(?<=[^\\]"):/g, ' : '))).toBe(roundTrip(text.replaceAll(/(?<=[^\\]"):/g, ' : ')))
  })

  it('is found after a key whose colon stands apart, though a string looks like a key', () => {
    expect(roundTrip('{"a" : 1.10, "b": "x\\": y"}')).toBe('{"a":1.10,"b":"x\\": y"}')
  })

  it('survives in a thousand random documents', () => {
    const random = randomFrom(7)
    const pick = <T>(items: T[]): T => items[Math.floor(random() * items.length)]!
    const strings = ['', 'a: 1.10, b', '\\":1.10,', '\\\\', '12:30', '":', ' : ', '[1.0]', 'é\\u00e9', ',"a":1.0'].map(
      (text) => text.replaceAll(/(?<!\\)"/g, '\\"'),
    )
    const digits = () => String(Math.floor(random() * 1e6))
    const number = () =>
      pick(['', '-']) +
      pick(['0', '7', `1${digits()}`, `9${digits()}${digits()}${digits()}`]) +
      pick(['', `.${digits()}0`, '.00']) +
      pick(['', '', 'e5', 'E-2'])
    const document = (depth: number): string => {
      const kind = depth === 0 ? random() * 0.5 : random()
      if (kind < 0.35) return number()
      if (kind < 0.5) return `"${pick(strings)}"`
      const size = Math.floor(random() * 5)
      const item = random() < 0.5 ? () => pick([number(), 'null', number()]) : () => `{"in":${document(depth - 1)}}`
      if (kind < 0.65) return `[${Array.from({ length: size }, item).join(',')}]`
      return `{${Array.from({ length: size }, (_, i) => `"${i}${pick(['k', '_', 'a b ', 'x\\"', '\\\\'])}":${document(depth - 1)}`).join(',')}}`
    }
    for (let round = 0; round < 1000; round++) {
      const text = `{"root":${document(5)}}`
      expect(roundTrip(text)).toBe(stringifyReference(text))
    }
  })
})

/** What must come out: the same text, but for escapes that JSON.stringify does not need (`\u00e9` → `é`). */
const stringifyReference = (text: string) => text.replaceAll('\\u00e9', 'é')

describe('parseJson refuses', () => {
  it.each([
    ['{"a":1,}', 'Line 1, column 8: expected a key in double quotes'],
    ['{"a":1\n "b":2}', 'Line 2, column 2: expected "," or "}"'],
    ['{"a":[1,2}', 'Line 1, column 10: expected "," or "]"'],
    ['{"a" 1}', 'Line 1, column 6: expected ":" after the key'],
    [
      '{"a":',
      'Line 1, column 6: expected a value: an object, array, string, number, true, false or null, but the body ends here',
    ],
    [
      '',
      'Line 1, column 1: expected a value: an object, array, string, number, true, false or null, but the body ends here',
    ],
    ['{"a":01.10}', 'Line 1, column 7: expected "," or "}"'],
    ['{"a":1.}', 'Line 1, column 7: expected "," or "}"'],
    ['{"a":NaN}', 'Line 1, column 6: expected a value: an object, array, string, number, true, false or null'],
    [
      '{"a":"Smith\n"}',
      'Line 1, column 6: expected a string that ends with a quote, without raw control characters or unknown escapes',
    ],
    ['{"a":1.10}x', 'Line 1, column 11: expected nothing more after the value'],
    [
      '{"a":1,"b":2,"a":1.10}',
      'Line 1, column 14: expected a key that this object does not have yet; it is there twice',
    ],
    ['{"a":1,"\\u0061":2}', 'Line 1, column 8: expected a key that this object does not have yet; it is there twice'],
  ])('%j: %s', (text, diagnostics) => {
    expect(() => parseJson(text)).toThrow(Invalid)
    expect(() => parseJson(text)).toThrow(diagnostics)
  })

  it('the character that marks decimals, raw or escaped', () => {
    expect(() => parseJson('{"a":"\\u00011.10"}')).toThrow('U+0001')
    expect(() => parseJson('{"a":"x\\\\\\u0001"}')).toThrow('U+0001')
    expect(() => parseJson('{"a":"\u00011.10"}')).toThrow(Invalid)
  })

  it('without quoting what was sent', () => {
    const thrown = (() => {
      try {
        parseJson('{"family": Chalmers}')
      } catch (error) {
        return error as Invalid
      }
    })()
    expect(thrown?.issues[0]?.diagnostics).not.toContain('Chalmers')
    expect(thrown?.status).toBe(400)
  })

  it.each([
    ['{"a":[1,'.repeat(200_000)],
    ['{"a":[null,"x\\":'.repeat(200_000)],
    [`{"a":[${' '.repeat(1_000_000)}`],
    [`{"a"${' :'.repeat(1_000_000)}`],
    [`{"a":"${'\\'.repeat(1_000_000)}u0001`],
  ])('broken text in linear time', (text) => {
    const started = performance.now()
    expect(() => parseJson(text)).toThrow(Invalid)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it.each([
    ['['.repeat(200_000)],
    [`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
    ['{"a":['.repeat(200_000) + ']}'.repeat(200_000)],
  ])('nesting that would overflow the stack', (text) => {
    expect(() => parseJson(text)).toThrow('more than 256 levels deep')
  })
})

describe('stringifyJson', () => {
  it('indents and leaves text that only looks like a decimal alone', () => {
    expect(stringifyJson(parseJson('{"a":1.0}'), 2)).toBe('{\n  "a": 1.0\n}')
    expect(stringifyJson({ a: 'say "\u00015"' })).toBe('{"a":"say \\"\\u00015\\""}')
  })
})

describe('cloneJson', () => {
  it('shares nothing with the original', () => {
    const original = parseJson('{"a":{"b":[{"c":1.10},null,"x"]},"__proto__":{"d":1}}') as { a: { b: object[] } }
    const copy = cloneJson(original)
    expect(stringifyJson(copy)).toBe('{"a":{"b":[{"c":1.10},null,"x"]},"__proto__":{"d":1}}')
    expect(copy.a.b[0]).not.toBe(original.a.b[0])
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  })
})
