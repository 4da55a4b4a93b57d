import {chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {withSettings} from '../../src/cli/settings/edit.js'
import {type ConfigKey, configKeys, defaultConfigPath} from '../../src/cli/settings/file.js'
import {runAsNobody} from '../support/as-nobody.js'
import {runInProcess} from '../support/in-process.js'
import type {CliResult} from '../support/run-cli.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-config-command-'))
})
afterAll(() => rm(directory, {recursive: true}))

let files = 0
async function file(text: string): Promise<string> {
  const path = join(directory, `${files++}.yaml`)
  await writeFile(path, text)
  return path
}

function config(path: string, ...argv: string[]): Promise<CliResult> {
  return runInProcess(['--config', path, 'config', ...argv])
}

const silent = {stdout: '', stderr: '', exitCode: 0}

function edited(text: string, settings: Partial<Record<ConfigKey, string>>): Promise<string> {
  return withSettings(text, new Map(Object.entries(settings) as [ConfigKey, string][]), 'f.yaml')
}

const commented = `
runtime-endpoint: "unix:///one.sock"   # the usual one

# pulls go elsewhere
image-endpoint: 'unix:///two.sock'
timeout: 5
debug:    true
# the end
`

describe('only the values change', () => {
  const cases: [string, string, Partial<Record<ConfigKey, string>>, string][] = [
    [
      'quotes, comments, blank lines and alignment stay',
      commented,
      {'runtime-endpoint': 'unix:///new.sock', 'image-endpoint': '', timeout: '30', debug: 'false'},
      `
runtime-endpoint: "unix:///new.sock"   # the usual one

# pulls go elsewhere
image-endpoint: ''
timeout: 30
debug:    false
# the end
`,
    ],
    [
      'a setting that is not there comes last',
      'timeout: 5\n',
      {'max-retries': '-1'},
      'timeout: 5\nmax-retries: -1\n',
    ],
    ['behind a last line without an end', 'timeout: 5', {debug: 'true'}, 'timeout: 5\ndebug: true\n'],
    [
      'every duplicate',
      'timeout: 1\n# again\ntimeout: 2\n',
      {timeout: '3'},
      'timeout: 3\n# again\ntimeout: 3\n',
    ],
    [
      'an empty value',
      'debug:\nimage-endpoint:  # s\n',
      {debug: 'true', 'image-endpoint': '/a'},
      'debug: true\nimage-endpoint: /a  # s\n',
    ],
    ['an empty last value', 'debug:', {debug: 'true'}, 'debug: true'],
    ['an empty file', '', {timeout: '1'}, 'timeout: 1\n'],
    ['only comments', '# nothing yet\n', {timeout: '1'}, '# nothing yet\ntimeout: 1\n'],
    ['lines of Windows', 'timeout: 5\r\n', {timeout: '6', debug: 'true'}, 'timeout: 6\r\ndebug: true\r\n'],
    ['JSON', '{"timeout": 5}', {timeout: '6', debug: 'true'}, '{"debug": "true", "timeout": 6}'],
    ['no JSON at all', '{}', {'image-endpoint': '/a'}, '{"image-endpoint": "/a"}'],
    ['an indented file', '  timeout: 5\n', {debug: 'true'}, '  timeout: 5\n  debug: true\n'],
    ['a document mark', '---\ntimeout: 5\n', {timeout: '6'}, '---\ntimeout: 6\n'],
    ['quoted keys', '"timeout": "5"\n', {timeout: '6'}, '"timeout": "6"\n'],
    [
      'a value that needs quotes',
      'timeout: 5\n',
      {'runtime-endpoint': 'unix:///a #b'},
      'timeout: 5\nruntime-endpoint: "unix:///a #b"\n',
    ],
    [
      'a quote within quotes',
      "image-endpoint: '/a'\n",
      {'image-endpoint': "/it's"},
      "image-endpoint: '/it''s'\n",
    ],
    ['nothing to do', 'debug: true\n', {debug: 'true'}, 'debug: true\n'],
  ]
  test.each(cases)('%s', async (_, before, settings, after) => {
    expect(await edited(before, settings)).toBe(after)
  })

  test.each([
    ['two documents', 'timeout: 5\n---\ntimeout: 6\n'],
    ['an alias', 'image-endpoint: &a /x\nruntime-endpoint: *a\n'],
    ['a value that goes on behind the document', 'debug: true\n...\n'],
  ])('%s: refused, not damaged', async (_, text) => {
    await expect(edited(text, {timeout: '7'})).rejects.toThrow(
      'config file f.yaml: its layout is too unusual to change safely; edit it by hand',
    )
  })
})

