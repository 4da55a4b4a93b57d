import {once} from 'node:events'
import {appendFileSync, rmSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'
import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {becomeAccount, findAccount, isRoot} from '../cli/account.js'
import {type Given, parserWords} from '../cli/argv.js'
import {CriCommand} from '../cli/command.js'
import type {StartReport, stopServers} from '../cli/demo-process.js'
import {describeError} from '../cli/failures/describe.js'
import type {DemoRuntime, DemoRuntimeOptions, Seed} from '../demo/index.js'
import {Interrupted, UsageError, UserError} from '../errors/errors.js'
import {readFileBytes} from '../node/read-file.js'

/** Filled in by the build. */
declare const crispVersion: string

export default class Demo extends CriCommand {
  static override summary = 'Serve the CRI from crisp itself, to learn and to experiment'
  static override description =
    'A runtime without root and without isolation: its containers are ordinary processes of yours, and of root what ' +
    'they do is done to this machine: then --user runs everything as somebody else. Reach it with ' +
    '-r demo from another terminal, which also starts it by itself if it does not run. A kubelet inside makes its pods ' +
    'and their containers again when they have ended.'
  static override examples = [
    'crisp demo',
    'crisp -r demo ps -a',
    'crisp demo --detach --empty',
    'crisp demo --seed node.yaml',
    'crisp demo --no-kubelet',
    "crisp demo --delay '*=200ms' --fail PullImage=unavailable",
    'crisp demo --like containerd-1.6',
    'sudo crisp demo --user nobody',
    'crisp demo --stop',
  ]

  static override flags = {
    detach: Flags.boolean({char: 'd', description: 'serve in the background'}),
    stop: Flags.boolean({description: 'stop the running server'}),
    empty: Flags.boolean({description: 'start without pods'}),
    seed: Flags.string({
      helpValue: 'FILE',
      description: 'start with the pods in this YAML file (docs/demo.md)',
    }),
    'no-kubelet': Flags.boolean({description: 'no kubelet: what ends is not made again'}),
    socket: Flags.string({
      helpValue: 'PATH',
      complete: 'file',
      description: 'socket to listen on, instead of the default one',
    }),
    delay: Flags.string({
      multiple: true,
      helpGroup: 'FAULT',
      helpValue: 'METHOD=DURATION',
      description: "answer late; the method '*' is every one",
    }),
    fail: Flags.string({
      multiple: true,
      helpGroup: 'FAULT',
      helpValue: 'METHOD=CODE',
      description: 'answer with a gRPC status, such as PullImage=unavailable',
    }),
    cut: Flags.string({
      multiple: true,
      helpGroup: 'FAULT',
      helpValue: 'METHOD=N',
      description: 'break a stream off after N messages, such as GetContainerEvents=3',
    }),
    like: Flags.string({
      helpGroup: 'FAULT',
      helpValue: 'RELEASE',
      description: 'lack the calls that a release lacks, such as containerd-1.6 or crio-1.30',
    }),
    user: Flags.string({
      char: 'u',
      helpValue: 'NAME',
      // Of a variable that is not set: without it everything would be root's.
      takesEmpty: true,
      description:
        'run everything as this user, for root: server, containers, files and socket are then theirs',
    }),
    child: Flags.boolean({hidden: true}),
    /** It ends with whoever has started it, and the directory of its socket with it. */
    private: Flags.boolean({hidden: true}),
    page: Flags.boolean({hidden: true}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Demo)
    if (flags.page) {
      const {runWebProgram} = await import('../demo/processes/programs.js')
      return runWebProgram()
    }
    if (flags.stop && flags.detach) throw new UsageError("--stop and --detach can't both be given")
    if (flags.empty && flags.seed !== undefined)
      throw new UsageError("--empty and --seed can't both be given")
    if (flags.socket !== undefined && !flags.socket.startsWith('/'))
      throw new UsageError(`--socket "${flags.socket}": write an absolute path`)
    const account = flags.user === undefined ? undefined : findAccount(flags.user)
    const options = await this.#options(flags)
    const {demoSocketPath, openServerDirectory} = await import('../demo/state/home.js')
    const demoProcess = await import('../cli/demo-process.js')
    const {demoIntroduction, demoOfRoot} = await import('../views/demo.js')
    const {callLine} = await import('../views/calls.js')
    const {startDemoRuntime} = await import('../demo/index.js')
    const paint = await this.paint()
    if (flags.detach) {
      if (isRoot() && !account) this.note(demoOfRoot())
      const endpoint = await demoProcess.startDetached(
        parserWords({...this.line, given: this.#serverFlags()}),
        this.signal,
      )
      return this.write(`${endpoint}\n`)
    }
    // What is loaded from here on may lie where only root can read.
    if (account) becomeAccount(account)
    if (flags.child) return this.#serveDetached(flags, options)
    const socketPath = flags.socket ?? demoSocketPath()
    if (flags.stop) return this.#sayStopped(await demoProcess.stopServers(socketPath, this.signal))

    await using runtime = await startDemoRuntime({
      ...options,
      socketPath,
      directory: await openServerDirectory(socketPath),
      onCall: (call) => this.write(callLine(call, Date.now(), {paint, width: this.width})),
      onRefused: (line) => this.note(`refused: ${line}`),
    })
    const reference = flags.socket === undefined && !account ? 'demo' : runtime.endpoint
    this.write(demoIntroduction(reference, socketPath, {ofRoot: isRoot()}))
    await this.#waitUntilStopped(runtime)
  }

  #sayStopped(stopped: Awaited<ReturnType<typeof stopServers>>): void {
    if (stopped === 'none') this.note('no embedded runtime runs')
    if (stopped === 'killed') this.note('the embedded runtime was killed: what it left is removed')
  }

  /** The server in the background works in another directory. */
  #serverFlags(): Given[] {
    return this.line.given
      .filter(({flag}) => flag.name !== 'detach')
      .map(({flag, value}) => ({flag, value: flag.name === 'seed' ? resolve(String(value)) : value}))
  }

  /** Tells the process that waits for us, and then nobody any more. */
  async #serveDetached(
    {socket, private: isPrivate}: {socket?: string | undefined; private: boolean},
    options: DemoRuntimeOptions,
  ): Promise<void> {
    const report = async (outcome: StartReport): Promise<void> => {
      await new Promise<void>((resolve) => process.send?.(outcome, () => resolve()) ?? resolve())
      if (!process.connected) return
      if (isPrivate) process.once('disconnect', orphaned)
      else process.disconnect()
    }
    const orphaned = () => {
      // Commands that wait for a runtime to come back would do so for ever.
      endMarked(`CONTAINER_RUNTIME_ENDPOINT=unix://${socket}\0`)
      this.end(new Interrupted('SIGTERM'))
    }
    const removeAll = () => {
      if (isPrivate && socket !== undefined) rmSync(dirname(socket), {recursive: true, force: true})
    }
    const {endMarked} = await import('../demo/processes/process-table.js')
    try {
      const {demoSocketPath, openServerDirectory} = await import('../demo/state/home.js')
      const {startDemoRuntime} = await import('../demo/index.js')
      const socketPath = socket ?? demoSocketPath()
      const directory = await openServerDirectory(socketPath)
      const onRefused = (line: string): void => appendFileSync(join(directory, 'refused.log'), `${line}\n`)
      await using runtime = await startDemoRuntime({...options, socketPath, directory, onRefused})
      await report({endpoint: runtime.endpoint})
      if (isPrivate && !process.connected) orphaned()
      process.once('exit', removeAll)
      await this.#waitUntilStopped(runtime)
    } catch (error) {
      await report({failure: describeError(error).text})
      // To listen for its end would keep this process.
      if (process.connected) process.removeAllListeners('disconnect').disconnect()
      throw error
    }
  }

  async #waitUntilStopped(runtime: DemoRuntime): Promise<void> {
    // The way out of a second Ctrl-C and of a fault of our own, which leave no time for anything else.
    const atOnce = (): void => {
      runtime.killNow()
      for (const path of [runtime.socketPath, runtime.directory]) rmSync(path, {recursive: true, force: true})
    }
    process.once('exit', atOnce)
    if (!this.signal.aborted) await once(this.signal, 'abort')
    await runtime[Symbol.asyncDispose]()
    process.off('exit', atOnce)
    throw this.signal.reason
  }

  async #options(flags: Interfaces.InferredFlags<typeof Demo.flags>): Promise<DemoRuntimeOptions> {
    const {parseFaults, parseRelease} = await import('../demo/server/fault-words.js')
    return {
      seed: flags.empty ? 'empty' : flags.seed === undefined ? 'node' : await this.#readSeed(flags.seed),
      like: flags.like === undefined ? undefined : parseRelease(flags.like),
      kubelet: !flags['no-kubelet'],
      faults: parseFaults({delay: flags.delay ?? [], fail: flags.fail ?? [], cut: flags.cut ?? []}),
      version: crispVersion,
    }
  }

  async #readSeed(path: string): Promise<Seed> {
    const {parseSeed} = await import('../demo/state/seed-file.js')
    const bytes = await readFileBytes(path, {signal: this.signal}).catch((error) => {
      this.signal.throwIfAborted()
      throw new UserError(`seed file ${path}: ${error.message}`, {cause: error})
    })
    return parseSeed(bytes.toString(), path)
  }
}
