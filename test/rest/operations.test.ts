import type { OperationDefinition } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from '../../src/features.js'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import type { Operation } from '../../src/rest/operation.js'
import { definitionId } from '../../src/rest/operation-definition.js'
import { openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/operations.html

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  await server.expect(201, 'PUT Patient/p', { body: { resourceType: 'Patient', id: 'p' } })
})
afterAll(() => server.stop())

/** A path where the operation is called. */
function pathOf({ code, on }: Operation): string {
  const [level] = on.levels
  const type = on.resource === '*' ? 'Patient' : on.resource?.[0]
  return level === 'system' ? `$${code}` : level === 'type' ? `${type}/$${code}` : `${type}/p/$${code}`
}

const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', ...(parameter.length && { parameter }) })

describe.each(operations.map((one) => [definitionId(one), one] as const))('%s', (id, one) => {
  it('has its definition here', async () => {
    const { json } = await server.expect(200, `GET OperationDefinition/${id}`)
    expect(validateStructure(json)).toEqual([])
    const definition = json as OperationDefinition
    expect(definition).toMatchObject({ code: one.code, affectsState: one.affectsState, kind: 'operation' })
    expect(definition.parameter!.map(({ name, use }) => `${use} ${name}`)).toEqual([
      ...Object.keys(one.in).map((name) => `in ${name}`),
      ...Object.keys(one.out).map((name) => `out ${name}`),
    ])
  })

  it('is offered by GET unless it changes something', async () => {
    const { status, headers } = await server.ask(`PUT ${pathOf(one)}`, { body: parameters() })
    expect(status).toBe(405)
    expect(headers.get('allow')).toBe(one.affectsState ? 'POST' : 'GET, HEAD, POST')
  })

  it('names a parameter that it does not have', async () => {
    const path = pathOf(one)
    expect(await server.refused(400, `POST ${path}?no-such=1`, { body: parameters() })).toContain('no-such')
    if (!one.accepts) {
      const body = parameters({ name: 'no-such', valueString: '1' })
      expect(await server.refused(400, `POST ${path}`, { body })).toContain('no-such')
    }
  })

  const [needed] = Object.entries(one.in).filter(([, spec]) => spec.startsWith('1'))
  if (needed)
    it('names the parameter that is missing', async () => {
      expect(await server.refused(400, `POST ${pathOf(one)}`, { body: parameters() })).toContain(needed[0])
    })
})