describe('the forms of the command line', () => {
  test.each<[string, string[]]>([
    ['a list of commas', ['--set', 'timeout=30,debug=false']],
    ['the flag twice', ['--set', 'timeout=30', '--set=debug=F']],
    ['words', ['timeout=30', 'debug=0']],
  ])('%s', async (_, argv) => {
    const path = await file('# mine\ntimeout: 5\ndebug: true\n')
    expect(await config(path, ...argv)).toEqual(silent)
    expect(await readFile(path, 'utf8')).toBe('# mine\ntimeout: 30\ndebug: false\n')
  })

  test('KEY VALUE sets, an empty one empties, KEY and --get print', async () => {
    const path = await file('')
    expect(await config(path, 'image-endpoint', '/run/x.sock')).toEqual(silent)
    expect(await config(path, 'runtime-endpoint', '')).toEqual(silent)
    expect(await readFile(path, 'utf8')).toBe('image-endpoint: /run/x.sock\nruntime-endpoint: ""\n')
    expect(await config(path, 'image-endpoint')).toEqual({...silent, stdout: '/run/x.sock\n'})
    expect(await config(path, '-get', 'runtime-endpoint')).toEqual({...silent, stdout: '\n'})
    expect(await config(path, '--get', 'max-retries')).toEqual({...silent, stdout: '3\n'})
  })

  test('--list shows every setting in order, absent ones as they stand, and clears no screen', async () => {
    const path = await file('max-retries: 7\nruntime-endpoint: unix:///a.sock\n')
    const {stdout, exitCode} = await config(path, '--list')
    expect(exitCode).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(/\s+/))).toEqual([
      ['KEY', 'VALUE'],
      ['runtime-endpoint', 'unix:///a.sock'],
      ['image-endpoint', ''].slice(0, 1),
      ['timeout', '0'],
      ['debug', 'false'],
      ['pull-image-on-create', 'false'],
      ['disable-pull-on-run', 'false'],
      ['max-retries', '7'],
      [''],
    ])
    expect((await config(path)).stdout).toBe(stdout)
    const json = JSON.parse((await config(path, '-o', 'json')).stdout) as object
    // crisp's own is shown where it is set.
    expect(Object.keys(json)).toEqual(configKeys.filter((key) => !['compat', 'units'].includes(key)))
    expect(json).toMatchObject({'max-retries': 7, debug: false, 'runtime-endpoint': 'unix:///a.sock'})
  })

  test.each<[string[], string]>([
    [['--set', 'timeout=30,max-retrys=2'], 'max-retrys: no such setting, did you mean max-retries?'],
    [['--set', 'timeout=10s'], 'timeout: "10s" is not a whole number of seconds'],
    [['--set', 'debug=yes'], 'debug: "yes" is neither true nor false'],
    [['--set', 'runtime-endpoint=tcp://host:1'], 'endpoint "tcp://host:1": tcp is not supported'],
    [['--set', 'timeout'], '"timeout" should be KEY=VALUE, such as timeout=10'],
    [['--get', 'endpoint'], 'endpoint: no such setting: there are runtime-endpoint, image-endpoint,'],
    [['--get', 'debug', '--list'], 'config does one thing at a time'],
    [['timeout', '1', '2'], 'config takes KEY VALUE, or several of KEY=VALUE'],
    [['--list', '-o', 'csv'], '-o "csv" is not an output format'],
  ])('%j: exit 2, nothing written', async (argv, message) => {
    const path = await file('timeout: 5\n')
    const {stdout, stderr, exitCode} = await config(path, ...argv)
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2})
    expect(stderr).toMatch(/^crisp: .*\n$/)
    expect(stderr).toContain(message)
    expect(await readFile(path, 'utf8')).toBe('timeout: 5\n')
  })
})

