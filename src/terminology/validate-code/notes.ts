import type { OperationOutcomeIssue } from '@medplum/fhirtypes'
import type { Displays } from '../displays.js'
import type { CodeSystemProvider, Concept } from '../provider.js'

/** What was found out about the codes of one question, in the order in which it was. */
export class Notes {
  readonly issues: OperationOutcomeIssue[] = []
  /** What goes into `message`: all errors, and of the rest what was said aloud. */
  private readonly said = new Set<string>()
  /** Code systems that are not known, with their version where only that is not. */
  readonly unknown = new Set<string>()
  /** The first that is no longer to be used. */
  inactive?: { readonly code: string; readonly place: string; readonly status?: string }
  deprecated?: { readonly code: string }
  /** The code as the system writes it, where it was written otherwise. */
  normalized?: string

  /** @returns false  it was noted already */
  note(issue: OperationOutcomeIssue): boolean {
    const text = issue.details!.text!
    const where = issue.expression?.[0]
    if (this.issues.some((one) => one.details!.text === text && one.expression?.[0] === where)) return false
    this.issues.push(issue)
    if (issue.severity === 'error') this.said.add(text)
    return true
  }

  /** Notes it, and says it in the message, be it an error or not. */
  say(issue: OperationOutcomeIssue): void {
    this.note(issue)
    this.said.add(issue.details!.text!)
  }

  /** Says it in the message alone. */
  mention(text: string): void {
    this.said.add(text)
  }

  /** What could not be found does not matter after all: another issue takes the place of the error. */
  soften(expression: string, by: OperationOutcomeIssue): void {
    for (const [i, issue] of this.issues.entries()) {
      if (issue.severity !== 'error' || issue.code !== 'not-found' || issue.expression?.[0] !== expression) continue
      this.said.delete(issue.details!.text!)
      this.issues[i] = by
      this.said.add(by.details!.text!)
    }
  }

  get hasErrors(): boolean {
    return this.issues.some(({ severity }) => severity === 'error')
  }

  get message(): string | undefined {
    return this.said.size ? [...this.said].sort().join('; ') : undefined
  }
}

/** What was found of one coding. */
export interface Finding {
  displays?: Displays
  /** The code system that has it, or was looked into. */
  provider?: CodeSystemProvider
  concept?: Concept
}
