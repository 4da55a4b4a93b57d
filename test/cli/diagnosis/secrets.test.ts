import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {startCollector} from '../../support/collector.js'
import {
  type EveryVerb,
  endingOf,
  imageVerbs,
  nodeVerbs,
  planted,
  startEveryVerb,
} from '../../support/every-verb.js'
import {startFakeRuntime, status} from '../../support/fake-runtime.js'
import {manifest, runInProcess} from '../../support/in-process.js'

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

async function lineOf(verb: string): Promise<readonly string[]> {
  const line = await node.line(verb)
  if (line.length > 0) return line
  const login = verb === 'push' ? ['--creds', `anna:${planted.auth}`] : []
  if (imageVerbs[verb]) return [verb, ...login, ...imageVerbs[verb]]
  expect(nodeVerbs).toContain(verb)
  return [verb, 'talker', '--', 'env', `PASSWORD=${planted.environment}`]
}

function expectNoSecret(text: string): void {
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  expect(text).not.toMatch(token)
}

/** The two that this runtime refuses too: also then nothing is said that should not be. */
describe.each(manifest.commands.map(({id}) => id))('%s', (verb) => {
  test.each([
    [
      '--trace=full and spans',
      () => ['--trace=full', '--enable-tracing', '--tracing-endpoint', collector.endpoint],
    ],
    ['--trace=json and -D', () => ['--trace=json', '-D']],
  ])('%s', async (_, flags) => {
    const argv = [...flags(), ...(await lineOf(verb))]
    const {stderr} = await runInProcess(argv, {
      ...{endpoint: node.endpoint, env: node.env},
      ...endingOf(verb),
    })
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