describe('the file', () => {
  test('--set creates the file and its folder; reading does not', async () => {
    const path = join(directory, 'new', 'deeper', 'crictl.yaml')
    const {stdout, stderr, exitCode} = await config(path, '--list')
    expect({first: stdout.split(' ')[0], stderr, exitCode}).toEqual({
      first: 'KEY',
      stderr: `crisp: ${path} does not exist: these are the defaults\n`,
      exitCode: 0,
    })
    expect(await config(path, '--get', 'timeout')).toEqual({...silent, stdout: '0\n'})
    await expect(stat(path)).rejects.toThrow('ENOENT')
    expect(await config(path, '--set', 'timeout=4')).toEqual(silent)
    expect(await readFile(path, 'utf8')).toBe('timeout: 4\n')
  })

  test('keeps mode and owner, a link stays a link, nothing is left beside it', async () => {
    const folder = await mkdtemp(join(directory, 'link-'))
    await mkdir(join(folder, 'real'))
    const real = join(folder, 'real', 'crictl.yaml')
    await writeFile(real, 'timeout: 5\n')
    await chmod(real, 0o640)
    const link = join(folder, 'crictl.yaml')
    await symlink('real/crictl.yaml', link)
    const before = await stat(real)
    expect(await config(link, '--set', 'timeout=6')).toEqual(silent)
    const after = await stat(real)
    expect((await lstat(link)).isSymbolicLink()).toBe(true)
    expect(await readFile(real, 'utf8')).toBe('timeout: 6\n')
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
    expect(after.ino).not.toBe(before.ino)
    expect(await readdir(folder)).toEqual(['crictl.yaml', 'real'])
    expect(await readdir(join(folder, 'real'))).toEqual(['crictl.yaml'])
  })

  test('a link to nothing is followed', async () => {
    const folder = await mkdtemp(join(directory, 'dangling-'))
    await symlink('there.yaml', join(folder, 'crictl.yaml'))
    expect(await config(join(folder, 'crictl.yaml'), '--set', 'timeout=6')).toEqual(silent)
    expect(await readFile(join(folder, 'there.yaml'), 'utf8')).toBe('timeout: 6\n')
  })

  test('a device is never replaced', async () => {
    const {stderr, exitCode} = await config('/dev/null', '--set', 'timeout=6')
    expect({stderr, exitCode}).toEqual({
      stderr:
        'crisp: config file /dev/null: is no regular file, so there is nothing to write; name one with --config\n',
      exitCode: 1,
    })
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  test('an invalid file is reported before anything is changed', async () => {
    const path = await file('timeout: 5\ntmeout: 6\n')
    const {stderr, exitCode} = await config(path, '--set', 'timeout=7')
    expect(stderr).toBe(`crisp: config file ${path}, tmeout: no such setting, did you mean timeout?\n`)
    expect(exitCode).toBe(1)
    expect(await readFile(path, 'utf8')).toBe('timeout: 5\ntmeout: 6\n')
  })
})

test('a settings file that needs root suggests sudo', async () => {
  const path = '/etc/crisp-test.yaml'
  const {stderr, exitCode} = await runAsNobody(['--config', path, 'config', '--set', 'timeout=7'])
  expect({stderr, exitCode}).toEqual({
    stderr: `crisp: config file ${path}: permission denied; try sudo\n`,
    exitCode: 1,
  })
})

test('each system has its own default place', () => {
  expect(
    ['linux', 'darwin', 'freebsd', 'win32'].map((platform) =>
      defaultConfigPath(platform as NodeJS.Platform, {USERPROFILE: '/u'}),
    ),
  ).toEqual(['/etc/crictl.yaml', '/etc/crictl.yaml', '/usr/local/etc/crictl.yaml', '/u/.crictl/crictl.yaml'])
})
