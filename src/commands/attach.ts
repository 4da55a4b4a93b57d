import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {describeOwnError} from '../cli/failures/describe.js'
import {checkTerminal, detachKeysFlag, streamFlags, streamingOf} from '../cli/flags/stream.js'
import {containerIdOf} from '../client/names.js'
import {UsageError} from '../errors/errors.js'
import {sessionFailure} from '../sessions/failure.js'
import {attach} from '../sessions/session.js'
import {programName} from '../text/program.js'

export default class Attach extends CriCommand {
  static override summary = "Attach to a running container's stdin, stdout and stderr"
  static override description =
    'Shows what the container prints from now on. If the container exits, crisp ends with its exit code; 125 means that crisp or the runtime failed. Input reaches only containers created with stdin; use -t for those created with a terminal.'
  static override examples = [
    'crisp attach web',
    'crisp attach -it debug-shell',
    'crisp attach -it --detach-keys ctrl-a,d debug-shell',
  ]

  static override args = {
    container: Args.string({
      description: 'ID, name, pod/name or namespace/pod/name',
      complete: 'running-container',
    }),
  }

  static override flags = {
    stdin: Flags.boolean({char: 'i', aliases: ['interactive'], description: 'pass stdin to the command'}),
    tty: Flags.boolean({char: 't', description: "connect your terminal to the container's"}),
    'detach-keys': detachKeysFlag,
    ...streamFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Attach)
    if (!args.container) throw new UsageError(`which container? ${programName()} attach CONTAINER`)
    const {stdin, tty, 'detach-keys': detachKeys} = flags
    checkTerminal({stdin, tty})
    const streaming = await streamingOf(flags, await this.streamOptions(flags))
    using client = await this.connect(flags)

    const containerId = await containerIdOf(client, args.container)
    try {
      const exit = await attach({
        client,
        streaming,
        containerId,
        stdin,
        tty,
        detachKeys,
        signal: this.signal,
        note: (text) => this.note(text),
      })
      if (exit.kind === 'exited') process.exitCode = exit.exitCode
      else this.note(`detached: ${args.container} goes on`)
    } catch (error) {
      throw await sessionFailure(client, containerId, error)
    }
  }

  protected override fail(error: unknown): void {
    this.report(describeOwnError(error))
  }
}
