import { describe, expect, it } from 'vitest'
import { type Expression, parse, Unsupported } from '../../src/fhir/path/parse.js'

// https://hl7.org/fhirpath/N1/#grammar

/** The tree with a pair of parentheses around each operation and each step. */
function shown(tree: Expression): string {
  switch (tree.is) {
    case 'member':
      return tree.of ? `${shown(tree.of)}.${tree.name}` : tree.name
    case 'call':
      return `${tree.of ? `${shown(tree.of)}.` : ''}${tree.name}(${tree.args.map(shown).join(', ')})`
    case 'index':
      return `${shown(tree.of)}[${shown(tree.at)}]`
    case 'variable':
      return `%${tree.name}`
    case 'iteration':
      return `$${tree.name}`
    case 'literal':
      return `${tree.type}:${tree.value}${tree.unit ? ` ${tree.unit}` : ''}`
    case 'empty':
      return '{}'
    case 'sign':
      return `(${tree.sign} ${shown(tree.of)})`
    case 'operation':
      return `(${shown(tree.left)} ${tree.operator} ${shown(tree.right)})`
  }
}

describe('parse', () => {
  it.each([
    ['a.b.c', 'a.b.c'],
    ['a or b and c', '(a or (b and c))'],
    ['a and b or c', '((a and b) or c)'],
    ['a implies b or c', '(a implies (b or c))'],
    ['a xor b and c', '(a xor (b and c))'],
    ['a = b and c != d', '((a = b) and (c != d))'],
    ['a | b = c', '((a | b) = c)'],
    ['a < b | c', '(a < (b | c))'],
    ['a in b | c', '(a in (b | c))'],
    ['a + b * c - d', '((a + (b * c)) - d)'],
    ['a div b mod c', '((a div b) mod c)'],
    ['a & b + c', '((a & b) + c)'],
    ['a is B and c as D', '((a is B) and (c as D))'],
    ['-a.b + c', '((- a.b) + c)'],
    ['(a or b).not()', '(a or b).not()'],
    ['a[0].b[1]', 'a[integer:0].b[integer:1]'],
    ['a.where($this = 1).first()', 'a.where(($this = integer:1)).first()'],
    ['iif(a, b, {})', 'iif(a, b, {})'],
    ["%`vs-name` & %'x' & %y", '((%vs-name & %x) & %y)'],
    ['a.contains(b) contains c.is', '(a.contains(b) contains c.is)'],
    ['a // till the end\n.b /* and */ .c', 'a.b.c'],
    ["'it\\'s \\u0041'", "string:it's A"],
    ['1.50', 'decimal:1.50'],
    ['1.toString()', 'integer:1.toString()'],
    ["4.5 'mg'", 'Quantity:4.5 mg'],
    ['2 days', 'Quantity:2 days'],
    ['@2012-03', 'date:2012-03'],
    ['@2012T', 'dateTime:2012'],
    ['@2012-03-14T10:00:00.5+01:00', 'dateTime:2012-03-14T10:00:00.5+01:00'],
    ['@T10:30', 'time:10:30'],
    ['true', 'boolean:true'],
  ])('%s is %s', (text, expected) => {
    expect(shown(parse(text))).toBe(expected)
  })

  it.each([
    ...[
      '',
      'a.',
      '.a',
      'a b',
      'a = ',
      '(a',
      'a)',
      'a[',
      'a[0',
      'f(',
      'f(a',
      'f(a b)',
      "'open",
      '@',
      '%',
      '$',
      '#',
      '{a}',
      '1a.b',
      'a.1',
    ],
    `${'('.repeat(101)}a${')'.repeat(101)}`,
  ])('%s is none', (text) => {
    expect(() => parse(text)).toThrow(Unsupported)
  })
})
