import {statSync} from 'node:fs'
import {homedir} from 'node:os'
import {dirname, join} from 'node:path'
import {socketPathOf} from '../../client/endpoints.js'
import {UserError} from '../../errors/errors.js'
import {isTrustedFolder} from '../../node/own-folder.js'
import {parseNodeSet} from '../../nodes/node-set.js'
import {nearest} from '../../text/nearest.js'
import type {Units} from '../../text/units.js'
import {parseYaml, type ReadConfig} from './file.js'

// crisp's own settings, of the user and not of the runtime: `~/.config/crisp/config.yaml`.

export interface OwnSettings {
  groups: ReadonlyMap<string, NodeGroup>
  /** Of sizes, on every node. */
  units?: Units
}

/** Nodes that have a name together, and what holds for each of them. */
export interface NodeGroup {
  nodes: readonly string[]
  settings: NodeSettings
}

export interface NodeSettings {
  sudo?: boolean
  runtimeEndpoint?: string
  /** The user's, whatever the node. */
  units?: Units
}

const keys = ['nodes', 'units']
const groupKeys = ['nodes', 'sudo', 'runtime-endpoint']
/** They have a meaning of their own. */
const reservedNames = ['all', 'failed']

export function ownSettingsPath({XDG_CONFIG_HOME = '', HOME = ''}: NodeJS.ProcessEnv): string {
  const folder = XDG_CONFIG_HOME.startsWith('/') ? XDG_CONFIG_HOME : join(HOME || homedir(), '.config')
  return join(folder, 'crisp', 'config.yaml')
}

/** Of a file that is not there nothing. Throws UserError, one line with the file's name. */
export async function readOwnSettings(
  environment: NodeJS.ProcessEnv,
  read: ReadConfig,
  note: (text: string) => void,
): Promise<OwnSettings> {
  const path = ownSettingsPath(environment)
  const text = await read(path)
  if (text === undefined) return {groups: new Map()}
  if (!isOurs(path)) {
    note(`ignoring config file ${path}: others may write to it, or it belongs to another user`)
    return {groups: new Map()}
  }
  return await parseOwnSettings(text, path)
}

function isOurs(path: string): boolean {
  const uid = process.getuid?.()
  const file = statSync(path, {throwIfNoEntry: false})
  const writableByOthers = 0o022
  return (
    isTrustedFolder(dirname(path), uid) &&
    file !== undefined &&
    [0, uid].includes(file.uid) &&
    (file.mode & writableByOthers) === 0
  )
}

export async function parseOwnSettings(text: string, path: string): Promise<OwnSettings> {
  const where = `config file ${path}`
  const content = text.trim() === '' ? {} : ((await parseYaml(text, path)) ?? {})
  const {nodes = {}, units = ''} = mapping(content, where, keys)
  if (units !== '' && units !== 'si' && units !== 'iec')
    throw new UserError(`${where}, units: should be si or iec`)
  const groups = new Map<string, NodeGroup>()
  const entries = Object.entries(nodes === '' ? {} : mapping(nodes, `${where}, nodes`))
  const written = new Map(entries)
  for (const [name] of entries) {
    if (!/^[\w.-]+$/.test(name) || reservedNames.includes(name))
      throw new UserError(
        `${where}, nodes: "${name}" can be no name of a group: letters, digits, ".", "_" and "-", and not all or failed`,
      )
    readGroup(name, [])
  }
  return {groups, ...(units !== '' && {units})}

  function readGroup(name: string, above: readonly string[]): readonly string[] {
    const place = `${where}, nodes, ${name}`
    const known = groups.get(name)
    if (known) return known.nodes
    if (above.includes(name)) throw new UserError(`${place}: the group contains itself`)
    const entry = written.get(name)
    const isSet = typeof entry === 'string' || Array.isArray(entry)
    // What has settings and no nodes is a node itself.
    const {nodes: set = name, ...settings} = isSet
      ? {nodes: entry === '' ? [] : entry}
      : mapping(entry, place, groupKeys)
    const nodes = wordsOf(set, place).flatMap((word) => {
      try {
        return parseNodeSet(word, (inner) => {
          if (!written.has(inner)) throw new UserError(unknownGroup(inner, [...written.keys()]))
          return readGroup(inner, [...above, name])
        })
      } catch (error) {
        throw error instanceof UserError && error.message.startsWith(where)
          ? error
          : new UserError(`${place}: ${(error as Error).message}`, {cause: error})
      }
    })
    groups.set(name, {nodes: [...new Set(nodes)], settings: settingsOf(settings, place)})
    return nodes
  }
}

/** Of all nodes in the file, each once. */
export function allNodes({groups}: OwnSettings): string[] {
  return [...new Set([...groups.values()].flatMap(({nodes}) => nodes))]
}

/** What holds for a node, of all the groups that it is in; the last one wins. */
export function settingsFor({groups, units}: OwnSettings, node: string): NodeSettings {
  return Object.assign(
    units === undefined ? {} : {units},
    ...[...groups.values()].filter(({nodes}) => nodes.includes(node)).map(({settings}) => settings),
  )
}

export function unknownGroup(name: string, known: readonly string[]): string {
  const guess = nearest(name, known)
  const hint = guess
    ? `did you mean @${guess}?`
    : known.length > 0
      ? `there are ${known.map((each) => `@${each}`).join(', ')}`
      : 'no group is in the settings'
  return `there is no group @${name}: ${hint}`
}

function settingsOf(given: Record<string, unknown>, where: string): NodeSettings {
  const {sudo, 'runtime-endpoint': endpoint} = given
  if (sudo !== undefined && sudo !== 'true' && sudo !== 'false')
    throw new UserError(`${where}, sudo: should be true or false`)
  if (endpoint !== undefined) {
    if (typeof endpoint !== 'string')
      throw new UserError(`${where}, runtime-endpoint: should be a single value`)
    if (endpoint !== 'demo')
      try {
        socketPathOf(endpoint)
      } catch (error) {
        throw new UserError(`${where}, runtime-endpoint: ${(error as Error).message}`, {cause: error})
      }
  }
  return {
    ...(sudo !== undefined && {sudo: sudo === 'true'}),
    ...(endpoint !== undefined && {runtimeEndpoint: endpoint}),
  }
}

function wordsOf(value: unknown, where: string): string[] {
  const words: unknown[] = Array.isArray(value) ? value : [value]
  if (!words.every((word) => typeof word === 'string'))
    throw new UserError(`${where}: should be a set of nodes, as worker-[1-8], or a list of them`)
  return words
}

function mapping(value: unknown, where: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${where}: should be lines of "NAME: …"`)
  for (const key of known ? Object.keys(value) : []) {
    if (known?.includes(key)) continue
    const guess = nearest(key, known ?? [])
    throw new UserError(
      `${where}, ${key}: no such setting${guess ? `, did you mean ${guess}?` : `: there are ${known?.join(', ')}`}`,
    )
  }
  return value as Record<string, unknown>
}
