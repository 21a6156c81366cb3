import { describe, expect, it } from 'vitest'
import { openLog, urlTemplate } from '../../src/base/log.js'

/** What a log at `info` writes, parsed. */
function logged(write: (log: ReturnType<typeof openLog>) => void): Record<string, unknown>[] {
  const lines: string[] = []
  write(openLog('info', { write: (line) => void lines.push(line) }))
  return lines.map((line) => JSON.parse(line))
}

describe('openLog', () => {
  it('writes JSON lines with level, ISO time, request and tenant', () => {
    const [line, ...more] = logged((log) => {
      log.child({ requestId: 'r1', tenant: 3 }).info({ status: 200 }, 'answered')
      log.debug('not at this level')
    })
    expect(line).toMatchObject({ level: 'info', msg: 'answered', requestId: 'r1', tenant: 3, status: 200 })
    expect(new Date(line!.time as string).toISOString()).toBe(line!.time)
    expect(more).toEqual([])
  })

  it('redacts bodies, queries and credentials', () => {
    const written = logged((log) => {
      log.info({ body: 'Chalmers', query: 'name=Chalmers', exchange: { body: 'Chalmers', query: 'Chalmers' } })
      log.info({ headers: { authorization: 'Bearer Chalmers' }, password: 'Chalmers' })
    })
    expect(JSON.stringify(written)).not.toContain('Chalmers')
    expect(written[0]).toMatchObject({ body: '[redacted]', exchange: { query: '[redacted]' } })
  })

  it('tells what failed without the row or the input that it failed on', () => {
    const duplicate = Object.assign(new Error('duplicate key value violates unique constraint "resource_pkey"'), {
      code: '23505',
      detail: 'Key (id)=(Chalmers) already exists.',
      table: 'resource',
    })
    const unreadable = Object.assign(new Error('invalid input syntax for type date: "Chalmers"'), { code: '22007' })
    const malformed = new Error('The body is not JSON', { cause: new SyntaxError('Unexpected token in "Chalmers"') })
    const written = logged((log) => {
      for (const err of [duplicate, unreadable, malformed]) log.error({ err }, 'failed')
    })
    expect(JSON.stringify(written)).not.toContain('Chalmers')
    expect(written).toMatchObject([
      { err: { code: '23505', table: 'resource', message: expect.stringContaining('resource_pkey') } },
      { err: { code: '22007', frames: expect.arrayContaining([expect.stringMatching(/^at /)]) } },
      { err: { message: 'The body is not JSON', cause: { type: 'SyntaxError' } } },
    ])
  })
})

it.each([
  ['', '', '/'],
  ['Patient', 'name=Chalmers&birthdate=ge1970', '/Patient?name&birthdate'],
  ['Patient', 'Chalmers', '/Patient'],
  ['Patient/123/_history/2', '', '/Patient/{id}/_history/{id}'],
  ['Patient/Chalmers/$everything', '', '/Patient/{id}/$everything'],
  ['Observation', 'subject:Patient.name=x', '/Observation?subject:Patient.name'],
])('%s?%s is logged as %3$s', (path, query, template) => {
  expect(urlTemplate(path.split('/').filter(Boolean), query, (word) => /^(Patient|Observation)$/.test(word))).toBe(
    template,
  )
})
