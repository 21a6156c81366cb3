import type { OperationOutcome, Parameters } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { answered, FRUIT, linesOf, plant, vs } from './orchard.js'

// https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/: batch validation, and what comes along with requests

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  await plant(server)
})
afterAll(() => server.stop())

type Parameter = NonNullable<Parameters['parameter']>[number]
const parameters = (...parameter: Parameter[]): Parameters => ({ resourceType: 'Parameters', parameter })
const validation = (...parameter: Parameter[]): Parameter => ({
  name: 'validation',
  resource: parameters(...parameter),
})
const coding = (code: string, display?: string): Parameter => ({
  name: 'coding',
  valueCoding: { system: FRUIT, code, display },
})
const url = (id: string): Parameter => ({ name: 'url', valueUri: vs(id) })
const lenient = (value: unknown): Parameter => ({ name: 'lenient-display-validation', valueBoolean: value as boolean })

async function batch(...parameter: Parameter[]) {
  const { json } = await server.expect(200, 'POST ValueSet/$batch-validate-code', { body: parameters(...parameter) })
  return (json as Parameters).parameter!.map(({ resource }) => {
    if (resource!.resourceType === 'OperationOutcome') return linesOf(resource as OperationOutcome)
    return answered(resource as Parameters).result
  })
}

describe('$batch-validate-code', () => {
  it('answers each validation in its place', async () =>
    expect(
      await batch(
        url('pomes'),
        validation(coding('apple')),
        validation(coding('medlar')),
        validation(coding('medlar'), url('all')),
        validation({ name: 'code', valueCode: 'apple' }),
        validation(),
        validation(coding('apple'), url('none')),
        { name: 'validation', resource: { resourceType: 'Patient' } },
        { name: 'validation', resource: { resourceType: 'Parameters', parameter: {} as never } },
        { name: 'validation', resource: { resourceType: 'Parameters', parameter: [null as never] } },
      ),
    ).toEqual([
      true,
      false,
      true,
      [expect.stringContaining('Unable to find code to validate')],
      [expect.stringContaining('Unable to find code to validate')],
      [`error not-found: A definition for the value Set '${vs('none')}' could not be found`],
      ['error undefined: undefined'],
      [expect.stringContaining('Unable to find code to validate')],
      [expect.stringContaining('Unable to find code to validate')],
    ]))

  it('shares what is said once, unless one says otherwise; a boolean may come as text', async () =>
    expect(
      await batch(
        url('all'),
        lenient('true'),
        validation(coding('apple', 'Birne')),
        validation(coding('apple', 'Birne'), lenient('false')),
        validation(coding('apple', 'Birne'), lenient(false)),
      ),
    ).toEqual([true, false, false]))

  it('asks the code system where no value set is named', async () =>
    expect(await batch(validation(coding('plum')), validation(coding('quince')))).toEqual([true, false]))

  it('has a limit, and says so', async () => {
    const body = parameters(...Array.from({ length: 1001 }, () => validation(coding('apple'))))
    const { json } = await server.expect(400, 'POST ValueSet/$batch-validate-code', { body })
    expect(json.issue[0].diagnostics).toBe('$batch-validate-code takes 1000 validations at most')
  })
})

describe('tx-resource', () => {
  const nuts = {
    resourceType: 'CodeSystem',
    url: 'http://orchard.example/cs/nuts',
    status: 'active',
    content: 'complete',
  } as const
  const brought = (resource: object): Parameter => ({ name: 'tx-resource', resource: resource as never })
  const ask = async (...parameter: Parameter[]) => {
    const body = parameters({ name: 'url', valueUri: nuts.url }, { name: 'code', valueCode: 'hazel' }, ...parameter)
    return answered((await server.expect(200, 'POST CodeSystem/$validate-code', { body })).json).result
  }

  it('counts for its request, ahead of what is stored', async () => {
    const hazel = { ...nuts, concept: [{ code: 'hazel' }] }
    expect(await ask(brought(hazel))).toBe(true)
    expect(await ask()).toBe(false)
    const body = parameters(
      url('all'),
      coding('nut'),
      brought({ ...nuts, url: FRUIT, version: '1.2', concept: [{ code: 'nut' }] }),
    )
    expect(answered((await server.expect(200, 'POST ValueSet/$validate-code', { body })).json).result).toBe(true)
  })

  it('stays for further requests with the same cache-id', async () => {
    const cache: Parameter = { name: 'cache-id', valueId: 'walk-1' }
    expect(await ask(brought({ ...nuts, concept: [{ code: 'hazel' }] }), cache)).toBe(true)
    expect(await ask(cache)).toBe(true)
    expect(await ask(brought({ ...nuts, concept: [{ code: 'almond' }] }), cache)).toBe(false)
    expect(await ask({ name: 'cache-id', valueId: 'walk-2' })).toBe(false)
  })

  it.each([
    [{ ...nuts, concept: { code: 'hazel' } }, 'tx-resource[0].concept'],
    [{ ...nuts, concept: [{ display: 'Hazel' }] }, 'tx-resource[0].concept[0]'],
  ])('has the shape of one: %j', async (resource, expression) => {
    const body = parameters(
      { name: 'url', valueUri: nuts.url },
      { name: 'code', valueCode: 'hazel' },
      brought(resource),
    )
    const { json } = await server.expect(400, 'POST CodeSystem/$validate-code', { body })
    expect(json.issue[0].expression).toEqual([expression])
  })
})
