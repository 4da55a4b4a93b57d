import {isTerminal} from '../terminal/is-terminal.js'
import {isCrictlMode} from '../text/program.js'
import type {HelpRequest} from './argv.js'
import {wantsColour} from './colour.js'
import {
  briefHelp,
  type CommandHelp,
  commandHelp,
  type FlagHelp,
  type HelpOptions,
  overview,
  shortHelp,
} from './help.js'

interface Commands {
  commands: readonly CommandHelp[]
  globals: readonly FlagHelp[]
}

/** To stdout; on a terminal in its width, and through a pager where it is longer than the screen. */
export async function showHelp(
  manifest: Commands,
  request: HelpRequest,
  print: (text: string) => void,
): Promise<void> {
  const isTTY = isTerminal(1)
  const style = wantsColour({isTTY}) ? (await import('../terminal/colours.js')).helpStyle : undefined
  const width = isTTY && !isCrictlMode() ? process.stdout.columns || undefined : undefined
  const text = await requestedText(manifest, request, {width, style})
  if (width === undefined) print(text)
  else await (await import('../terminal/pager.js')).showPaged(text, process.stdout)
}

async function requestedText(
  manifest: Commands,
  request: HelpRequest,
  options: HelpOptions,
): Promise<string> {
  if (request.topic === undefined || request.topic === 'all') return helpText(manifest, request, options)
  const {topicText} = await import('./topics.js')
  return topicText(request.topic, options)
}

/** In crictl's mode there is one help for everything, as in crictl. */
export function helpText(
  {commands, globals}: Commands,
  request: HelpRequest,
  options: HelpOptions = {},
): string {
  const command = commands.find(({id}) => id === request.command)
  const inFull = request.inFull || request.topic === 'all' || isCrictlMode()
  if (command) return (inFull ? commandHelp : briefHelp)(command, globals, options)
  return inFull ? overview(commands, globals, options) : shortHelp(options)
}
