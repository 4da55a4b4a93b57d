import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {startCollector} from '../../support/collector.js'
import {type EveryVerb, planted, startEveryVerb, verbs, waitingVerbs} from '../../support/every-verb.js'
import {startFakeRuntime, status} from '../../support/fake-runtime.js'
import {runInProcess} from '../../support/in-process.js'
import {type CliOptions, type CliResult, outcomeOf, startCli} from '../../support/run-cli.js'

// Whatever is shown of calls shows no value of an environment variable, no credentials, no token of a streaming address.

let node: EveryVerb
let collector: Awaited<ReturnType<typeof startCollector>>
beforeAll(async () => {
  node = await startEveryVerb()
  collector = await startCollector()
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await collector[Symbol.asyncDispose]()
})

const token = /\/(exec|attach|portforward)\/(?!\(secret\))/
const secrets = [
  planted.environment,
  planted.auth,
  Buffer.from(`anna:${planted.auth}`).toString('base64'),
  Buffer.from(planted.environment).toString('base64'),
]

/** Until it has printed something, or waits for events. */
async function runForAWhile(argv: readonly string[], options: CliOptions): Promise<CliResult> {
  const cli = startCli(argv, options)
  cli.stdin.end()
  cli.stdout.once('data', () => cli.kill('SIGINT'))
  cli.stderr.on('data', (chunk: Buffer) => {
    if (String(chunk).includes('GetContainerEvents')) cli.kill('SIGINT')
  })
  return outcomeOf(cli)
}

function expectNoSecret(text: string): void {
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  expect(text).not.toMatch(token)
}

describe.each(verbs)('%s', (verb) => {
  test.each([
    [
      '--trace=full and spans',
      () => ['--trace=full', '--enable-tracing', '--tracing-endpoint', collector.endpoint],
    ],
    ['--trace=json and -D', () => ['--trace=json', '-D']],
  ])('%s', async (_, flags) => {
    const argv = [...flags(), ...(await node.line(verb))]
    const options = {endpoint: node.endpoint, env: node.env}
    const {stderr} = waitingVerbs.includes(verb)
      ? await runForAWhile(argv, options)
      : await runInProcess(argv, options)
    expectNoSecret(stderr)
    expectNoSecret(Buffer.concat(collector.received).toString('latin1'))
  })
})

test('the verbs above have sent and got secrets', async () => {
  const {stderr} = await runInProcess(['inspect', 'talker', '--trace=full', '--show-secrets'], {
    endpoint: node.endpoint,
    env: node.env,
  })
  expect(stderr).toContain(planted.environment)
})

test.each(['--trace=full', '--trace=json', '-D'])(
  '%s: nor does a runtime that repeats what it was sent',
  async (flag) => {
    const repeat = ({config, auth}: {config?: {envs?: {value: Buffer}[]}; auth?: {password: string}}) => {
      throw status(2, `refused: ${config?.envs?.[0]?.value} ${auth?.password}`)
    }
    await using runtime = await startFakeRuntime({
      PullImage: repeat,
      CreateContainer: repeat,
      ImageStatus: {image: {id: 'sha256:1'}},
      RuntimeConfig: {linux: {cgroupDriver: 'CGROUPFS'}},
      RunPodSandbox: {podSandboxId: 'b1'},
      ListPodSandbox: {items: []},
    })
    const pull = ['pull', '--creds', `anna:${planted.auth}`, 'busybox', flag]
    const run = ['run', '-d', '-e', `PASSWORD=${planted.environment}`, flag, 'busybox']
    for (const argv of [pull, run]) {
      const {stderr} = await runInProcess(argv, runtime)
      expect(stderr).toContain('(secret)')
      expectNoSecret(stderr)
    }
  },
)
