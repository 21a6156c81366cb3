import { describe, expect, it } from 'vitest'
import { FhirError, Gone, Invalid, Throttled } from '../../src/base/errors.js'
import { toOutcome } from '../../src/base/outcome.js'

/** As pg throws it. */
const postgres = (code: string, message = 'Key (id)=(secret) of table resource') =>
  Object.assign(new Error(message), { code })

describe('toOutcome', () => {
  it('gives what a FhirError says', () => {
    expect(toOutcome(new Gone('Patient/1 was deleted', { expression: ['Patient'] }))).toEqual({
      status: 410,
      outcome: {
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', code: 'deleted', diagnostics: 'Patient/1 was deleted', expression: ['Patient'] }],
      },
      headers: {},
    })
    const several = Invalid.ofIssues([
      { severity: 'error', code: 'required', diagnostics: 'a' },
      { severity: 'warning', code: 'value', diagnostics: 'b' },
    ])
    expect(toOutcome(several).outcome.issue).toHaveLength(2)
    expect(toOutcome(new Throttled('Slower', { retryAfter: 9 }))).toMatchObject({
      status: 429,
      headers: { 'Retry-After': '9' },
    })
  })

  it.each([
    ['22003', 422, 'processing'],
    ['22021', 400, 'invalid'],
    ['22P05', 400, 'invalid'],
    ['23505', 409, 'conflict'],
    ['25006', 503, 'transient'],
    ['40001', 409, 'conflict'],
    ['40P01', 409, 'conflict'],
    ['55P03', 409, 'conflict'],
    ['54000', 422, 'processing'],
    ['54001', 422, 'processing'],
    ['08006', 503, 'transient'],
    ['53100', 503, 'transient'],
    ['53300', 503, 'transient'],
    ['57P01', 503, 'transient'],
    ['57P02', 503, 'transient'],
    ['57P03', 503, 'transient'],
    ['ECONNREFUSED', 503, 'transient'],
    ['ECONNRESET', 503, 'transient'],
    ['EPIPE', 503, 'transient'],
    // ours to answer for
    ['42601', 500, 'exception'],
    ['42P01', 500, 'exception'],
    ['ERR_INVALID_ARG_TYPE', 500, 'exception'],
  ])('%s is %i and tells nothing of the row', (code, status, issueCode) => {
    const { outcome, headers, ...rest } = toOutcome(postgres(code))
    expect(rest).toEqual({ status })
    expect(outcome.issue).toMatchObject([{ severity: 'error', code: issueCode }])
    expect(headers).toEqual(status === 503 ? { 'Retry-After': '1' } : {})
    expect(JSON.stringify(outcome)).not.toMatch(/secret|resource"|Key/)
  })

  it('names the NUL character', () => {
    expect(toOutcome(postgres('22P05')).outcome.issue[0]!.diagnostics).toContain('U+0000')
  })

  it('tells a statement that ran too long from one that was cancelled', () => {
    expect(toOutcome(postgres('57014', 'canceling statement due to statement timeout')).status).toBe(422)
    expect(toOutcome(postgres('57014', 'canceling statement due to user request')).status).toBe(503)
  })

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'timeout exceeded when trying to connect',
  ])('knows what pg throws without a code: %s', (message) => {
    expect(toOutcome(new Error(message))).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } })
  })

  it.each([new Error('secret'), new FhirError('Internal error'), 'secret', undefined, null, { code: '23505' }])(
    'says of %s only "Internal error"',
    (thrown) => {
      const { status, outcome } = toOutcome(thrown)
      expect(status).toBe(500)
      expect(outcome.issue).toEqual([{ severity: 'error', code: 'exception', diagnostics: 'Internal error' }])
    },
  )
})
