import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {firstClause} from '../../src/cli/help.js'
import {findPager} from '../../src/terminal/pager.js'
import {manifest, runInProcess} from '../support/in-process.js'
import {textOnTerminal} from '../support/terminal-text.js'

const directory = mkdtempSync(join(tmpdir(), 'crisp-help-'))
afterAll(() => rmSync(directory, {recursive: true}))

async function helpOf(...argv: string[]): Promise<string> {
  const {stdout, stderr, exitCode} = await runInProcess(argv)
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  return stdout
}

function linesOf(text: string): string[] {
  return text.slice(0, -1).split('\n')
}

describe('crisp alone', () => {
  test('is what one begins with, and says where the rest is', async () => {
    const text = await helpOf()
    expect(text).toBe(`crisp - client for CRI, the interface of Kubernetes' container runtimes

LOOK
  crisp ps -a                    list containers, also those that have ended
  crisp describe coredns         why a container or pod is as it is
  crisp logs -f --tail 20 web    what a container writes
  crisp events                   what happens on the node
  crisp top                      what uses CPU and memory, live

WORK
  crisp exec -it web sh          a shell in a container
  crisp run --rm -it busybox sh  a container to try something in
  crisp stop web                 end a container

MORE
  crisp help all                 all commands and global flags
  crisp ps --help                usage and flags of a command; help ps: in full
  crisp help names               also: connecting, output, exit-codes
  crisp -r demo ps               on a node of its own, to learn and to try
  crisp tour                     the CRI step by step
`)
    expect(linesOf(text).length).toBeLessThanOrEqual(22)
    expect(await helpOf('--help')).toBe(text)
    expect(await helpOf('help')).toBe(text)
  })

  test('help all has every command and every global flag', async () => {
    const text = await helpOf('help', 'all')
    for (const {id} of manifest.commands) expect(text).toMatch(new RegExp(`^ {2}${id} +[A-Z]`, 'm'))
    for (const {name} of manifest.globals) expect(text).toContain(`--${name}`)
  })
})

describe('CMD --help', () => {
  const long = ['create', 'logs', 'run']

  test.each(manifest.commands.map(({id}) => id))(
    '%s: usage, examples, every flag on one screen',
    async (id) => {
      const text = await helpOf(id, '--help')
      const lines = linesOf(text)
      const command = manifest.commands.find((each) => each.id === id)
      expect(lines.filter((line) => line.length > 80)).toEqual([])
      if (!long.includes(id)) expect(lines.length).toBeLessThanOrEqual(24)
      for (const {name, hidden} of command?.flags ?? []) if (!hidden) expect(text).toContain(`--${name}`)
      const examples = lines.indexOf('EXAMPLES')
      expect(lines.slice(0, examples)).toContain('USAGE')
      expect(lines.slice(examples + 1, examples + 4).filter((line) => /crisp /.test(line)).length).toBe(
        Math.min(3, command?.examples.length ?? 0),
      )
      expect(lines.findIndex((line) => /^(ARGUMENTS|FLAGS|FILTER|OUTPUT|LIMITS)/.test(line))).not.toBe(-1)
    },
  )

  test('help CMD has all of it', async () => {
    const [brief, full] = [await helpOf('stop', '--help'), await helpOf('help', 'stop')]
    expect(brief).toContain('help stop explains all of it')
    expect(brief).toContain('only containers of this pod\n')
    expect(full).toContain('only containers of this pod: ID, name or')
    expect(full).toContain('  -r, --runtime-endpoint SOCKET')
  })
})

test.each<[string, number, string]>([
  ['all fits', 8, 'all fits'],
  ['only this: and that; more', 22, 'only this: and that'],
  ['only this: and that; more', 18, 'only this'],
  ['time limit, such as 10s (also --timeout)', 30, 'time limit, such as 10s'],
  ['table, wide, json, yaml', 16, 'table, wide, …'],
  ['nothing to cut it at', 10, 'nothing to cut it at'],
])('%s in %i columns', (text, room, shown) => expect(firstClause(text, room)).toBe(shown))

