import { Unprocessable } from '../../../../base/errors.js'
import { issueOf } from '../../../messages.js'
import { Scanner } from '../scanner.js'
import type { Constraint } from './ast.js'

/** An expression constraint that says nothing: by its syntax, or by a concept in it that does not exist (422). */
export class InvalidEcl extends Unprocessable {
  constructor(ecl: string, why: string) {
    const issue = issueOf('invalidEcl', { ecl, why })
    super(issue.details!.text!)
    this.issues.splice(0, 1, { ...issue, diagnostics: issue.details!.text })
  }
}

/** Reads an expression constraint; what stands for concepts in it is read as parse.ts knows. */
export class EclScanner extends Scanner {
  /** @throws InvalidEcl  it is too long (422) */
  constructor(
    text: string,
    private readonly read: (scanner: EclScanner) => Constraint,
  ) {
    super(text, InvalidEcl)
  }

  /** A concept, or a constraint in brackets, with the operators before it and the filters behind it. */
  subExpression(): Constraint {
    return this.read(this)
  }

  /** @param at  of the one that does not fit */
  refuseMixed(at: number): never {
    return this.refuse('AND, OR and MINUS are mixed, or MINUS repeated: say with brackets which goes first', at)
  }
}
