import {vi} from 'vitest'

/** Asks again until nothing is thrown, for so long that a busy machine gets there too. */
export function eventually<Result>(ask: () => Result | Promise<Result>): Promise<Result> {
  return vi.waitFor(ask, {timeout: 60_000, interval: 20})
}
