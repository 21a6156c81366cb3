import type { Logger } from 'pino'

/** Who asks. Without an identity provider configured everybody is `anonymous` and may do everything. */
export interface Principal {
  subject: string
  /** SMART v2 scopes such as `system/Patient.rs`; absent = unrestricted. */
  scopes?: string[]
}

/** Made at the door, passed first, never fetched. */
export interface Context {
  readonly tenant: number
  readonly principal: Principal
  readonly requestId: string
  readonly log: Logger
  /** Aborts when the client hangs up or the request's deadline passes. */
  readonly signal?: AbortSignal
}
