import {RpcError, rpcCode, UnreachableError} from '../errors/errors.js'
import {isRuntimeLost} from '../node/lost-runtime.js'
import {durationText} from '../text/duration.js'
import type {Check, Finding, Severity, Source} from './check.js'
import {NotChecked} from './not-checked.js'
import type {Subject} from './subject.js'

/** How a check went. */
export interface Outcome {
  name: string
  about: string
  sources: readonly Source[]
  /** `failed` is a fault of our own. */
  result: 'ok' | Severity | 'not checked' | 'failed'
  /** Why it was not checked, or how it failed. */
  reason?: string
  findings: readonly Finding[]
}

/** For the lists, and after them for every status; and a moment for the words. */
const limitsOfCheck = 2
const graceMs = 1_000

/** Runs all of the checks at once, each with an end. The outcomes are in the order of the checks. */
export function examine(checks: readonly Check[], subject: Subject): Promise<Outcome[]> {
  return Promise.all(checks.map((check) => examineOne(check, subject)))
}

async function examineOne(check: Check, subject: Subject): Promise<Outcome> {
  const {name, about, sources} = check
  const limitMs = limitsOfCheck * subject.limitMs + graceMs
  try {
    const findings = await withinTime(check.run(subject), limitMs)
    return {name, about, sources, result: worstOf(findings) ?? 'ok', findings}
  } catch (error) {
    subject.signal?.throwIfAborted()
    const reason = reasonFor(error)
    return reason === undefined
      ? {
          name,
          about,
          sources,
          result: 'failed',
          reason: String((error as Error)?.stack ?? error),
          findings: [],
        }
      : {name, about, sources, result: 'not checked', reason, findings: []}
  }
}

/** Undefined where it is our own fault. */
function reasonFor(error: unknown): string | undefined {
  if (error instanceof NotChecked) return error.message
  if (isRuntimeLost(error) || error instanceof UnreachableError) return 'the runtime does not answer'
  if (!(error instanceof RpcError)) return undefined
  return error.code === rpcCode.unimplemented
    ? `the runtime has no ${error.method}`
    : `${error.method} fails: ${error.details}`
}

/** What is left behind may still end, which nobody waits for. Throws NotChecked where it does not in time. */
export async function withinTime<Value>(work: Promise<Value>, limitMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NotChecked(`not done within ${durationText(limitMs)}`)), limitMs)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}

const severities: readonly Severity[] = ['info', 'warning', 'broken']

/** Undefined of none. */
export function worstOf(findings: readonly {severity: Severity}[]): Severity | undefined {
  return severities.findLast((severity) => findings.some((finding) => finding.severity === severity))
}
