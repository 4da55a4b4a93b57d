import {setMaxListeners} from 'node:events'
import type {Interfaces} from '@oclif/core'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {CriCommand} from '../cli/command.js'
import {refuseFlagAsCommand} from '../cli/command-begins.js'
import {describeOwnError} from '../cli/failures/describe.js'
import {type GlobalFlags, withoutLetter} from '../cli/flags/common.js'
import {containerSelection, livingFilterFlags} from '../cli/flags/selection.js'
import {checkTerminal, detachKeysFlag, streamFlags, streamingOf} from '../cli/flags/stream.js'
import {givenFilter} from '../cli/flags/target.js'
import {integerFrom, valueFlag} from '../cli/flags/types.js'
import type {CriClient} from '../client/connect.js'
import {containerIdentities, containerIdOf, containerReferences} from '../client/names.js'
import {exitCode, MissingArgumentError, NotFoundError, UsageError, UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import type {Container} from '../generated/cri.js'
import {concurrently} from '../node/concurrently.js'
import {isEmbedded} from '../node/kubelet.js'
import {listPodsOfUnlabelled} from '../node/selection.js'
import {sessionFailure} from '../sessions/failure.js'
import {endOutputs, type Outputs, sharedOutputs} from '../sessions/line-writer.js'
import {runSession, type Streaming} from '../sessions/session.js'
import {replacedStdin} from '../sessions/stdin.js'
import {isCrictlMode, programName} from '../text/program.js'
import {parseUserNumbers} from '../text/user-numbers.js'

/** Far more than a runtime does at once, far less than it has URLs. */
const atOnce = 64

interface Target {
  containerId: string
  /** As the user knows it. */
  name: string
}

type ExecFlags = Interfaces.InferredFlags<typeof Exec.flags> & GlobalFlags

interface Task {
  client: CriClient
  streaming: Streaming
  command: readonly string[]
  stdin: boolean
  tty: boolean
  sync: boolean
  timeoutSeconds: number
  detachKeys: Uint8Array
  user: string | undefined
}

export default class Exec extends CriCommand {
  static override summary = 'Run a command in a container'
  static override description =
    "Everything after the container is the command, flags included. The exit code is the command's own; 126 when it cannot be executed, 127 when it does not exist, 125 when crisp or the runtime failed. With filters instead of a container, the command runs in every container that matches, one after another."
  static override usage = 'exec [flags] CONTAINER COMMAND [ARG...]'
  static override examples = [
    'crisp exec web ls -la /etc',
    'crisp exec -it kube-system/coredns-x/coredns sh',
    "echo 'select 1' | crisp exec -i db psql",
    'crisp exec -s --timeout 5 web cat /proc/loadavg',
    'sudo crisp exec --user 1000:1000 web id',
    'crisp exec --pod-label app=web --parallel hostname',
  ]
  static argumentsEndFlags = true
  static override strict = false

  static override args = {
    container: Args.string({
      description: 'ID, name, pod/name or namespace/pod/name; none with filters',
      complete: 'running-container',
    }),
    command: Args.string({description: 'what to run, and its arguments'}),
  }

  static override flags = {
    interactive: Flags.boolean({char: 'i', description: 'pass stdin to the command'}),
    tty: Flags.boolean({char: 't', description: 'give the command a terminal'}),
    sync: Flags.boolean({
      char: 's',
      description: 'one call that answers when the command has ended; at most 16 MiB, no stdin, no terminal',
    }),
    timeout: integerFrom(0)({
      description: 'with --sync: seconds after which the command is killed, exit code 124',
      helpValue: 'SECONDS',
    }),
    user: valueFlag(parseUserNumbers, {helpValue: 'UID[:GID]'})({
      char: 'u',
      description: "as this user, by numbers; the runtime's own tool does it, on the node itself and as root",
    }),
    'ignore-errors': Flags.boolean({char: 'e', description: 'exit code 0 whatever happens'}),
    parallel: Flags.boolean({
      char: 'x',
      description: 'run in all containers at once, with the name of the container before each line',
    }),
    quiet: Flags.boolean({char: 'q', description: 'no headings between the output of several containers'}),
    ...livingFilterFlags,
    state: withoutLetter(livingFilterFlags.state),
    'detach-keys': detachKeysFlag,
    ...streamFlags,
  }

  async run(): Promise<void> {
    const {flags, raw} = await this.parse(Exec)
    const words = raw.filter(({type}) => type === 'arg').map(({input}) => input)
    const reference = givenFilter(flags) === undefined ? words.shift() : undefined
    // kubectl's habit; no command has this name.
    const isMarked = words[0] === '--'
    if (isMarked) words.shift()
    if (words.length === 0)
      throw new MissingArgumentError(
        `which command? ${programName()} exec ${reference ?? 'CONTAINER'} COMMAND [ARG...]`,
      )
    // Nor this one.
    if (words[0] === '-c' && reference !== undefined && !isCrictlMode())
      throw new UsageError(
        `a container is named with its pod, without -c: ${programName()} exec ${reference}/${words[1] ?? 'CONTAINER'} COMMAND [ARG...]`,
      )
    if (!isMarked && reference !== undefined) refuseFlagAsCommand(words[0], 'exec', reference)
    const {timeout: timeoutSeconds = 0} = flags
    if (timeoutSeconds > 0 && !flags.sync) this.note('--timeout counts only with --sync')
    const streams = {stdin: flags.interactive && !flags.sync, tty: flags.tty && !flags.sync}
    checkTerminal(streams)
    if (flags.user !== undefined && (flags.sync || flags.parallel))
      throw new UsageError('--user goes neither with --sync nor with --parallel')
    const task = {
      ...streams,
      user: flags.user,
      command: words,
      sync: flags.sync,
      timeoutSeconds,
      detachKeys: flags['detach-keys'],
      streaming: await streamingOf(flags, await this.streamOptions(flags)),
    }
    if (flags['ignore-errors'] && !flags.quiet)
      this.note('ignoring errors: the exit code is 0 whatever happens')
    const running = this.#connectAndRun(task, reference, flags)
    if (!flags['ignore-errors']) return running
    await running.catch((error) => {
      if (this.signal.aborted) throw error
      this.fail(error)
    })
    process.exitCode = exitCode.done
  }

  async #connectAndRun(
    task: Omit<Task, 'client'>,
    reference: string | undefined,
    flags: ExecFlags,
  ): Promise<void> {
    using client = await this.connect(flags)
    if (reference !== undefined) {
      const containerId = await containerIdOf(client, reference)
      return await this.#runIn({...task, client}, {containerId, name: reference}, process)
    }
    const containers = await chooseContainers(client, containerSelection(flags), (text) => this.note(text))
    await this.#runInAll({...task, client}, containers, flags)
  }

  async #runInAll(
    task: Task,
    containers: readonly Container[],
    {parallel, quiet}: {parallel: boolean; quiet: boolean},
  ): Promise<void> {
    if (containers.length === 0)
      throw new NotFoundError(`no container matches the filters: ${programName()} ps -a lists all`)
    if (containers.length > 1 && task.stdin)
      throw new UserError(
        `the filters pass ${containers.length} containers, and stdin can go to one only: narrow them down, or add --latest`,
      )
    const identityOf = containerIdentities(await listPodsOfUnlabelled(task.client, containers))
    const names = containerReferences(containers, identityOf)
    const targets = containers.map(({id}, index) => ({containerId: id, name: names[index] ?? id}))
    // All of them listen to it, and Node warns of a leak at eleven.
    setMaxListeners(0, this.signal)
    await concurrently(targets, parallel ? atOnce : 1, async (target) => {
      this.signal.throwIfAborted()
      if (!parallel && !quiet && !task.stdin) this.write(`${target.containerId}:\n`)
      const outputs = parallel ? sharedOutputs(quiet ? '' : `[${printable(target.name)}] `) : process
      try {
        await this.#runIn(task, target, outputs)
      } catch (error) {
        if (this.signal.aborted) throw this.signal.reason
        this.fail(error, target.name)
      } finally {
        if (parallel) await endOutputs(outputs)
      }
    })
    this.signal.throwIfAborted()
  }

  async #runIn(task: Task, {containerId, name}: Target, {stdout, stderr}: Outputs): Promise<void> {
    const {client} = task
    try {
      const code = task.sync
        ? await (await import('../sessions/exec-sync.js')).execSync(client, {
            ...task,
            containerId,
            stdout,
            stderr,
          })
        : task.user === undefined
          ? await this.#stream(task, containerId, name, {stdout, stderr})
          : await this.#runAsUser(task, containerId)
      process.exitCode = Math.max(code, Number(process.exitCode ?? exitCode.done))
    } catch (error) {
      throw await sessionFailure(client, containerId, error)
    }
  }

  /** No program of the container runs but inside it: what joins it is the runtime's own tool. */
  async #runAsUser({client, command, stdin, tty, user = ''}: Task, containerId: string): Promise<number> {
    if (tty && replacedStdin())
      throw new UserError(
        `--user with --tty needs a terminal on the node, and there is none over --node: leave out --tty, or start ${programName()} there (ssh -t)`,
      )
    const {runtimeToolOf} = await import('../node/host/runtime-tool.js')
    const tool = await runtimeToolOf(client, containerId)
    if (!tool && (await isEmbedded(client)))
      throw new UserError(
        `--user: the embedded runtime runs everything as its own user: ${programName()} demo --user NAME starts it as another`,
      )
    if (!tool)
      throw new UserError(
        `--user: the CRI has no user for exec, and this runtime has no tool here that could do it (runc, crun): ${programName()} debug runs another container among its processes`,
      )
    const {rootEnvironment} = await import('../node/host/root-programs.js')
    const {runNodeProgram} = await import('../cli/node-program.js')
    const words = [
      '--root',
      tool.root,
      'exec',
      ...(tty ? ['--tty'] : []),
      '--user',
      user,
      containerId,
      ...command,
    ]
    const {path} = tool
    const code = await runNodeProgram(
      {path, words, env: rootEnvironment(process.env), stdin},
      this.interruption,
    )
    this.interruption.throwIfCut()
    return code
  }

  async #stream(task: Task, containerId: string, name: string, outputs: Outputs): Promise<number> {
    const exit = await runSession({
      ...task,
      ...outputs,
      openUrl: async () => {
        const {client, command, stdin, tty} = task
        const request = {containerId, cmd: [...command], stdin, tty, stdout: true, stderr: !tty}
        return (await client.runtime.exec(request)).url
      },
      signal: this.signal,
      note: (text) => this.note(text),
    })
    if (exit.kind === 'exited') return exit.exitCode
    this.note(`detached: the command keeps running in ${name}`)
    return exitCode.done
  }

  protected override fail(error: unknown, name?: string): void {
    this.report(describeOwnError(error, name))
  }
}
