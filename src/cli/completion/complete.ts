import {existsSync} from 'node:fs'
import {signalAfter} from '../../client/deadlines.js'
import {knownSockets} from '../../client/endpoints.js'
import {readLine} from '../argv.js'
import {configReader} from '../settings/file.js'
import {readSettings} from '../settings/settings.js'
import type {Candidate, CompletableCommand, CompletableFlag, Position} from './position.js'
import {positionOf, runtimeFlags} from './position.js'
import {answer, type Shell, shells, typedLine} from './shells.js'
import {typedNodes} from './typed-nodes.js'

/** A busy node takes this long; after that a person has gone on typing. */
const patienceMs = 1_000
/** A login may come before. */
const nodePatienceMs = 2_500

/**
 * `__complete SHELL …`, what the shells' functions call at every Tab: the answer for stdout, and never an error. Names
 * that the runtime does not bring in time are left out.
 */
export async function complete(
  [shell, ...sent]: readonly string[],
  commands: readonly CompletableCommand[],
  globals: readonly CompletableFlag[],
  version: string,
): Promise<string> {
  if (shell === 'lists') return await listsFor(sent, globals)
  if (!shells.includes(shell as Shell)) return ''
  const typed = typedLine(shell as Shell, sent)
  const position = positionOf(typed.words, commands, globals)
  if (wantsFiles(position)) return 'files\n'
  const candidates = [...position.candidates, ...(await lookedUp(position, globals, version))]
  const fresh = candidates.filter(({word}) => !position.taken.includes(word))
  const kind = ['container-path', 'request-field'].includes(position.lookup ?? '') ? 'open' : 'words'
  if (kind === 'open' && fresh.length === 0) return 'files\n'
  return `${kind}\n${answer(shell as Shell, position.kept, position.part, fresh, typed.raw)}`
}

/** What begins like a path, where something else may stand too. */
const pathStarts: Readonly<Record<string, RegExp>> = {
  file: /^/,
  socket: /^[./]/,
  'container-path': /^[./~]|:/,
}

function wantsFiles({lookup = '', part}: {lookup?: string; part: string}): boolean {
  return pathStarts[lookup]?.test(part) ?? false
}

async function lookedUp(
  position: Position,
  globalFlags: readonly CompletableFlag[],
  version: string,
): Promise<Candidate[]> {
  const {lookup, part, globals, taken} = position
  if (lookup === undefined) return []
  if (lookup === 'socket') return presentSockets(part)
  if (lookup === 'request-field') {
    const {fieldsToComplete} = await import('../../config-files/requests.js')
    return fieldsToComplete(taken[0] ?? '', part).map((word) => ({word}))
  }
  if (lookup === 'known-node') {
    const {knownNodes} = await import('../../nodes/known-nodes.js')
    const nodes = knownNodes(process.env).map(({destination}) => ({word: destination}))
    return nodes.filter(({word}) => word.startsWith(part))
  }
  if (lookup === 'node') {
    const {nodeCandidates} = await import('./nodes.js')
    return await nodeCandidates(part, process.env)
  }
  try {
    const onNodes = typedNodes(position, process.env)
    const signal = patience(onNodes ? nodePatienceMs : patienceMs)
    if (onNodes) {
      const {candidatesOnNodes} = await import('./on-nodes.js')
      return await candidatesOnNodes(lookup, onNodes, position.line, {globalFlags, version, signal})
    }
    const settings = await readSettings(globals, process.env, () => undefined, configReader(signal))
    const {liveCandidates} = await import('./live.js')
    return await liveCandidates(lookup, part, settings, signal)
  } catch {
    // Whatever it was, a message would land in the middle of the line that is being typed.
    return []
  }
}

/** Counted from the start of the process: that is when the key was pressed. */
function patience(usualMs: number): AbortSignal {
  const leftMs = Number(process.env.CRISP_COMPLETION_MS || usualMs) - performance.now()
  return signalAfter(Math.max(0, Math.ceil(leftMs)))
}

/** `__complete lists LIST FLAG…`, on a node: the names that a Tab elsewhere asks for, as JSON; nothing where there are none. */
async function listsFor(
  [list = '', ...words]: readonly string[],
  globals: readonly CompletableFlag[],
): Promise<string> {
  try {
    const {after, before} = readLine(words, [], globals)
    const {given} = after ?? before
    const signal = signalAfter(farPatienceMs)
    const settings = await readSettings(
      runtimeFlags(given),
      process.env,
      () => undefined,
      configReader(signal),
    )
    const [{askRuntime}, {listsText}] = await Promise.all([import('./live.js'), import('./kept-lists.js')])
    return listsText(await askRuntime({...settings, list}, signal))
  } catch {
    return ''
  }
}

/** Whoever asked has mostly gone before. */
const farPatienceMs = 10_000

function presentSockets(part: string): Candidate[] {
  const present = knownSockets
    .filter(({path}) => existsSync(path))
    .map(({path, runtime}) => ({word: `unix://${path}`, hint: runtime}))
  return [...present, {word: 'demo', hint: 'the embedded runtime'}].filter(({word}) => word.startsWith(part))
}
