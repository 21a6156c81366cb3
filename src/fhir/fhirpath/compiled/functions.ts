import { distinct, isAmong } from '../equality.js'
import { typeArgument } from '../types.js'
import {
  at,
  combine,
  combined,
  descent,
  distinctness,
  offspring,
  repeat,
  sole,
  subset,
  tail,
} from './functions/collections.js'
import { asked, extension, hasValue, htmlChecks, resolve } from './functions/fhir.js'
import { count, emptiness, everyone, existence, iif, not, select, where } from './functions/filters.js'
import type { Compile } from './functions/site.js'
import { matches, ofText, ofTexts, toText } from './functions/texts.js'
import { union } from './operators.js'
import { narrowed, typeTest } from './types.js'

/** Functions that are worth more than the evaluator's way, or need what is around. */
export const functions: Readonly<Record<string, Compile>> = {
  exists: existence,
  all: everyone,
  empty: emptiness,
  not,
  count,
  where,
  select,
  iif,
  first: at(() => 0),
  last: at((length) => length - 1),
  tail,
  single: sole,
  isDistinct: distinctness,
  intersect: combined((input, other) => distinct(input.filter((item) => isAmong(item, other)))),
  exclude: combined((input, other) => input.filter((item) => !isAmong(item, other))),
  union: ({ input, argument }) => union(input, argument(0), 'of union()'),
  combine,
  subsetOf: subset('subsetOf'),
  supersetOf: subset('supersetOf'),
  children: offspring,
  descendants: descent,
  repeat,
  trace: ({ input }) => input,
  startsWith: ofTexts('System.Boolean', (text, part) => text.startsWith(part)),
  endsWith: ofTexts('System.Boolean', (text, part) => text.endsWith(part)),
  contains: ofTexts('System.Boolean', (text, part) => text.includes(part)),
  indexOf: ofTexts('System.Integer', (text, part) => text.indexOf(part)),
  length: ofText('System.Integer', (text) => text.length),
  upper: ofText('System.String', (text) => text.toUpperCase()),
  lower: ofText('System.String', (text) => text.toLowerCase()),
  toString: toText,
  matches: (site) => matches(site, (pattern) => pattern),
  matchesFull: (site) => matches(site, (pattern) => `^(?:${pattern})$`),
  is: ({ input, node }) => typeTest(input, typeArgument(node.args[0]!), 'What is() asks about'),
  as: ({ input, node }) => narrowed(input, typeArgument(node.args[0]!)),
  ofType: ({ input, node }) => narrowed(input, typeArgument(node.args[0]!)),
  hasValue,
  extension,
  resolve,
  memberOf: asked((item, url, around) => around.memberOf(item, url)),
  conformsTo: asked((item, url, around) => around.conformsTo(item, url)),
  htmlChecks,
}
