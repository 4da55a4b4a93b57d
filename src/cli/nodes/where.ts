import {type CommandLine, givenValue} from '../argv.js'

/** They say where a command runs, and are not passed on to there. */
export const nodeFlagNames: ReadonlySet<string> = new Set([
  'node',
  'sudo',
  'node-crisp',
  'node-file',
  'node-mode',
])

/** They are about this machine, or about crisp. */
const verbsHere: ReadonlySet<string> = new Set([
  'completion',
  'config',
  'demo',
  'explain',
  'init',
  'jsonschema',
  'node',
])

/** The node that the command line, or CRISP_NODE, asks for; undefined where the command runs here. */
export function askedNode(line: CommandLine, environment: NodeJS.ProcessEnv): string | undefined {
  if (verbsHere.has(line.id)) return undefined
  const flag = givenValue(line.given, 'node')
  const node = typeof flag === 'string' ? flag : line.empty.includes('node') ? '' : environment.CRISP_NODE
  return node || undefined
}

/** Whether the runtime's socket is to be had here, in place of a program there. */
export function asksForTunnel({given}: CommandLine): boolean {
  return givenValue(given, 'node-mode') === 'tunnel'
}
