import { describe, expect, it } from 'vitest'
import { patternOf } from '../../src/terminology/pattern.js'

// Regular expressions of filters match a value as a whole: https://hl7.org/fhir/R4/valueset-filter-operator.html

const SAMPLES = [
  '',
  'a',
  'b',
  'ab',
  'aab',
  'abc',
  'abab',
  'code1',
  'code2a',
  'Code 1',
  'x-1',
  'é',
  '😀',
  '12',
  '2024-01-01',
  'a.b',
  'a\nb',
  '^a$',
  '[',
  'a|b',
  'AAA',
  '_',
  '\t',
  'aaaa',
]

describe('what JavaScript matches as a whole, this does', () => {
  it.each([
    '',
    'a',
    'ab',
    'a|b',
    '(a|b)*',
    'a+b',
    'a?b',
    '(ab){2}',
    'a{2,}',
    'a{1,2}b',
    'a{0}',
    '[abc]+',
    '[^abc]+',
    '[a-z0-9]+',
    '\\w+',
    '\\d{4}-\\d{2}-\\d{2}',
    '.*',
    '.+1',
    '(?:a|ab)(?:c|)',
    '\\.',
    'a\\.b',
    '[\\^$.|?*+()\\[\\]{}]+',
    '^a$',
    '(^a|b)$',
    'x-\\d',
    '[\\w-]+',
    '\\x61',
    '\\u0061b',
    '[\\s\\S]*',
    '\\S+',
    '\\W',
    '\\D+',
    'a+?',
    '(a*)*',
    '(a|b|ab)*c?',
    '[^ \\t\\r\\n\\f]{5}',
    '(code)?(1|2a)',
    '(((a)))',
    'a|',
    '[-a]+',
    '[a-]+',
    '.',
  ])('%s', (source) => {
    const expected = new RegExp(`^(?:${source})$`, 'u'.repeat(Number(!/\\-|\[\^ /.test(source))))
    const matches = patternOf(source)
    for (const value of SAMPLES) expect([value, matches(value)]).toEqual([value, expected.test(value)])
  })
})

it.each([
  ['((a+)+)+$', 'a'.repeat(200), true],
  ['((a+)+)+$', `${'a'.repeat(200)}!`, false],
  ['(a|a|aa)*b', 'a'.repeat(500), false],
  ['(.*.*.*.*.*.*)x', 'y'.repeat(500), false],
])('%s on %s takes no longer than others', (source, value, expected) => {
  expect(patternOf(source)(value)).toBe(expected)
})

it.each([
  ['(a', /group that is not closed/],
  ['a)', /closes a group that was not opened/],
  ['[a', /class that is not closed/],
  ['*a', /repeats nothing/],
  ['a\\', /ends with a backslash/],
  ['[z-a]', /range whose end is before/],
  ['a{3,1}', /end is before its beginning/],
  ['(?=a)', /looks ahead/],
  ['(?<n>a)', /names a group/],
  ['(a)\\1', /\\1, which is not known/],
  ['a'.repeat(1001), /more than 1000 characters/],
  ['((a{100}){100}){100}', /repeats so much/],
])('%s is refused', (source, reason) => {
  expect(() => patternOf(source)).toThrow(reason)
})
