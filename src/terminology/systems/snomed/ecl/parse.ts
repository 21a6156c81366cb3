import type { Constraint, HierarchyOperator, HistoryProfile, MemberFilter } from './ast.js'
import { alternate, conceptReference } from './concepts.js'
import { conceptFilters, descriptionFilters, memberFilters } from './filters.js'
import { refinement } from './refinement.js'
import { EclScanner } from './scanner.js'

/**
 * An expression constraint of ECL 2.2, in its brief or its long syntax.
 * @throws InvalidEcl  with the line and character where it stops making sense, and what would make some (422)
 */
export function parseEcl(text: string): Constraint {
  const scanner = new EclScanner(text, subExpression)
  const constraint = expressionConstraint(scanner)
  if (!scanner.isAtEnd) scanner.fail("the end, ':', '.', '{{', AND, OR or MINUS")
  return constraint
}

const JOINS = { and: 'and', or: 'or', minus: 'minus' } as const

/** Several joined by AND, by OR, or two by MINUS; or one with its refinement; or one with attributes behind dots. */
function expressionConstraint(scanner: EclScanner): Constraint {
  const first = subExpression(scanner)
  if (scanner.take(':')) return { kind: 'refined', of: first, by: refinement(scanner) }
  if (scanner.sees('.')) return dotted(scanner, first)
  const join = joining(scanner)
  if (join === undefined) return first
  if (join === 'minus') {
    const less = subExpression(scanner)
    const at = scanner.at
    if (joining(scanner)) scanner.refuseMixed(at)
    return { kind: 'minus', from: first, less }
  }
  const all = [first, subExpression(scanner)]
  for (;;) {
    const at = scanner.at
    const next = joining(scanner)
    if (next === undefined) return { kind: join, of: all }
    if (next !== join) scanner.refuseMixed(at)
    all.push(subExpression(scanner))
  }
}

const joining = (scanner: EclScanner) => (scanner.take(',') ? 'and' : scanner.keyword(JOINS))

function dotted(scanner: EclScanner, of: Constraint): Constraint {
  let constraint = of
  while (scanner.take('.')) constraint = { kind: 'dotted', of: constraint, attribute: subExpression(scanner) }
  return constraint
}

/** The longest come first: `<<!` begins with `<`. */
const OPERATORS: readonly HierarchyOperator[] = ['<<!', '>>!', '!!>', '!!<', '<<', '>>', '<!', '>!', '<', '>']

const LONG_OPERATORS: Readonly<Record<string, HierarchyOperator>> = {
  descendantof: '<',
  descendantorselfof: '<<',
  childof: '<!',
  childorselfof: '<<!',
  ancestorof: '>',
  ancestororselfof: '>>',
  parentof: '>!',
  parentorselfof: '>>!',
  top: '!!>',
  bottom: '!!<',
}

/** A concept, or a constraint in brackets; what is before it goes from right to left, what is behind it from left to right. */
function subExpression(scanner: EclScanner): Constraint {
  return scanner.nested(() => {
    const operator = OPERATORS.find((symbol) => scanner.take(symbol)) ?? scanner.keyword(LONG_OPERATORS)
    let constraint = scanner.sees('^') || scanner.peek(/memberOf\b/iy) ? memberOf(scanner) : focus(scanner)
    if (operator) constraint = { kind: 'hierarchy', operator, of: constraint }
    return filtered(scanner, constraint)
  })
}

function memberOf(scanner: EclScanner): Constraint {
  if (!scanner.take('^')) scanner.keyword({ memberof: true })
  const field = scanner.take('[') ? fieldOf(scanner) : 'referencedComponentId'
  const of = focus(scanner)
  const filters: MemberFilter[] = []
  for (let at = scanner.at; scanner.take('{{'); at = scanner.at) {
    if (!scanner.match(/m\b/iy)) {
      scanner.at = at
      break
    }
    filters.push(...memberFilters(scanner))
  }
  return { kind: 'memberOf', field, of, filters }
}

/** A value set is made of concepts: pairs of fields, or fields that hold none, make no concepts. */
function fieldOf(scanner: EclScanner): string {
  const at = scanner.at
  const field = scanner.match(/[A-Za-z]+/y)
  if (field === undefined) {
    if (scanner.sees('*')) scanner.refuse('all fields of a reference set are no set of concepts: name one field', at)
    scanner.fail('the name of a field')
  }
  if (scanner.sees(',')) scanner.refuse('several fields of a reference set are no set of concepts: name one field', at)
  scanner.expect(']')
  return field
}

function focus(scanner: EclScanner): Constraint {
  if (scanner.take('(')) {
    const inner = expressionConstraint(scanner)
    scanner.expect(')', "')', ':', '.', '{{', AND, OR or MINUS")
    return inner
  }
  if (scanner.take('*') || scanner.keyword({ any: true })) return { kind: 'any' }
  return alternate(scanner) ?? conceptReference(scanner, "a concept id, '*', '(' or an operator")
}

const PROFILES: Readonly<Record<string, HistoryProfile>> = { min: 'min', mod: 'mod', max: 'max' }

/** Filters of descriptions and of concepts, and at the end the history. */
function filtered(scanner: EclScanner, of: Constraint): Constraint {
  let constraint = of
  for (let at = scanner.at; scanner.take('{{'); at = scanner.at) {
    if (scanner.take('+')) {
      constraint = { kind: 'history', of: constraint, associations: history(scanner) }
      if (scanner.sees('{{')) scanner.refuse('nothing comes behind the history: filters come before it')
      return constraint
    }
    const kind = scanner.match(/[cdm]\b/iy)?.toLowerCase() ?? 'd'
    if (kind === 'm') scanner.refuse("a filter of members comes behind '^' and reference sets, before all others", at)
    constraint =
      kind === 'c'
        ? { kind: 'conceptFiltered', of: constraint, filters: conceptFilters(scanner) }
        : { kind: 'described', of: constraint, filters: descriptionFilters(scanner) }
  }
  return constraint
}

function history(scanner: EclScanner): HistoryProfile | Constraint {
  if (!scanner.match(/history/iy)) scanner.fail('HISTORY, HISTORY-MIN, HISTORY-MOD or HISTORY-MAX')
  let associations: HistoryProfile | Constraint = 'max'
  if (scanner.match(/[-_]/y)) associations = scanner.keyword(PROFILES) ?? scanner.fail('MIN, MOD or MAX')
  else if (scanner.take('(')) {
    associations = expressionConstraint(scanner)
    scanner.expect(')')
  }
  scanner.expect('}}')
  return associations
}
