import { ExpressionFacts, ITSELF, type Resolved } from '../expression/resolved.js'
import type { Constraint } from './ast.js'
import type { Evaluation } from './evaluate.js'
import { refined } from './refine.js'

/**
 * Whether a postcoordinated expression satisfies a constraint: by the concepts that it refines, and by the attributes that
 * it has. No classifier says where it would stand in the hierarchy: it is below what it refines, and a child or the parent
 * of nothing.
 */
export async function allows(constraint: Constraint, resolved: Resolved, evaluation: Evaluation): Promise<boolean> {
  const ask = (one: Constraint) => allows(one, resolved, evaluation)
  switch (constraint.kind) {
    case 'any':
      return true
    case 'hierarchy':
      if (constraint.operator !== '<' && constraint.operator !== '<<') return false
      return (
        (await isBelow(resolved, constraint.of, evaluation)) || (constraint.operator === '<<' && ask(constraint.of))
      )
    case 'and': {
      const answers = await Promise.all(constraint.of.map(ask))
      return answers.every(Boolean)
    }
    case 'or': {
      const answers = await Promise.all(constraint.of.map(ask))
      return answers.some(Boolean)
    }
    case 'minus':
      return (await ask(constraint.from)) && !(await ask(constraint.less))
    case 'refined': {
      if (!(await ask(constraint.of))) return false
      const facts = new ExpressionFacts(resolved, evaluation.relationships)
      return !(await refined(ITSELF, constraint.by, facts, evaluation)).isEmpty
    }
    case 'history':
      return ask(constraint.of)
    // One that is named is another than the expression; what has no place in a release has no members, terms and dates.
    default:
      return false
  }
}

async function isBelow({ expression, concepts }: Resolved, of: Constraint, evaluation: Evaluation): Promise<boolean> {
  const wanted = await evaluation.evaluate(of)
  const below = wanted.or(await evaluation.relationships.below(wanted))
  return expression.focus.some((id) => below.has(concepts.get(id)!.ordinal))
}
