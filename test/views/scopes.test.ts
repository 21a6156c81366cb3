import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openViews, parameters, type ViewServer } from './server.js'

// A view shows resources of its type, so it takes the scopes of a search for them, however it is named.

const issuer = 'https://idp.example'
const audience = 'https://fhir.example'
let provider: Server
let key: CryptoKey
let server: ViewServer

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  key = privateKey
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k', use: 'sig' }
  provider = createServer((_, res) => res.end(JSON.stringify({ keys: [jwk] }))).listen(0, '127.0.0.1')
  await once(provider, 'listening')
  server = await openViews({
    INGLE_AUTH_JWKS_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`,
    INGLE_AUTH_ISSUER: issuer,
    INGLE_AUTH_AUDIENCE: audience,
  })
  const headers = await as('system/*.cruds')
  await server.expect(201, 'PUT Patient/p', { body: { resourceType: 'Patient', id: 'p' }, headers })
})
afterAll(async () => {
  await server?.stop()
  provider.close()
})

async function as(scope: string): Promise<Record<string, string>> {
  const token = await new SignJWT({ scope })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('app')
    .setExpirationTime('1 min')
    .sign(key)
  return { Authorization: `Bearer ${token}` }
}

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
