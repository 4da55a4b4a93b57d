import {join} from 'node:path'
import {setTimeout} from 'node:timers/promises'
import {beforeAll, expect, test} from 'vitest'
import {listPodSandboxes} from '../../src/client/lists.js'
import {shellImage} from '../support/demo-node.js'
import {type EveryVerb, startEveryVerb, verbs, waitingVerbs} from '../support/every-verb.js'
import {onTerminal} from '../support/on-terminal.js'
import {type Random, rounds, seeded} from '../support/random.js'
import {outcomeOf, runCli, startCli} from '../support/run-cli.js'

// Every verb, ended at a moment that nobody has chosen: npm run fuzz:endings is the long form.

const {count, seed} = rounds(1)
const atOnce = 8

let node: EveryVerb
/** What a short command takes here and now, among as many others as here: the moments lie around it. */
let usualMs: number
beforeAll(async () => {
  node = await startEveryVerb()
  const startedMs = performance.now()
  await Promise.all(Array.from({length: atOnce}, () => runCli(['version'], node)))
  usualMs = performance.now() - startedMs
  console.log(`endings at random moments, FUZZ_SEED=${seed}`)
  return async () => {
    // Whatever moment it was, what `run --rm` had begun is gone.
    const pods = await listPodSandboxes(node.client)
    const left = pods.filter(({metadata}) => /^shell/.test(metadata?.name ?? ''))
    await node[Symbol.asyncDispose]()
    expect(left).toEqual([])
  }
})

type Ending = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** As a shell says it, whether the program ended itself or the signal came before it listened. */
const codes: Record<Ending, number> = {SIGTERM: 143, SIGINT: 130, SIGHUP: 129}

/** Those that take the terminal itself. */
const raw = [
  ['top'],
  ['exec', '-it', 'talker', 'sh'],
  ['attach', '-it', 'talker'],
  ['run', '--rm', '-it', shellImage, '--', 'sh', '-c', 'while :; do echo line; sleep 0.05; done'],
]

function copyLine({directory}: EveryVerb): string[] {
  return ['cp', 'talker:/etc/hostname', join(directory, 'copied')]
}

interface Case {
  name: string
  line: (node: EveryVerb) => Promise<readonly string[]> | readonly string[]
  waits: boolean
  ending: Ending
  /** Of the usual time; those that wait are also ended later. */
  moment: number
}

function cases(random: Random, where: 'pipe' | 'terminal'): Case[] {
  const lines = [
    ...verbs.map((verb) => ({
      name: verb,
      // What is fit for a pipe is refused on a terminal.
      line: (given: EveryVerb) =>
        verb === 'cp' && where === 'terminal' ? copyLine(given) : given.line(verb),
      waits: waitingVerbs.includes(verb),
    })),
    ...(where === 'terminal' ? raw : []).map((argv) => ({
      name: argv.join(' '),
      line: () => argv,
      waits: true,
    })),
  ]
  return Array.from({length: count}, () => lines)
    .flat()
    .map((each) => ({
      ...each,
      ending: random.of(['SIGTERM', 'SIGTERM', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const),
      moment: (random.number(1000) / 1000) * (each.waits ? 2 : 1.2),
    }))
}

/** What it may end with: it may have been done already, and Ctrl-C is how one ends port-forward. */
function expected({name, waits, ending}: Case): number[] {
  const doneByThen = !waits || (name === 'port-forward' && ending === 'SIGINT')
  return doneByThen ? [codes[ending], 0] : [codes[ending]]
}

const fault = /^ {4}at |internal error|node:internal|core dumped/m

const random = seeded(seed)
const inPipes = cases(random, 'pipe')
const onTerminals = cases(random, 'terminal')

test.concurrent.each(inPipes)('$name in a pipe, $ending at $moment', async (each) => {
  const cli = startCli(await each.line(node), node)
  cli.stdin.end()
  const outcome = outcomeOf(cli)
  await setTimeout(each.moment * usualMs)
  cli.kill(each.ending)
  const {stdout, stderr, exitCode} = await outcome
  const endedBy = cli.signalCode as Ending | null
  expect(expected(each)).toContain(endedBy ? codes[endedBy] : exitCode)
  expect(stdout + stderr).not.toMatch(fault)
})

test.concurrent.for(onTerminals)('$name on a terminal, $ending at $moment', async (each, {onTestFailed}) => {
  const session = await onTerminal(await each.line(node), node.endpoint, {
    env: node.env,
    onFailure: onTestFailed,
  })
  await session.until(/pid \d+/)
  await setTimeout(each.moment * usualMs)
  session.signal(each.ending)
  const {before, after, output, exitCode} = await session.outcome()
  expect(expected(each)).toContain(exitCode)
  expect(output).not.toMatch(fault)
  expect(after).toBe(before)
})
