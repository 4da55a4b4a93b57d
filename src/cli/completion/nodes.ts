import {readdirSync, readFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {basename, dirname, isAbsolute, join} from 'node:path'
import {configReader} from '../settings/file.js'
import {readOwnSettings} from '../settings/own-file.js'
import type {Candidate} from './position.js'

/** What may stand behind `--node`: groups of the settings and hosts of ssh's configuration; of a set its last word. */
export async function nodeCandidates(part: string, environment: NodeJS.ProcessEnv): Promise<Candidate[]> {
  const before = /^.*[,!&]/s.exec(part)?.[0] ?? ''
  const groups = await groupNames(environment)
  const words = [
    ...groups.map((name) => ({word: `@${name}`, hint: 'a group'})),
    ...(groups.length > 0 ? [{word: '@all', hint: 'all nodes of the settings'}] : []),
    {word: '@failed', hint: 'those that failed last'},
    ...hostsOf(join(environment.HOME || homedir(), '.ssh'), 'config').map((word) => ({word})),
  ]
  return words
    .map(({word, ...rest}) => ({word: before + word, ...rest}))
    .filter(({word}) => word.startsWith(part))
}

async function groupNames(environment: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    const {groups} = await readOwnSettings(environment, configReader(), () => undefined)
    return [...groups.keys()]
  } catch {
    // What is wrong with the file is said by a command.
    return []
  }
}

const deepest = 8

/** Of `Host` lines those that are no pattern, also of files that it includes. */
function hostsOf(folder: string, file: string, depth = 0): string[] {
  const path = isAbsolute(file) ? file : join(folder, file)
  const found = linesOf(path).flatMap((line) => {
    const {keyword, words} = parseLine(line)
    if (keyword === 'host') return words.filter((word) => /^[\w.@:][\w.@:-]*$/.test(word))
    if (keyword !== 'include' || depth === deepest) return []
    return words.flatMap((word) => matching(folder, word)).flatMap((each) => hostsOf(folder, each, depth + 1))
  })
  return [...new Set(found)]
}

/** Of ssh's configuration: `Keyword word "a word"`, or with `=` between. */
function parseLine(line: string): {keyword: string; words: string[]} {
  const [, keyword = '', rest = ''] = /^\s*(\w+)[\s=]+(.*?)\s*$/.exec(line) ?? []
  const words = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  return {keyword: keyword.toLowerCase(), words}
}

/** What `Include` names: below `~/.ssh` where it is no whole path, with wildcards in the last part. */
function matching(folder: string, word: string): string[] {
  const path = word.replace(/^~(?=\/)/, dirname(folder))
  const whole = isAbsolute(path) ? path : join(folder, path)
  const name = basename(whole)
  if (!/[*?]/.test(name)) return [whole]
  const pattern = name
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  try {
    return readdirSync(dirname(whole))
      .filter((entry) => new RegExp(`^${pattern}$`).test(entry) && !entry.startsWith('.'))
      .sort()
      .map((entry) => join(dirname(whole), entry))
  } catch {
    // There is no such folder.
    return []
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    // Not there, or not to be read: ssh says so.
    return []
  }
}
