import {UsageError} from '../errors/errors.js'
import {isCrictlMode, programName} from '../text/program.js'

/** Throws UsageError for a flag that stands where the command begins. No program has such a name, and none is asked for. */
export function refuseFlagAsCommand(word: string | undefined, verb: string, reference: string): void {
  if (!word?.startsWith('-') || word === '--' || isCrictlMode()) return
  throw new UsageError(
    `${word} stands behind ${reference}, where the command begins: flags go before it, as in ${programName()} ${verb} ${word} … ${reference}`,
  )
}