describe('topics', () => {
  test.each([
    ['connecting', 'FINDING THE RUNTIME', '  \\$ crisp config$'],
    ['names', 'NAMES', '^pod +ID or its beginning, name, namespace/name$'],
    ['output', 'OUTPUT', '^yaml +the same as YAML, keys sorted$'],
    ['exit-codes', 'EXIT CODES', '^3 +no such object, or several that could be meant$'],
  ])('help %s is the page of the documentation', async (topic, title, line) => {
    const text = await helpOf('help', topic)
    expect(text.startsWith(title)).toBe(true)
    expect(text).toMatch(new RegExp(line, 'm'))
    expect(text).not.toMatch(/^\||\]\(|^```|\*\*/m)
    const prose = linesOf(text).filter((each) => !each.startsWith('  '))
    expect(prose.filter((each) => each.length > 80)).toEqual([])
  })
})

describe('on a terminal', () => {
  const pager = join(directory, 'pager')
  writeFileSync(pager, '#!/bin/sh\necho paged; cat\n', {mode: 0o755})
  const isRoot = process.geteuid?.() === 0
  const env = {PAGER: pager}

  test('titles and what can be typed stand out, unless it is unwanted', async () => {
    const shown = await textOnTerminal(['version', '--help'], {columns: 80, env})
    expect(shown).toContain('\u001b[1mUSAGE\u001b[22m\n')
    expect(shown).toMatch(/\u001b\[[\d;]+mcrisp version -o json\u001b\[39m\n/)
    for (const [argv, variables] of [
      [['--color', 'never', 'version', '--help'], {}],
      [['version', '--help', '--color=never'], {}],
      [['version', '--help'], {NO_COLOR: '1', CLICOLOR_FORCE: '1'}],
      [['version', '--help'], {TERM: 'dumb'}],
    ] as const)
      expect(await textOnTerminal(argv, {columns: 80, env: {...env, ...variables}})).toBe(
        await helpOf('version', '--help'),
      )
  })

  test('the head of a table in a topic stands out, and nothing else is in it', async () => {
    const shown = await textOnTerminal(['help', 'exit-codes'], {columns: 80, rows: 100, env})
    expect(shown).toMatch(/^\u001b\[1mcode\u001b\[22m +\u001b\[1mmeaning\u001b\[22m$/m)
  })

  test('a narrow one has its lines broken at words', async () => {
    const shown = await textOnTerminal(['ps', '--help'], {columns: 40, rows: 100, env: {NO_COLOR: '1'}})
    expect(linesOf(shown).filter((line) => line.length > 40)).toEqual([])
    expect(shown).toContain('        --pod-label, -l/--latest,\n')
  })

  test('what is longer than the screen goes through the pager, what is not does not', async () => {
    const [short, long] = await Promise.all([
      textOnTerminal(['version', '--help'], {columns: 80, rows: 24, env}),
      // As root it is less, which is left here with a key.
      textOnTerminal(['help', 'connecting'], {
        columns: 80,
        rows: 24,
        env: {...env, NO_COLOR: '1'},
        input: 'q',
      }),
    ])
    expect(short).not.toMatch(/^paged/)
    if (isRoot) expect(long).not.toContain('paged')
    else expect(long).toBe(`paged\n${await helpOf('help', 'connecting')}`)
  })

  test("crictl's mode is as crictl: no pager and no other width", async () => {
    const shown = await textOnTerminal(['help'], {
      columns: 60,
      rows: 10,
      env: {...env, NO_COLOR: '1', CRISP_COMPAT: 'crictl'},
    })
    expect(shown).toBe((await runInProcess(['help'], {env: {CRISP_COMPAT: 'crictl'}})).stdout)
  })
})

describe('the pager', () => {
  test("is the user's, in a shell", () => {
    expect(findPager({PAGER: 'more -s', LESS: 'S'}, 1000)).toEqual({
      file: 'sh',
      words: ['-c', 'more -s'],
      env: {PAGER: 'more -s', LESS: 'S', LV: '-c'},
    })
    expect(findPager({}, 1000)).toMatchObject({words: ['-c', 'less'], env: {LESS: 'FRX'}})
    expect(findPager({PAGER: 'cat'}, 1000)).toBeUndefined()
  })

  test('is only less for root, secure, without the variables of whoever they were', () => {
    const found = findPager(
      {PAGER: 'sh', LESSOPEN: '|evil %s', HOME: '/home/eve', PATH: '/home/eve', TERM: 'xterm'},
      0,
    )
    // Where root has no less, there is no pager.
    if (!found) return
    expect(found.file).toMatch(/^\/(usr\/)?bin\/less$/)
    expect({...found, file: ''}).toEqual({
      file: '',
      words: [],
      env: {TERM: 'xterm', LESS: 'FRX', LESSSECURE: '1', LESSHISTFILE: '-'},
    })
  })
})

test('--color is checked before anything is done, and forces it where no terminal is', async () => {
  expect(await runInProcess(['--color', 'red', 'ps'])).toEqual({
    stdout: '',
    stderr: 'crisp: --color red: there are auto, always, never\n',
    exitCode: 2,
  })
  const forced = await helpOf('--color', 'always', 'version', '--help')
  expect(forced).toContain('\u001b[1mUSAGE\u001b[22m')
  const {stdout} = await runInProcess(['version', '--help'], {env: {CLICOLOR_FORCE: '1'}})
  expect(stdout).toBe(forced)
})
