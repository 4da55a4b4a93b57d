import {containerdMissing} from './availability.js'

/** Before all tests: one line where those on a real containerd are left out, and a failure where they must run. */
export function setup(): void {
  const reason = containerdMissing()
  if (reason === undefined) return
  if (process.env.CRISP_REQUIRE_CONTAINERD)
    throw new Error(`the tests on a real containerd must run: ${reason}`)
  console.log(`skipping the tests on a real containerd: ${reason}`)
}
