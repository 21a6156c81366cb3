import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export interface IdentityProvider {
  /** What a server is configured by that takes this provider's tokens. */
  settings: Record<string, string>
  /** Headers of a request with a token of these scopes. */
  as(scope: string, subject?: string): Promise<Record<string, string>>
  close(): void
}

const issuer = 'https://idp.example'
const audience = 'https://fhir.example'

/** Signs tokens, and serves the key that they are checked by. */
export async function openIdentityProvider(): Promise<IdentityProvider> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k', use: 'sig' }
  const server = createServer((_, res) => res.end(JSON.stringify({ keys: [jwk] }))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    settings: {
      INGLE_AUTH_JWKS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
      INGLE_AUTH_ISSUER: issuer,
      INGLE_AUTH_AUDIENCE: audience,
    },
    async as(scope, subject = 'app') {
      const token = await new SignJWT({ scope })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setExpirationTime('1 min')
        .sign(privateKey)
      return { Authorization: `Bearer ${token}` }
    },
    close: () => void server.close(),
  }
}
