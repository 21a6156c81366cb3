import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { expectOutcome, serve } from './serve.js'

const issuer = 'https://idp.example'
const audience = 'https://fhir.example'

/** An identity provider that publishes a key for each algorithm, and a server that believes it. */
async function withProvider(algorithms = ['RS256']) {
  const pairs = new Map(await Promise.all(algorithms.map(async (alg) => [alg, await generateKeyPair(alg)] as const)))
  const keys = await Promise.all(
    [...pairs].map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), alg, kid: alg, use: 'sig' })),
  )
  let asked = 0
  const provider = createServer((_, res) => {
    asked++
    res.end(JSON.stringify({ keys }))
  }).listen(0, '127.0.0.1')
  await once(provider, 'listening')
  onTestFinished(() => {
    provider.close()
  })
  const jwks = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`
  const env = { INGLE_AUTH_JWKS_URL: jwks, INGLE_AUTH_ISSUER: issuer, INGLE_AUTH_AUDIENCE: audience }
  const token = (claims: JWTPayload = {}, alg = 'RS256', key = pairs.get(alg)!.privateKey) => {
    const now = Math.floor(Date.now() / 1000)
    const usual = { iss: issuer, aud: audience, sub: 'app-1', exp: now + 60, scope: 'system/*.cruds' }
    return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg, kid: alg }).sign(key)
  }
  return { ...(await serve({ env })), provider, token, asked: () => asked }
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

describe('a bearer token', () => {
  it.each(['RS256', 'RS384', 'ES256', 'ES384'])('signed with %s names the principal', async (alg) => {
    const { fhir, exchanges, token } = await withProvider([alg])
    const answer = await fetch(`${fhir}/Patient`, bearer(await token({ scope: 'openid  user/Patient.rs' }, alg)))
    expect(answer.status).toBe(200)
    expect(exchanges[0]!.ctx.principal).toEqual({ subject: 'app-1', scopes: ['openid', 'user/Patient.rs'] })
  })

  it.each<[string, JWTPayload, RegExp]>([
    ['has expired', { exp: 1 }, /has expired/],
    ['never expires', { exp: undefined }, /"exp"/],
    ['is from another issuer', { iss: 'https://other.example' }, /"iss"/],
    ['is for another audience', { aud: 'https://other.example' }, /"aud"/],
    ['is for nobody', { sub: undefined }, /"sub"/],
    ['is not valid yet', { nbf: 4_000_000_000 }, /"nbf"/],
  ])('that %s is 401', async (_, claims, says) => {
    const { fhir, exchanges, token } = await withProvider()
    const answer = await fetch(`${fhir}/Patient`, bearer(await token(claims)))
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="fhir", error="invalid_token"')
    expect(await expectOutcome(answer, 401, 'login')).toMatch(says)
    expect(exchanges).toHaveLength(0)
  })

  it('of another key, of another algorithm, unsigned or no JWT is 401', async () => {
    const { fhir, exchanges, token } = await withProvider()
    const foreign = await token({}, 'RS256', (await generateKeyPair('RS256')).privateKey)
    const other = await token({}, 'RS512', (await generateKeyPair('RS512')).privateKey)
    const [, payload] = (await token()).split('.')
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    for (const bad of [foreign, other, none, 'abc', 'a.b.c']) {
      const answer = await fetch(`${fhir}/Patient`, bearer(bad))
      expect(answer.headers.get('www-authenticate')).toContain('invalid_token')
      await expectOutcome(answer, 401, 'login')
    }
    expect(exchanges).toHaveLength(0)
  })

  it.each([undefined, 'Basic YTpi', 'Bearer', 'Bearer a b'])(
    'is asked for when Authorization is %s',
    async (header) => {
      const { fhir } = await withProvider()
      const answer = await fetch(`${fhir}/Patient`, { headers: header ? { Authorization: header } : {} })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="fhir"')
      await expectOutcome(answer, 401, 'login')
    },
  )

  it('is not needed for /fhir/metadata', async () => {
    const { fhir, exchanges } = await withProvider()
    expect((await fetch(`${fhir}/metadata`)).status).toBe(200)
    expect(exchanges[0]!.ctx.principal.subject).toBe('anonymous')
    expect((await fetch(`${fhir}/metadata/x`)).status).toBe(401)
    expect((await fetch(`${fhir}/metadata`, { method: 'POST' })).status).toBe(401)
  })

  it('is looked at once, and the keys are fetched once', async () => {
    const { fhir, exchanges, token, asked } = await withProvider()
    const same = bearer(await token())
    for (const _ of [1, 2, 3]) await fetch(`${fhir}/Patient`, same)
    expect(exchanges[2]!.ctx.principal).toBe(exchanges[0]!.ctx.principal)
    await fetch(`${fhir}/Patient`, bearer(await token({ sub: 'app-2' })))
    expect(exchanges[3]!.ctx.principal.subject).toBe('app-2')
    expect(asked()).toBe(1)
  })

  it('is not believed for longer than it is good', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    onTestFinished(() => void vi.useRealTimers())
    const { fhir, token } = await withProvider()
    const good = bearer(await token())
    expect((await fetch(`${fhir}/Patient`, good)).status).toBe(200)
    vi.setSystemTime(Date.now() + 66_000)
    expect(await expectOutcome(await fetch(`${fhir}/Patient`, good), 401, 'login')).toContain('has expired')
  })

  it('that cannot be checked, as the provider is away, is 503', async () => {
    const { fhir, provider, token } = await withProvider()
    provider.close()
    const answer = await fetch(`${fhir}/Patient`, bearer(await token()))
    expect(answer.headers.get('retry-after')).toBe('5')
    await expectOutcome(answer, 503, 'transient')
  })
})

describe('scopes', () => {
  it.each([
    ['system/Patient.r', 'GET', '/Patient/1', 200],
    ['system/Patient.r', 'GET', '/Patient', 403],
    ['user/Observation.rs', 'GET', '/Patient/1', 403],
    ['', 'GET', '/Patient/1', 403],
    ['system/Patient.r', 'POST', '', 200], // a Bundle: each entry is asked about by itself
  ])('%s: %s %s is %i', async (scope, method, path, status) => {
    const { fhir, token } = await withProvider()
    const answer = await fetch(fhir + path, { method, ...bearer(await token({ scope })) })
    if (status === 403) expect(await expectOutcome(answer, 403, 'forbidden')).toMatch(/system\/Patient\.[rs]/)
    else expect(answer.status).toBe(status)
  })
})
