import type {ChildProcessWithoutNullStreams} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {mkdir, mkdtemp, readdir, rm, stat} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, onTestFailed, test} from 'vitest'
import {eventually} from '../support/eventually.js'
import {onTerminal} from '../support/on-terminal.js'
import {processesWith} from '../support/processes.js'
import {outcomeOf} from '../support/run-cli.js'
import {startOnTerminal} from '../support/terminal-text.js'

let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'crisp-tour-'))
})
afterAll(() => rm(home, {recursive: true}))

interface Place {
  XDG_RUNTIME_DIR: string
  XDG_STATE_HOME: string
  HOME: string
  NO_COLOR: string
}

/** Folders of its own, where all that a tour keeps is to be found. */
async function place(): Promise<Place & NodeJS.ProcessEnv> {
  const HOME = await mkdtemp(join(home, 'place-'))
  const XDG_RUNTIME_DIR = join(HOME, 'run')
  await mkdir(XDG_RUNTIME_DIR, {mode: 0o700})
  return {HOME, XDG_RUNTIME_DIR, XDG_STATE_HOME: join(HOME, 'state'), NO_COLOR: '1'}
}

const placeFile = ({XDG_STATE_HOME}: Place) => join(XDG_STATE_HOME, 'crisp', 'tour.json')

/** Somebody at a terminal of 80 columns and 24 lines, who waits for a prompt and types. */
class Learner {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #outcome: ReturnType<typeof outcomeOf>
  readonly #ended: Promise<unknown>
  #text = ''
  #read = 0

