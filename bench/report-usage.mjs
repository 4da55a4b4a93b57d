// Preloaded: when the process ends it writes what it took to the file that USAGE_FILE names, as JSON: its peak memory in
// KiB, its processor time, and on Linux how many bytes it read, its own modules included.
import {existsSync, readFileSync, writeFileSync} from 'node:fs'

const io = '/proc/self/io'

process.on('exit', () => {
  const readBytes = existsSync(io) ? Number(/^rchar: (\d+)/m.exec(readFileSync(io, 'latin1'))[1]) : undefined
  const {maxRSS, userCPUTime, systemCPUTime} = process.resourceUsage()
  const processorMs = (userCPUTime + systemCPUTime) / 1_000
  writeFileSync(process.env.USAGE_FILE, JSON.stringify({peakKiB: maxRSS, processorMs, readBytes}))
})
