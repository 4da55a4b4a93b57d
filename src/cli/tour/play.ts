import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {StringDecoder} from 'node:string_decoder'
import {printableLines} from '../../errors/printable.js'
import {ownCommand} from '../../text/own-command.js'
import type {MadeCall, Ran} from '../../tour/check.js'
import type {TracedCall} from '../../tour/pages.js'
import {wantsColour} from '../colour.js'
import type {AllowedLine} from './allowed.js'

/** Where commands of a tour run, and what they get of this machine. */
export interface Stage {
  endpoint: string
  /** They run in it; whatever they keep is kept there, and goes with it. */
  directory: string
  signal: AbortSignal
}

export interface PlayOptions {
  /** `silent` shows nothing; only `asked` may read what is typed. */
  audience: 'asked' | 'shown' | 'silent'
  /** As Ctrl-C would. */
  stopAfterMs?: number | undefined
  /** Gets all that it prints, harmless to a terminal: its container may say what anybody has written. */
  show?: ((text: string) => Promise<void>) | undefined
}

/** A moment of the trace, as --trace=json writes it: `call` and `end` are the ends of calls and of connections. */
export interface TraceEvent extends TracedCall {
  event: 'begin' | 'message' | 'call' | 'end'
  call: number
}

export interface Played extends Ran {
  events: readonly TraceEvent[]
}

/** Of a user's environment what concerns the terminal and the language; nothing that leads to settings or accounts. */
const kept = [
  'PATH',
  'TERM',
  'COLORTERM',
  'NO_COLOR',
  'CLICOLOR_FORCE',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
]

/** Runs a command of crisp on the tour's runtime, to its end. */
export async function play(
  {kind, verb, argv}: AllowedLine,
  {endpoint, directory, signal}: Stage,
  {audience, stopAfterMs, show}: PlayOptions,
): Promise<Played> {
  signal.throwIfAborted()
  const [program, ...words] = ownCommand(process)
  const traceFile = join(directory, 'trace.json')
  const output = audience === 'silent' ? 'ignore' : show ? 'pipe' : 1
  const traced = kind === 'command' ? ['--trace=json', `--trace-file=${traceFile}`] : []
  const colour = `--color=${!show && wantsColour(process.stdout) ? 'always' : 'never'}`
  const sized = show ? sizeOf(process.stdout) : []
  const child = spawn(program, [...words, ...sized, colour, ...traced, ...withLogs(argv, directory)], {
    cwd: directory,
    stdio: [audience === 'asked' ? 'inherit' : 'ignore', output, output],
    env: {
      ...Object.fromEntries(kept.map((name) => [name, process.env[name]])),
      ...(show ? {TERM: 'dumb'} : {}),
      // It would take the next lines that are typed for its keys.
      PAGER: 'cat',
      HOME: directory,
      XDG_STATE_HOME: directory,
      XDG_CONFIG_HOME: directory,
      XDG_RUNTIME_DIR: directory,
      CRI_CONFIG_FILE: '/dev/null',
      CONTAINER_RUNTIME_ENDPOINT: endpoint,
      IMAGE_SERVICE_ENDPOINT: endpoint,
    },
  })
  try {
    const [exitCode] = await Promise.all([
      endOf(child, signal, stopAfterMs),
      ...[child.stdout, child.stderr].map((stream) => stream && show && showHarmless(stream, show)),
    ])
    const events = eventsIn(traceFile)
    return {verb, exitCode, events, calls: callsIn(events)}
  } finally {
    rmSync(traceFile, {force: true})
  }
}

/** So that tables are laid out for the terminal, although it writes to us. */
function sizeOf({isTTY, columns, rows}: NodeJS.WriteStream): string[] {
  return isTTY ? ['__sized', `${columns}x${rows}`] : []
}

async function showHarmless(stream: Readable, show: (text: string) => Promise<void>): Promise<void> {
  const decoder = new StringDecoder('utf8')
  for await (const chunk of stream) await show(printableLines(decoder.write(chunk as Buffer)))
  await show(printableLines(decoder.end()))
}

/** What is made for the tour writes its logs where the tour is; a pod that is there, or in a file, says itself where. */
function withLogs([verb = '', ...words]: readonly string[], directory: string): string[] {
  const isNewPod =
    !words.some((word) => /^--(pod|file)=/.test(word)) && !/\.(ya?ml|json)$|^-$/.test(firstArgument(words))
  return verb === 'run' && isNewPod
    ? [verb, `--log-directory=${join(directory, 'pods')}`, ...words]
    : [verb, ...words]
}

function firstArgument(words: readonly string[]): string {
  return words[words.indexOf('--') + 1] ?? ''
}

async function endOf(
  child: ChildProcess,
  signal: AbortSignal,
  stopAfterMs: number | undefined,
): Promise<number> {
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  const timer = stopAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), stopAfterMs)
  try {
    const [code, by] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    signal.throwIfAborted()
    return code ?? (by === 'SIGINT' ? 130 : 143)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** A command that was ended may have left half a line. */
function eventsIn(path: string): TraceEvent[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // It made no call.
    return []
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as TraceEvent]
    } catch {
      return []
    }
  })
}

function callsIn(events: readonly TraceEvent[]): MadeCall[] {
  const ended = events.filter(({event}) => event === 'call')
  const open = events.filter(
    ({event, call}) => event === 'begin' && !ended.some((other) => other.call === call),
  )
  return [...ended, ...open]
    .filter(({service}) => service !== 'stream')
    .map(({method, status = 'left', details = '', request = {}}) => ({method, status, details, request}))
}