  constructor(argv: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = startOnTerminal(argv, {columns: 80, rows: 24, env})
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString().replaceAll('\r\n', '\n')
    })
    this.#outcome = outcomeOf(this.#child)
    this.#ended = once(this.#child.stdout, 'end')
    onTestFailed(() => console.error(this.#text))
  }

  /** What the terminal has shown since the last time, up to and with this. */
  async until(mark: string | RegExp): Promise<string> {
    for (;;) {
      const found = RegExp(typeof mark === 'string' ? escaped(mark) : mark).exec(this.#text.slice(this.#read))
      if (found) {
        const length = found.index + found[0].length
        const shown = this.#text.slice(this.#read, this.#read + length)
        this.#read += length
        return shown
      }
      if (this.#child.stdout.readableEnded) throw new Error(`ended before it has shown ${mark}`)
      await Promise.race([new Promise((resolve) => this.#child.stdout.once('data', resolve)), this.#ended])
    }
  }

  /** Types the line, and gives what is shown until the next prompt. */
  async type(line: string, prompt: string | RegExp): Promise<string> {
    this.#child.stdin.write(`${line}\r`)
    return this.until(prompt)
  }

  press(key: string): void {
    this.#child.stdin.write(key)
  }

  async end(): Promise<{rest: string; exitCode: number | null}> {
    const {exitCode} = await this.#outcome
    return {rest: this.#text.slice(this.#read), exitCode}
  }
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
const ctrlC = '\u0003'
const ctrlD = '\u0004'
const goesOn = 'Enter goes on> '

test('from start to end on a terminal: wrong answers, equivalent ones, hints, Ctrl-C, Ctrl-D and going on', async () => {
  const env = await place()
  const count = Number(/--- 1\/(\d+)/.exec(await firstScreen(env))?.[1])
  const at = (step: number) => `${step}/${count}> `
  let learner = new Learner(['tour'], env)
  await learner.until(at(1))
  // Not what the step is about, no command at all, and what a tour does not run.
  expect(await learner.type('pull busybox', at(1))).toContain(
    'Not yet: that does not ask the runtime who it is.',
  )
  expect(await learner.type('hint', at(1))).toContain(
    'This is the command, and Enter types it: crisp version',
  )
  expect(await learner.type('vresion', at(1))).toContain('unknown command "vresion": did you mean version?')
  expect(await learner.type('version | cat', at(1))).toContain('no shell reads this line: "|"')
  expect(await learner.type('constructor', at(1))).toContain('unknown command "constructor"')
  for (const [line, refusal] of [
    ['-r unix:///run/containerd/containerd.sock ps', 'not in the tour: --runtime-endpoint'],
    ['ps --node worker', 'not in the tour: --node'],
    ['demo --stop', 'not in the tour: crisp demo'],
    ['inspect worker-3//web', 'not in the tour: other nodes'],
    ['docker ps -a', "That is not crisp's. Here it is: crisp ps."],
    ['ls', "That is not crisp's. Here it is: crisp ps."],
    ['kubectl get pods', "That is not crisp's. Here it is: crisp pods."],
    ['cat pod.yaml', 'No shell reads this line'],
  ] as const)
    expect(await learner.type(line, at(1))).toContain(refusal)
  // Something equivalent.
  const versioned = await learner.type('crisp call Version', goesOn)
  expect(versioned).toContain('"runtimeName": "crisp-demo"')
  expect(versioned).toMatch(/^runtime Version .* OK {2}-> crisp-demo /m)
  expect(versioned).toContain('Done. Below the answer')
  // What goes on for ever is ended by Ctrl-C, and the tour is not.
  learner.press('logs -f orders\r')
  await learner.until('order 1')
  learner.press(ctrlC)
  expect(await learner.until(goesOn)).toContain('(exit code 130)')
  // What is done is done, also for who leaves before the next step.
  expect(JSON.parse(readFileSync(placeFile(env), 'utf8'))).toEqual({
    lessons: {tour: {step: 'pods', done: ['hello']}},
  })
  await learner.type('', at(2))
  learner.press(ctrlC)
  expect(await learner.end()).toEqual({
    rest: expect.stringContaining('The next time it goes on here: crisp tour\n'),
    exitCode: 130,
  })
  expect(await processesWith(env.XDG_RUNTIME_DIR)).toEqual([])

  learner = new Learner(['tour'], env)
  const resumed = await learner.until(at(2))
  expect(resumed).toContain(`--- 2/${count}  `)
  expect(resumed).toContain('Type the command after the prompt, or press Enter')
  expect(await learner.type('back', at(1))).toContain(`--- 1/${count}  `)
  await learner.type('skip', at(2))
  learner.press(ctrlD)
  expect((await learner.end()).exitCode).toBe(0)

  // The rest by Enter alone, from a step whose forerunners are made for it.
  learner = new Learner(['tour', '--step', 'create'], env)
  const first = Number(/--- (\d+)\//.exec(await learner.until('container.yaml pod.yaml\n'))?.[1])
  for (let step = first; step < count; step++) {
    await learner.until(at(step))
    expect(await learner.type('', goesOn)).toContain('Done.')
    learner.press('\r')
  }
  expect(await learner.until('Enter ends> ')).toContain('Where to go from here')
  learner.press('\r')
  expect(await learner.end()).toEqual({
    rest: expect.stringContaining('That was all of it, and what ran here is gone.\nOnce more: crisp tour\n'),
    exitCode: 0,
  })
  expect(await processesWith(env.XDG_RUNTIME_DIR)).toEqual([])
  expect(await left(env)).toEqual([])
  // It came to the end: the next one begins anew.
  expect(JSON.parse(readFileSync(placeFile(env), 'utf8'))).toEqual({lessons: {}})
})

test('Ctrl-C of a command is not taken for its own by a tour that hears of both too late', async () => {
  const env = await place()
  const session = await onTerminal(['tour'], '', {env})
  await session.until(/1\/\d+> /)
  session.terminal.input.write('logs -f orders\r')
  await session.until('order 1')
  // As on a machine that is too busy to let it run.
  session.signal('SIGSTOP')
  session.terminal.input.write(ctrlC)
  await session.until('1 line in')
  await eventually(async () =>
    expect((await processesWith(env.XDG_RUNTIME_DIR)).filter(({command}) => / logs /.test(command))).toEqual(
      [],
    ),
  )
  session.signal('SIGCONT')
  await session.until(/exit code 130[\s\S]*1\/\d+> /)
  session.terminal.input.write('crisp call Version\r')
  await session.until(goesOn)
  session.terminal.input.write(ctrlC)
  expect((await session.outcome()).exitCode).toBe(130)
})

test('a lesson of a file: its own place, and nothing typed that its list does not have', async () => {
  const env = await place()
  const file = join(env.HOME, 'my lesson.yaml')
  writeFileSync(
    file,
    `title: T
node: empty
steps:
- id: a
  title: A
  text: Text.
  command: "crisp run -d --name a -e 'TICK_TEXT=\\e]0;evil\\a' registry.crisp.demo/ticker:1.0"
  check: {container: a, is: running}
- {id: b, title: B, text: Text., needs: a, command: crisp stop -t 0 a, check: {container: a, is: exited, code: 137}}
- {id: c, title: C, text: Only this.}
`,
  )
  const line = ['tour', '--lesson', file]
  let learner = new Learner(line, env)
  await learner.until('1/3> ')
  await learner.type('skip', '2/3> ')
  for (const [typed, refusal] of [
    ['exec -it a sh', 'not in a lesson: --interactive of crisp exec'],
    ['exec a touch /tmp/x', 'not in a lesson: touch in a container'],
    ['cp a:/etc/passwd .', 'not in a lesson: crisp cp'],
  ] as const)
    expect(await learner.type(typed, '2/3> ')).toContain(refusal)
  learner.press(ctrlD)
  expect((await learner.end()).rest).toContain(`goes on here: crisp tour --lesson '${file}'`)
  learner = new Learner(line, env)
  await learner.until('2/3> ')
  // Its containers may print what they like, and it does nothing to the terminal.
  learner.press('logs -f a\r')
  await learner.until('\\x1b]0;evil\\x07 1')
  learner.press(ctrlC)
  await learner.until('2/3> ')
  expect(await learner.type('crisp stop --timeout 0 a/a', goesOn)).toContain('Done.')
  expect(await learner.type('', 'Enter ends> ')).toContain('Only this.')
  learner.press('\r')
  expect((await learner.end()).exitCode).toBe(0)
})

test('who looks around is not told off, and led back to the step', async () => {
  const learner = new Learner(['tour'], await place())
  await learner.until(/1\/\d+> /)
  const looked = await learner.type('pods', /1\/\d+> /)
  expect(looked).toContain('orders-0')
  expect(looked).toContain('That was a look around, and welcome. This step still waits for crisp version.')
  expect(looked).not.toContain('Not yet')
  // Not counted as a wrong answer: the first hint is still the first.
  expect(await learner.type('hint', /1\/\d+> /)).toContain('The verb is version; or just press Enter.')
  // A page that is longer than the screen takes no key: the next line is the tour's again.
  await learner.type('help ps', /1\/\d+> /)
  expect(await learner.type('help', /1\/\d+> /)).toMatch(/\n- hint: .*\n- again: .*\n- skip, back: /)
  expect(await learner.type('again', /1\/\d+> /)).toContain('Two sides of a socket')
  learner.press(ctrlD)
  expect((await learner.end()).exitCode).toBe(0)
})

test('what is nearly the answer is not taken for it, and Enter still does the step', async () => {
  const learner = new Learner(['tour', '--step', 'sandbox'], await place())
  const at = /\d+\/\d+> /
  await learner.until(at)
  const steps: readonly [id: string, nearly: string, problem: string][] = [
    ['sandbox', 'run -d --name lab busybox sleep 60', 'that makes more than a pod'],
    [
      'create',
      'run -d --pod lab --name clock registry.crisp.demo/ticker:1.0',
      'the container lab/clock is running',
    ],
    ['start', 'start nosuch', 'the container lab/clock is created, and should be running'],
    ['logs', 'logs --previous lab/clock', 'that was logs, but it failed'],
    ['exec', 'exec orders true', 'Exec was made, but not about lab/clock'],
    ['exec-sync', 'exec lab/clock true', 'no call ExecSync was made'],
    ['namespaces', 'rmp -f lab', 'that does not show the namespaces of lab'],
    ['cgroups', 'update --memory 64m orders', 'but not about lab/clock'],
    ['stop', 'stopp lab', 'that has stopped the whole pod'],
    ['remove', 'stopp lab', 'the pod lab is still there'],
    ['run', 'run -d --name other busybox sleep 60', 'there is no container hello'],
    ['crash', 'describe web', 'ContainerStatus was made, but not about payments'],
  ]
  for (const [id, nearly, problem] of steps) {
    const said = (await learner.type(nearly, /\d+\/\d+> |goes on> /)).replaceAll('\n', ' ')
    expect(said.replaceAll(/ +/g, ' '), id).toMatch(RegExp(`Not yet: .*${problem}`))
    const done = await learner.type('', goesOn)
    expect(done, id).toContain('Done.')
    await learner.type('', at)
  }
  learner.press(ctrlD)
  await learner.end()
})

test('a line is edited as in a shell: Ctrl-C takes it back, Up brings the last one, Tab completes', async () => {
  const learner = new Learner(['tour'], await place())
  await learner.until(/1\/\d+> /)
  learner.press('rmp -f orders-0')
  await learner.until('orders-0')
  learner.press(ctrlC)
  expect(await learner.until(/1\/\d+> /)).toContain('^C')
  learner.press('vers\t')
  await learner.until('version ')
  expect(await learner.type('', goesOn)).toContain('Done.')
  learner.press('\u001b[A')
  await learner.until('version ')
  learner.press(ctrlC)
  await learner.until(goesOn)
  learner.press('describe toolb\t')
  await learner.until('describe toolbox')
  learner.press(ctrlC)
  await learner.until(goesOn)
  learner.press(ctrlC)
  expect((await learner.end()).rest).toContain('The next time it goes on here: crisp tour\n')
})

test('of lines that are pasted the first is taken, and none runs that was not meant', async () => {
  const learner = new Learner(['tour'], await place())
  await learner.until(/1\/\d+> /)
  learner.press('$ crisp version\rskip\rrmp -f toolbox\rpods')
  const shown = await learner.until(/brings\s+the\s+next/)
  expect(shown).toContain('Done. Below the answer')
  expect(shown).toContain('3 others did not run')
  await learner.until(goesOn)
  learner.press('\u001b[A')
  await learner.until('skip')
  learner.press('\u001b[A')
  await learner.until('rmp -f toolbox')
  learner.press('\u001b[A')
  await learner.until('> pods')
  learner.press('\u001b[A')
  await learner.until('$ crisp version')
  learner.press(ctrlC)
  await learner.until(goesOn)
  expect(await learner.type('ps --name shell', goesOn)).toContain('toolbox')
  learner.press(ctrlD)
  await learner.end()
})

async function firstScreen(env: NodeJS.ProcessEnv): Promise<string> {
  const learner = new Learner(['tour'], env)
  const text = await learner.until(/1\/\d+> /)
  learner.press(ctrlD)
  await learner.end()
  return text
}

/** All but what completion and V8 keep. */
async function left({XDG_RUNTIME_DIR}: Place): Promise<string[]> {
  const names = await readdir(join(XDG_RUNTIME_DIR, 'crisp'))
  return names.filter((name) => name !== 'code' && !name.startsWith('names-'))
}

test.each(['SIGKILL', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends runtime and containers, too',
  async (signal) => {
    const env = await place()
    const session = await onTerminal(['tour'], '', {env})
    await session.until(/1\/\d+> /)
    expect((await processesWith(env.XDG_RUNTIME_DIR)).length).toBeGreaterThan(3)
    session.signal(signal)
    await session.outcome()
    await eventually(async () => {
      expect(await processesWith(env.XDG_RUNTIME_DIR)).toEqual([])
      expect(await left(env)).toEqual([])
    })
  },
)

test('where one was is for nobody else to see', async () => {
  const env = await place()
  await firstScreen(env)
  const [folder, file] = await Promise.all([stat(join(env.XDG_STATE_HOME, 'crisp')), stat(placeFile(env))])
  expect([folder.mode & 0o777, file.mode & 0o777]).toEqual([0o700, 0o600])
})

test.each([
  ['cut off', '{"lessons": {"tour": {"st', 'it is damaged'],
  ['of another kind', '{"lessons": {"tour": "pods"}}', 'it is damaged'],
  ['with a step that is gone', '{"lessons":{"tour":{"step":"docker","done":[]}}}', 'not there any more'],
])('a file of where one was, %s: the tour says so and begins anew', async (_, content, word) => {
  const env = await place()
  mkdirSync(join(env.XDG_STATE_HOME, 'crisp'), {recursive: true})
  writeFileSync(placeFile(env), content)
  const shown = await firstScreen(env)
  expect(shown.replaceAll('\n', ' ')).toContain(word)
  expect(shown).toContain('--- 1/')
  expect(JSON.parse(readFileSync(placeFile(env), 'utf8'))).toEqual({
    lessons: {tour: {step: 'hello', done: []}},
  })
})

test('where its place cannot be kept it says so once and goes on', async () => {
  const env = {...(await place()), XDG_STATE_HOME: '/dev/null'}
  const learner = new Learner(['tour'], env)
  expect(await learner.until(/1\/\d+> /)).toContain('your place is not kept for the next time')
  await learner.type('', goesOn)
  expect(await learner.type('', /2\/\d+> /)).not.toContain('your place is not kept')
  learner.press(ctrlD)
  expect((await learner.end()).exitCode).toBe(0)
})
