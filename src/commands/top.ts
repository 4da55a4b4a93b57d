import {statfs} from 'node:fs/promises'
import {availableParallelism, totalmem} from 'node:os'
import {setTimeout as sleep} from 'node:timers/promises'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {describeError} from '../cli/failures/describe.js'
import {labelOfPodFlag, unitsFlag} from '../cli/flags/common.js'
import {choiceFlag, durationFrom, integerFlag, regexpFlag} from '../cli/flags/types.js'
import {namespaceFlag} from '../cli/flags/usage.js'
import type {CriClient} from '../client/connect.js'
import {UsageError} from '../errors/errors.js'
import {KnownEndings} from '../node/endings.js'
import {imageFilesystems, nodeState, sampleNode} from '../node/sample.js'
import {findPager} from '../terminal/pager.js'
import {ownCommand} from '../text/own-command.js'
import type {Pattern} from '../text/regexp/pattern.js'
import {hasLabels} from '../text/selectors.js'
import type {Units} from '../text/units.js'
import {plainTopStyle, type TopFrame, topText} from '../top/frame.js'
import {NodeHistory, type TopPod} from '../top/node.js'
import type {TopOrder, TopRow} from '../top/rows.js'
import {TopSession} from '../top/session.js'
import {initialState, type TopState} from '../top/state.js'
import {type Visited, visit} from '../top/visit.js'

const sortFlag = choiceFlag<TopOrder>({
  cpu: 'cpu',
  mem: 'mem',
  memory: 'mem',
  disk: 'disk',
  name: 'name',
  age: 'age',
  restarts: 'restarts',
})
const shortestIntervalMs = 200
/** What a pager shows stands on a screen of its own: of top's, nothing is left below it. */
const pagerOptions = 'R'

export default class Top extends CriCommand {
  static override summary = 'Watch what pods and containers use, live'
  static override description =
    `On the whole terminal, with keys to sort, filter, open pods and go to logs, a shell and describe (? lists them).
What fails again and again or ran out of memory stands first. 100 in CPU % is one core. --once prints a single frame, for scripts.`
  static override examples = [
    'crisp top',
    'crisp top --pods --sort mem',
    'crisp top --namespace kube-system --interval 5s',
    'crisp top --once --limit 10',
  ]

  static override flags = {
    pods: Flags.boolean({description: 'start with pods instead of containers'}),
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'also what does not run'}),
    pod: regexpFlag({
      char: 'p',
      helpGroup: 'FILTER',
      description: 'only pods whose name matches this regular expression',
    }),
    namespace: namespaceFlag,
    label: labelOfPodFlag,
    sort: sortFlag({
      helpGroup: 'OUTPUT',
      helpValue: 'COLUMN',
      description: 'by cpu, mem, disk, name, age or restarts',
      default: 'cpu',
    }),
    interval: durationFrom(shortestIntervalMs)({
      char: 's',
      default: 2_000,
      defaultHelp: async () => '2s',
      description: 'time between two refreshes',
    }),
    once: Flags.boolean({helpGroup: 'OUTPUT', description: 'print one frame and end'}),
    limit: integerFlag({helpGroup: 'OUTPUT', description: 'with --once: only the first N rows'}),
    units: unitsFlag,
  }

  #session: TopSession | undefined

  async run(): Promise<void> {
    const {flags} = await this.parse(Top)
    const {interval: intervalMs, pod, namespace, label: labels = {}} = flags
    const units = await this.units(flags)
    const state: TopState = {
      ...initialState,
      mode: flags.pods ? 'pods' : 'containers',
      order: flags.sort,
      all: flags.all,
    }
    const filter = podFilter({pod, namespace, labels})
    if (!flags.once && !(process.stdout.isTTY && process.stdin.isTTY))
      throw new UsageError('top needs a terminal: --once prints one frame without, stats --watch goes on')
    if (!flags.once && process.env.TERM === 'dumb')
      throw new UsageError(
        'top needs a terminal that can move its cursor, and TERM is dumb: --once prints one frame without',
      )
    using client = await this.connect(flags)
    const machine = await machineOf(client)

    if (flags.once) {
      const frame = await firstFrame(client, {state, units, filter, machine, intervalMs, signal: this.signal})
      return this.write(topText(frame, this.width, flags.limit))
    }
    const endpoint = await client.endpoint()
    const colours = (await this.tableStyle()) !== undefined
    this.#session = new TopSession({
      client,
      input: process.stdin,
      output: process.stdout,
      signal: this.signal,
      program: process,
      state,
      filter,
      intervalMs,
      units,
      style: colours ? (await import('../top/colours.js')).topStyle : plainTopStyle,
      machine,
      describe: (error) => describeError(error).text,
      visit: (what, row, signal) => this.#visit(what, row, {endpoint, units, colours, signal}),
      suspend: stopProcess,
    })
    try {
      await this.#session.run()
    } finally {
      this.#session = undefined
    }
  }

  /** Nothing may be written across the screen. */
  protected override note(text: string): void {
    if (this.#session) this.#session.notice(text)
    else super.note(text)
  }

  #visit(
    what: Visited,
    row: TopRow,
    {
      endpoint,
      units,
      colours,
      signal,
    }: {endpoint: string; units: Units; colours: boolean; signal: AbortSignal},
  ): Promise<void> {
    const {stdin: input, stdout: size} = process
    return this.interruption.leaveToChild(() =>
      visit(what, row, {
        crisp: ownCommand(process),
        globals: ['--runtime-endpoint', endpoint, '--color', colours ? 'always' : 'never'],
        input,
        size,
        units,
        pager: findPager(process.env, process.geteuid?.(), pagerOptions),
        write: (text) => this.write(text),
        signal,
      }),
    )
  }
}

