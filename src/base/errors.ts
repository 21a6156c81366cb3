import type { OperationOutcomeIssue } from '@medplum/fhirtypes'

export type Issue = OperationOutcomeIssue

interface Detail {
  /** FHIRPath of the element at fault, with indexes: `Patient.name[0].given[1]` */
  expression?: string[]
  cause?: unknown
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  retryAfter?: number
}

/**
 * What every failure is thrown as. A subclass is named as FHIR would name it and knows its HTTP status
 * and issue code (http://hl7.org/fhir/R4/valueset-issue-type.html).
 * Diagnostics say what was wrong, where, and what would be right; never patient data, never SQL.
 */
export class FhirError extends Error {
  static status = 500
  static code: Issue['code'] = 'exception'
  readonly issues: Issue[]
  readonly retryAfter?: number

  constructor(diagnostics: string, detail: Detail = {}) {
    super(diagnostics, { cause: detail.cause })
    this.name = this.kind.name
    this.retryAfter = detail.retryAfter
    this.issues = [
      {
        severity: 'error',
        code: this.kind.code,
        diagnostics,
        ...(detail.expression && { expression: detail.expression }),
      },
    ]
  }

  /** An error that reports several issues at once; the first one names it. */
  static ofIssues<E extends FhirError>(this: new (diagnostics: string) => E, issues: Issue[]): E {
    const error = new this(issues[0]?.diagnostics ?? 'Not valid')
    error.issues.splice(0, error.issues.length, ...issues)
    return error
  }

  private get kind() {
    return this.constructor as typeof FhirError
  }

  get status() {
    return this.kind.status
  }
}

export class Invalid extends FhirError {
  static override status = 400
  static override code: Issue['code'] = 'invalid'
}
export class Unauthorized extends FhirError {
  static override status = 401
  static override code: Issue['code'] = 'login'
}
export class Forbidden extends FhirError {
  static override status = 403
  static override code: Issue['code'] = 'forbidden'
}
export class NotFound extends FhirError {
  static override status = 404
  static override code: Issue['code'] = 'not-found'
}
export class MethodNotAllowed extends FhirError {
  static override status = 405
  static override code: Issue['code'] = 'not-supported'
}
export class NotAcceptable extends FhirError {
  static override status = 406
  static override code: Issue['code'] = 'not-supported'
}
export class Conflict extends FhirError {
  static override status = 409
  static override code: Issue['code'] = 'conflict'
}
export class Gone extends FhirError {
  static override status = 410
  static override code: Issue['code'] = 'deleted'
}
/** A stale If-Match, or criteria that match several resources. */
export class PreconditionFailed extends FhirError {
  static override status = 412
  static override code: Issue['code'] = 'conflict'
}
export class MultipleMatches extends PreconditionFailed {
  static override code: Issue['code'] = 'multiple-matches'
}
export class TooLong extends FhirError {
  static override status = 413
  static override code: Issue['code'] = 'too-long'
}
export class UnsupportedMediaType extends FhirError {
  static override status = 415
  static override code: Issue['code'] = 'not-supported'
}
/** Well-formed FHIR that a rule refuses. */
export class Unprocessable extends FhirError {
  static override status = 422
  static override code: Issue['code'] = 'processing'
}
export class TooCostly extends FhirError {
  static override status = 422
  static override code: Issue['code'] = 'too-costly'
}
export class Throttled extends FhirError {
  static override status = 429
  static override code: Issue['code'] = 'throttled'
}
export class NotSupported extends FhirError {
  static override status = 501
  static override code: Issue['code'] = 'not-supported'
}
/** The database (or what else we stand on) is away for the moment. */
export class Unavailable extends FhirError {
  static override status = 503
  static override code: Issue['code'] = 'transient'
}
