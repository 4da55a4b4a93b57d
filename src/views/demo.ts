import {codeName, type RpcCode} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {type Paint, unpainted} from '../text/meaning.js'
import {programName} from '../text/program.js'
import {shortId} from '../text/short-id.js'

interface EndedCall {
  method: string
  request: object | undefined
  code: RpcCode
  details: string
  messages: number
  durationMs: number
}

function warningOfRoot(): string {
  return `
  ITS CONTAINERS ARE PROCESSES OF ROOT ON THIS MACHINE, WITHOUT ANY ISOLATION.
  What one of them does, it does to this machine: files it removes are gone here.
  "${programName()} demo --user NAME" runs server and containers as somebody else.
`
}

/** In one line, what root should know before it runs anything there. */
export function demoOfRoot(): string {
  return `the embedded runtime runs as root and isolates nothing: what a container does, it does to this machine (${programName()} demo --user NAME runs it as another user)`
}

/** What to do with a runtime that has just come up. */
export function demoIntroduction(reference: string, socketPath: string, {ofRoot}: {ofRoot: boolean}): string {
  const crisp = `${programName()} -r ${reference}`
  return `The embedded runtime serves the CRI on ${socketPath} until Ctrl-C.
${ofRoot ? warningOfRoot() : 'Its containers are ordinary processes of yours: there is no isolation at all.'}
In another terminal:

  ${crisp} pods
  ${crisp} ps -a
  ${crisp} logs orders
  ${crisp} exec toolbox/shell date
  ${crisp} stats

CRI calls as they come:
`
}

/** One line: when, what, about which object, how long, and how it ended where that was badly. */
export function callLine(call: EndedCall, atMs: number, paint: Paint = unpainted): string {
  const time = new Date(atMs).toISOString().slice(11, 23)
  const subject = subjectOf(call.request)
  const duration = `${call.durationMs < 10 ? call.durationMs.toFixed(1) : Math.round(call.durationMs)} ms`
  const ending = call.code === 0 ? '' : `${codeName(call.code)}: ${call.details}`
  const parts = [
    paint('ended', time),
    printable(call.method.padEnd(22)),
    paint('ended', duration.padStart(9)),
    printable(subject),
    paint('failed', printable(ending)),
  ]
  return `${parts.filter(Boolean).join('  ')}\n`
}

/** The first thing in a request that says what it is about: an ID, a name, a filter. */
function subjectOf(request: object | undefined): string {
  const fields = (request ?? {}) as Record<string, unknown>
  const id = fields.containerId ?? fields.podSandboxId
  const command = Array.isArray(fields.cmd) ? fields.cmd.join(' ') : ''
  if (typeof id === 'string' && id !== '' && !fields.config) return `${shortId(id)} ${command}`.trim()
  const image = textAt(fields, 'image', 'image')
  if (image !== '') return image
  const name = textAt(fields, 'config', 'metadata', 'name')
  if (name !== '') return name
  return filterText(fields.filter)
}

function textAt(value: unknown, ...path: string[]): string {
  const found = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null)?.[key], value)
  return typeof found === 'string' ? found : ''
}

function filterText(filter: unknown): string {
  const set = Object.entries((filter ?? {}) as object).filter(
    ([, value]) =>
      value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0),
  )
  return set
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(' ')
}
