import {randomUUID} from 'node:crypto'
import {constants} from 'node:fs'
import {access, lstat, mkdir, open, readlink, realpath, rename, rm, stat} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {
  COLLECTION_STYLE_FLOW,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  type Event,
  getScalarValue,
  type MappingEvent,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
} from 'js-yaml'
import {UserError} from '../../errors/errors.js'
import {type ConfigKey, fileProblem, parseConfig} from './file.js'

// The parser says where each value stands, so that only values are replaced: a document that is read and written
// back loses blank lines, alignment and quotes, and people keep notes in this file.

interface Entry {
  key: string
  keyEnd: number
  value: ScalarEvent
}

interface Edit {
  start: number
  end: number
  text: string
}

/**
 * The file's text with other values, everything else as it was; settings that are not there yet come last. Throws
 * UserError, and changes nothing, where that cannot be done safely.
 */
export async function withSettings(
  text: string,
  settings: ReadonlyMap<ConfigKey, string>,
  path: string,
): Promise<string> {
  const before = await parseConfig(text, path)
  const edited = applyEdits(text, editsFor(text, settings, path))
  const wanted = {...before, ...Object.fromEntries(settings)}
  const after = await parseConfig(edited, path).catch(() => undefined)
  if (!isSame(after, wanted)) throw tooUnusual(path)
  return edited
}

function tooUnusual(path: string): UserError {
  return new UserError(`config file ${path}: its layout is too unusual to change safely; edit it by hand`)
}

function isSame(
  one: Readonly<Record<string, string>> | undefined,
  other: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(other)
  return (
    one !== undefined &&
    Object.keys(one).length === keys.length &&
    keys.every((key) => one[key] === other[key])
  )
}

function editsFor(text: string, settings: ReadonlyMap<ConfigKey, string>, path: string): Edit[] {
  const events = parseEvents(text, {})
  const [, root, ...rest] = events
  if (root?.type !== EVENT_MAPPING) return [append(text, [...settings], '')]
  if (events.filter(({type}) => type === EVENT_DOCUMENT).length > 1) throw tooUnusual(path)
  const entries = entriesOf(text, rest)
  if (entries === undefined) throw tooUnusual(path)
  const changes = entries
    .filter(({key}) => settings.has(key as ConfigKey))
    .map((entry) => replacement(text, entry, settings.get(entry.key as ConfigKey) ?? ''))
  const missing = [...settings].filter(([key]) => !entries.some((entry) => entry.key === key))
  if (missing.length === 0) return changes
  return [
    ...changes,
    root.style === COLLECTION_STYLE_FLOW
      ? inFlow(root, entries, missing)
      : append(text, missing, indentOf(text, root)),
  ]
}

/** Keys and values by turns, up to the end of the mapping; undefined for anything but plain words. */
function entriesOf(text: string, events: readonly Event[]): Entry[] | undefined {
  const entries: Entry[] = []
  for (let index = 0; events[index]?.type !== EVENT_POP; index += 2) {
    const key = events[index]
    const value = events[index + 1]
    if (key?.type !== EVENT_SCALAR || value?.type !== EVENT_SCALAR) return undefined
    entries.push({key: getScalarValue(text, key), keyEnd: scalarEnd(key), value})
  }
  return entries
}

/** The parser's range of a quoted word leaves out the quotes. */
function scalarEnd(scalar: ScalarEvent): number {
  return scalar.valueEnd + (isQuoted(scalar) ? 1 : 0)
}

function isQuoted({style}: ScalarEvent): boolean {
  return style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED
}

function replacement(text: string, {keyEnd, value}: Entry, setting: string): Edit {
  if (value.valueStart === -1) {
    const colon = text.indexOf(':', keyEnd)
    return {start: colon + 1, end: colon + 1, text: ` ${plainOrQuoted(setting)}`}
  }
  if (value.style === SCALAR_STYLE.SINGLE_QUOTED)
    return {start: value.valueStart, end: value.valueEnd, text: setting.replaceAll("'", "''")}
  if (value.style === SCALAR_STYLE.DOUBLE_QUOTED)
    return {start: value.valueStart, end: value.valueEnd, text: JSON.stringify(setting).slice(1, -1)}
  return {start: value.valueStart, end: value.valueEnd, text: plainOrQuoted(setting)}
}

function plainOrQuoted(setting: string): string {
  return /^[\w./+-]([\w./:@+-]*[\w./])?$/.test(setting) ? setting : JSON.stringify(setting)
}

function indentOf(text: string, root: MappingEvent): string {
  return text.slice(text.lastIndexOf('\n', root.start - 1) + 1, root.start)
}

function append(text: string, settings: readonly (readonly [string, string])[], indent: string): Edit {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const lines = settings.map(([key, value]) => `${indent}${key}: ${plainOrQuoted(value)}${newline}`).join('')
  const begun = text !== '' && !text.endsWith('\n')
  return {start: text.length, end: text.length, text: `${begun ? newline : ''}${lines}`}
}

/** Behind the opening brace of `{…}`, quoted so that JSON stays JSON. */
function inFlow(
  root: MappingEvent,
  entries: readonly Entry[],
  settings: readonly (readonly [string, string])[],
): Edit {
  const words = settings.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')
  return {start: root.start + 1, end: root.start + 1, text: entries.length > 0 ? `${words}, ` : words}
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((result, {start, end, text: part}) => result.slice(0, start) + part + result.slice(end), text)
}

/**
 * The file with another text, whole or not at all: written beside it and renamed over it. Mode and owner stay, a
 * symbolic link stays one; a missing file is made, and its folder. Throws UserError.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  try {
    const target = await linkTarget(path)
    await writeBeside(target, text)
  } catch (error) {
    if (error instanceof UserError) throw error
    const problem = writeProblems[(error as NodeJS.ErrnoException).code ?? ''] ?? fileProblem(error)
    throw new UserError(`config file ${path}: ${problem}`, {cause: error})
  }
}

/** By the system's code, beyond what reading meets. */
const writeProblems: Readonly<Record<string, string>> = {
  EROFS: 'is on a read-only file system: name another with --config',
  EBUSY: 'is mounted by itself and cannot be replaced: edit it where it is mounted from',
  ENOSPC: 'no space left to write it; it is unchanged',
  EDQUOT: 'no space left to write it; it is unchanged',
}

/** Where a link leads, be there a file or not yet. */
async function linkTarget(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false
    return isLink ? resolve(dirname(path), await readlink(path)) : path
  }
}

async function writeBeside(path: string, text: string): Promise<void> {
  const existing = await statOrNothing(path)
  if (existing && !existing.isFile())
    throw new UserError(
      `config file ${path}: is no regular file, so there is nothing to write; name one with --config`,
    )
  // A rename needs no right to the file itself: who may not write it must not replace it either.
  if (existing) await access(path, constants.W_OK)
  else await mkdir(dirname(path), {recursive: true, mode: 0o755})
  const temporary = join(dirname(path), `.crictl.yaml.${randomUUID()}`)
  const file = await open(temporary, 'wx', existing ? existing.mode & 0o777 : 0o644)
  try {
    try {
      await file.writeFile(text)
      if (existing) {
        const {uid, gid} = await file.stat()
        if (uid !== existing.uid || gid !== existing.gid) await file.chown(existing.uid, existing.gid)
        await file.chmod(existing.mode & 0o7777)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, {force: true})
    throw error
  }
}

async function statOrNothing(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