function podFilter({
  pod,
  namespace,
  labels,
}: {
  pod: Pattern | undefined
  namespace: Pattern | undefined
  labels: Readonly<Record<string, string>>
}): (pods: TopPod[]) => TopPod[] {
  return (pods) =>
    pods.filter(
      (item) =>
        (pod?.test(item.name) ?? true) &&
        (namespace?.test(item.namespace) ?? true) &&
        hasLabels(item.labels, labels),
    )
}

/** crisp runs on the node it looks at: a CRI socket does not leave its machine. */
async function machineOf(client: CriClient): Promise<TopFrame['machine']> {
  const [filesystem] = await imageFilesystems(client)
  const path = filesystem?.fsId?.mountpoint
  const imageDiskBytes = path === undefined ? undefined : await diskBytes(path)
  return {cores: availableParallelism(), memoryBytes: totalmem(), imageDiskBytes}
}

async function diskBytes(path: string): Promise<number | undefined> {
  try {
    const {bsize, blocks} = await statfs(path)
    return bsize * blocks
  } catch {
    // Only root may look there, or the path is the runtime's own view of its files.
    return undefined
  }
}

/** Two samples, as the CPU of a first one is not known. */
async function firstFrame(
  client: CriClient,
  {
    state,
    units,
    filter,
    machine,
    intervalMs,
    signal,
  }: {
    state: TopState
    units: TopFrame['units']
    filter: (pods: TopPod[]) => TopPod[]
    machine: TopFrame['machine']
    intervalMs: number
    signal: AbortSignal
  },
): Promise<TopFrame> {
  const history = new NodeHistory()
  const [node, first] = await Promise.all([nodeState(client), sampleNode(client)])
  history.take(first)
  await sleep(Math.min(intervalMs, 1_000), undefined, {signal})
  const sample = await sampleNode(client)
  const endings = await new KnownEndings().of(client, sample, {withinMs: 2_000, nowMs: Date.now()})
  const pods = filter(history.take(sample, endings))
  return {node, machine, pods, state, units, nowMs: Date.now()}
}

/**
 * As Ctrl-Z does: a script around us stops too, so that its shell prompts. A process that nobody could continue is not
 * stopped, and goes on.
 */
async function stopProcess(): Promise<void> {
  let resume = () => {}
  const continued = new Promise<void>((resolve) => {
    resume = resolve
  })
  process.once('SIGCONT', resume)
  process.kill(0, 'SIGTSTP')
  await Promise.race([continued, sleep(200)])
  process.off('SIGCONT', resume)
}
