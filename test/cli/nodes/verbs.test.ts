import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {eventually} from '../../support/eventually.js'
import {
  type EveryVerb,
  imageVerbs,
  nodeVerbs,
  startEveryVerb,
  verbs,
  waitingVerbs,
} from '../../support/every-verb.js'
import {isMet} from '../../support/needs.js'
import {type CliResult, runCli} from '../../support/run-cli.js'
import {type SshNode, startSshNode} from '../../support/ssh-node.js'

const here = ['completion', 'config', 'explain', 'init', 'jsonschema', 'node', 'tour']

describe.skipIf(!isMet('ssh'))('every verb over --node', () => {
  let every: EveryVerb
  let node: SshNode
  beforeAll(async () => {
    every = await startEveryVerb()
    node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: every.endpoint}})
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await every[Symbol.asyncDispose]()
  })

  const local = (argv: readonly string[]) => runCli(argv, {endpoint: every.endpoint, env: every.env})
  const there = (argv: readonly string[]) => runCli(['--node', 'root', ...argv], {env: node.env})

  test.each(verbs.filter((verb) => !waitingVerbs.includes(verb) && !here.includes(verb)))(
    '%s gives what it gives here',
    async (verb) => {
      // What runs in a container may be another process at the second look.
      await eventually(async () => {
        const expected = await local(await every.line(verb))
        expect(withoutNumbers(await there(await every.line(verb)))).toEqual(withoutNumbers(expected))
      })
    },
  )

  test.each([
    ...nodeVerbs.map((verb) => [verb, 'talker', '--', 'true']),
    // A file that is loaded is looked at here first, whatever the runtime.
    ...Object.entries(imageVerbs).flatMap(([verb, words]) => (verb === 'load' ? [] : [[verb, ...words]])),
    ['restart', 'nobody'],
    ['restart', '--name', 'nobody'],
    ['restart', '--name', 'talker', '--dry-run'],
    ['load', '-'],
    ['doctor', '--only', 'nothing'],
    ['df', '--no-such-flag'],
    ['timeline', 'nobody'],
    ['call', 'NoSuchCall'],
    ['call', 'ContainerStatus', '/no/such/request.json'],
    ['report', '--events', 'soon', '-'],
    ['push', '--password-stdin', 'x'],
    ['run', '--env-file', '/no/such/file', 'x'],
  ])('%s %s %s %s: the same line and code', async (...words) => {
    const argv = words.filter((word) => word !== undefined)
    const expected = await local(argv)
    expect(withoutNumbers(await there(argv))).toEqual(withoutNumbers(expected))
  })
})

/** IDs, times and usage are never twice the same, and columns are as wide as they are. */
function withoutNumbers({stdout, stderr, exitCode}: CliResult): CliResult {
  const without = (text: string) =>
    text
      .replace(/[\da-f]{12,}/g, 'ID')
      .replace(/\b(Less than|About) an? (second|minute|hour)( ago)?/g, 'N')
      .replace(/\d[\d.,:]*( (seconds?|minutes?|hours?)( ago)?|[kKMGT]?i?B\b|m?s\b|%)?/g, 'N')
      .replace(/[▁-█]+/g, 'H')
      .replace(/ +/g, ' ')
      .replace(/^ | $/gm, '')
  return {stdout: without(stdout), stderr: without(stderr), exitCode}
}
