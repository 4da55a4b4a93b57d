// Preloaded: writes the process's peak memory in KiB to the file that PEAK_RSS names, when it ends.
import {writeFileSync} from 'node:fs'

process.on('exit', () => writeFileSync(process.env.PEAK_RSS, `${process.resourceUsage().maxRSS}`))
