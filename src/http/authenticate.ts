import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Config } from '../base/config.js'
import type { Principal } from '../base/context.js'
import { Unauthorized, Unavailable } from '../base/errors.js'

/** Who asks, from the `Authorization` header; a token seen lately is answered without a Promise. */
export type Authenticate = (authorization: string | undefined) => Principal | Promise<Principal>

export const anonymous: Principal = Object.freeze({ subject: 'anonymous' })

/** How long a verified token is believed without another look at the keys, so that a withdrawn key soon counts. */
const BELIEVED_MS = 60_000
const BELIEVED_TOKENS = 10_000
const CLOCK_SKEW_SECONDS = 5

/** A token that was shown and is not good; https://www.rfc-editor.org/rfc/rfc6750#section-3.1 */
export class InvalidToken extends Unauthorized {}

/**
 * Bearer tokens (JWT) of the configured identity provider, checked against its published keys: signature, `iss`,
 * `aud`, `exp`. Without `INGLE_AUTH_JWKS_URL` everybody is anonymous and may do everything.
 *
 * The function throws Unauthorized when there is no token, InvalidToken when it is not good (401), and Unavailable
 * when the provider's keys cannot be had (503).
 */
export function openAuthentication({ authJwksUrl, authIssuer, authAudience }: Config): Authenticate {
  if (!authJwksUrl) return () => anonymous
  const keys = createRemoteJWKSet(new URL(authJwksUrl))
  const believed = new Map<string, { principal: Principal; until: number }>()

  const verify = async (token: string): Promise<Principal> => {
    const { payload } = await jwtVerify(token, keys, {
      issuer: authIssuer,
      audience: authAudience,
      algorithms: ['RS256', 'RS384', 'ES256', 'ES384'],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_SKEW_SECONDS,
    }).catch((cause) => {
      throw refusal(cause)
    })
    const principal = principalOf(payload)
    if (believed.size >= BELIEVED_TOKENS) believed.clear()
    believed.set(token, { principal, until: Math.min(Date.now() + BELIEVED_MS, payload.exp! * 1000) })
    return principal
  }

  return (authorization) => {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1]
    if (!token) throw new Unauthorized('A bearer token is needed: Authorization: Bearer …')
    const known = believed.get(token)
    if (known && known.until > Date.now()) return known.principal
    return verify(token)
  }
}

function principalOf({ sub, scope }: JWTPayload): Principal {
  return { subject: sub!, scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [] }
}

/** What is wrong with the token, by jose's code; every other failure is the provider's, not the caller's. */
const faults: Record<string, string> = {
  ERR_JWT_EXPIRED: 'The token has expired',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "The token's signature is not good",
  ERR_JWKS_NO_MATCHING_KEY: "The token is signed with a key that is not among the provider's",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The token does not say (kid) with which key it is signed',
  ERR_JOSE_ALG_NOT_ALLOWED: 'The token is not signed with RS256, RS384, ES256 or ES384',
  ERR_JOSE_NOT_SUPPORTED: 'The token is not signed with RS256, RS384, ES256 or ES384',
  ERR_JWS_INVALID: 'The token is not a signed JWT',
  ERR_JWT_INVALID: 'The token is not a signed JWT',
}

function refusal(cause: unknown): Unauthorized | Unavailable {
  if (cause instanceof errors.JWTClaimValidationFailed) {
    return new InvalidToken(`The token's claim "${cause.claim}" is missing or not the expected one`, { cause })
  }
  const fault = cause instanceof errors.JOSEError ? faults[cause.code] : undefined
  return fault
    ? new InvalidToken(fault, { cause })
    : new Unavailable("The identity provider's keys cannot be had; try again", { cause, retryAfter: 5 })
}
