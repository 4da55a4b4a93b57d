import {randomBytes} from 'node:crypto'

const tokenBytes = 24
const lifetimeMs = 60_000
const outstandingLimit = 1000

/** CRI servers answer ResourceExhausted for this. */
export class TooManyTokensError extends Error {
  override name = 'TooManyTokensError'

  constructor() {
    super(`${outstandingLimit} streaming URLs are waiting for their client: use one, or wait a minute`)
  }
}

export interface Tokens<T> {
  /** An unguessable token, good for one use within a minute. Throws TooManyTokensError. */
  issue(value: T): string
  /** What the token stands for, once. */
  take(token: string): T | undefined
}

export function createTokens<T>(nowMs: () => number = () => performance.now()): Tokens<T> {
  // In the order of their expiry.
  const outstanding = new Map<string, {value: T; expiresAtMs: number}>()

  const dropExpired = (): void => {
    for (const [token, {expiresAtMs}] of outstanding) {
      if (expiresAtMs > nowMs()) return
      outstanding.delete(token)
    }
  }

  return {
    issue(value) {
      dropExpired()
      if (outstanding.size >= outstandingLimit) throw new TooManyTokensError()
      const token = randomBytes(tokenBytes).toString('base64url')
      outstanding.set(token, {value, expiresAtMs: nowMs() + lifetimeMs})
      return token
    },
    take(token) {
      dropExpired()
      const value = outstanding.get(token)?.value
      outstanding.delete(token)
      return value
    },
  }
}
