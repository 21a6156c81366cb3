import type { Issue } from '../../base/errors.js'
import type { Message } from './rule.js'

const MESSAGES = 'https://ingle.example/CodeSystem/validation-message'

export const isFault = (severity: Issue['severity']) => severity === 'error' || severity === 'fatal'

/** What a walk found, up to a number. */
export class Findings {
  private readonly issues: Issue[] = []
  private omitted = 0

  constructor(private readonly most: number) {}

  add(message: Message, severity: Issue['severity'], diagnostics: () => string, path: string): void {
    if (this.issues.length >= this.most) {
      this.omitted++
      // An error is never crowded out by less.
      const least = isFault(severity) ? this.issues.findLastIndex((one) => !isFault(one.severity)) : -1
      if (least < 0) return
      this.issues.splice(least, 1)
    }
    this.addAnyway(message, severity, diagnostics(), path)
  }

  /** What must be said however much there is. */
  addAnyway(message: Message, severity: Issue['severity'], diagnostics: string, path: string): void {
    this.issues.push({
      severity,
      code: message.code,
      details: { coding: [{ system: MESSAGES, code: message.id }], text: message.text },
      diagnostics,
      expression: [path],
    })
  }

  /** With a note of those that are left out. */
  listed(): Issue[] {
    const issues = distinct(this.issues)
    if (this.omitted > 0) {
      const diagnostics = `There are ${this.omitted} more; only the first ${this.most} are listed`
      issues.push({ severity: 'information', code: 'informational', diagnostics })
    }
    return issues
  }
}

/** Two profiles that repeat one rule find one fault. */
function distinct(issues: Issue[]): Issue[] {
  if (issues.length < 2) return issues
  const seen = new Set<string>()
  return issues.filter(({ details, diagnostics, expression }) => {
    const key = `${details?.coding?.[0]?.code} ${expression?.[0]} ${diagnostics}`
    return !seen.has(key) && seen.add(key)
  })
}
