import type {CriClient} from '../client/connect.js'
import type {Made} from '../run/carry-out.js'
import type {Plan} from '../run/plan.js'
import {programName} from '../text/program.js'
import {shortId} from '../text/short-id.js'
import type {PullFlags} from './flags/pull.js'
import {checkTerminal, type StreamFlags, streamingOf} from './flags/stream.js'
import {type MakeFlags, PlanCommand} from './make-command.js'

export type ForegroundFlags = MakeFlags &
  PullFlags &
  StreamFlags & {interactive: boolean; tty: boolean; 'detach-keys': Uint8Array}

/** A verb that stays until the container that it has made ends. */
export abstract class ForegroundCommand extends PlanCommand {
  /** The container's output and exit code; with `remove` nothing of it stays, however this ends. */
  protected async runInForeground(
    client: CriClient,
    flags: ForegroundFlags,
    plan: Plan,
    {remove}: {remove: boolean},
  ): Promise<void> {
    const {runInForeground} = await import('../run/foreground.js')
    if (remove) this.interruption.outliveReader()
    const {interactive: stdin, tty, 'detach-keys': detachKeys} = flags
    checkTerminal({stdin, tty})
    const session = {
      stdin,
      tty,
      detachKeys,
      streaming: await streamingOf(flags, await this.streamOptions(flags)),
    }
    const made = await this.printOrCarryOut(client, flags, plan).catch(async (error) => {
      const {startFailure} = await import('../sessions/failure.js')
      throw startFailure(error)
    })
    const containerId = made?.containerIds[0] ?? ''
    let logPath: string | undefined
    let goesOn = !remove
    try {
      // The runtime's own word: not each writes where it was asked to.
      const {status} = await client.runtime.containerStatus({containerId}, {signal: this.signal})
      logPath = status?.logPath || undefined
      const note = (text: string) => this.note(text)
      const {stdout, stderr} = process
      const exit = await runInForeground({
        ...session,
        client,
        containerId,
        logPath,
        stdout,
        stderr,
        signal: this.signal,
        note,
      })
      if (exit.kind === 'exited') process.exitCode = exit.exitCode
      goesOn = exit.kind === 'detached'
    } finally {
      const id = shortId(containerId)
      if (goesOn)
        this.note(
          `the container keeps running: ${programName()} attach ${id}, or ${programName()} rm -f ${id}`,
        )
      else if (remove && made) await this.#remove(flags, plan, made, logPath)
    }
  }

  async #remove(flags: MakeFlags, plan: Plan, made: Made, logPath: string | undefined): Promise<void> {
    const found = await this.removeMade(flags, plan, made)
    if (found?.podSandboxId !== undefined || !found?.containerIds.length || logPath === undefined) return
    const {removeLogFiles} = await import('../logs/remove-files.js')
    await removeLogFiles(logPath, (text) => this.note(text))
  }
}
