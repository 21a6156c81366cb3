import { afterAll, beforeAll, expect, it } from 'vitest'
import { type IdentityProvider, openIdentityProvider } from '../support/identity-provider.js'
import { openViews, parameters, type ViewServer } from './server.js'

// A view shows resources of its type, so it takes the scopes of a search for them, however it is named.

let provider: IdentityProvider
let server: ViewServer

beforeAll(async () => {
  provider = await openIdentityProvider()
  server = await openViews(provider.settings)
  const headers = await as('system/*.cruds')
  await server.expect(201, 'PUT Patient/p', { body: { resourceType: 'Patient', id: 'p' }, headers })
})
afterAll(async () => {
  await server?.stop()
  provider.close()
})

const as = (scope: string) => provider.as(scope)

const ids = { resource: 'Patient', select: [{ column: [{ name: 'id', path: 'id' }] }] }
const ofPatient = [{ name: 'patient', valueReference: { reference: 'Patient/p' } }]
const sent = [{ resourceType: 'Patient', id: 'q' }]

it.each<[scope: string, status: number, body: object]>([
  ['system/Patient.rs', 200, parameters(ids)],
  ['system/Observation.rs', 403, parameters(ids)],
  ['patient/Patient.rs', 403, parameters(ids)],
  ['system/Observation.rs', 200, parameters(ids, sent)],
  ['system/Observation.rs', 403, parameters({ ...ids, resource: 'Observation' }, [], ofPatient)],
  ['system/Observation.rs system/Patient.rs', 200, parameters({ ...ids, resource: 'Observation' }, [], ofPatient)],
  [
    'system/Patient.rs',
    403,
    { resourceType: 'Parameters', parameter: [{ name: 'viewCanonical', valueUri: 'http://a' }] },
  ],
])('with %s is %i', async (scope, status, body) => {
  const { text } = await server.expect(status, 'POST ViewDefinition/$run', { body, headers: await as(scope) })
  if (status === 403) expect(text).toContain('scope')
})
