import {aboutNodeText} from './about-node.js'
import {unmet} from './needs.js'
import {noSkips} from './report.js'

/** Before all tests: one line for all that is left out on this machine, and a failure where nothing may be. */
export function setup(): void {
  if (process.env.CRISP_BIN) console.log(aboutNodeText())
  const lines = unmet()
  if (lines.length === 0) return
  const text = `left out on this machine: ${lines.join('; ')}`
  if (noSkips) throw new Error(`CRISP_NO_SKIPS is set, and tests would be ${text}`)
  console.log(text)
}
