import {constants} from 'node:fs'
import {type FileHandle, mkdir, open, rename} from 'node:fs/promises'
import {dirname} from 'node:path'
import type {OutputName} from './attached-clients.js'
import {LogLines, type LogStyle} from './log-lines.js'
import {tidyRotatedLogs, unusedSuffix} from './rotated-logs.js'

/** When a log becomes too long, it is renamed and a new one begun, as the kubelet does with a runtime's. */
export interface LogRotation {
  maxBytes: number
  /** The one that is written to included. */
  maxFiles: number
}

export const defaultRotation: LogRotation = {maxBytes: 10 * 1024 * 1024, maxFiles: 5}

/** A container's log file. Writing waits for the disk, so a container cannot print faster than it takes. */
export class ContainerLog {
  readonly #path: string
  readonly #rotation: LogRotation
  readonly #lines: Readonly<Record<OutputName, LogLines>>
  #file: FileHandle | undefined
  #sizeBytes = 0
  #rotates = false
  #last: Promise<unknown> = Promise.resolve()

  private constructor(path: string, rotation: LogRotation, style: LogStyle) {
    this.#path = path
    this.#rotation = rotation
    this.#lines = {stdout: new LogLines('stdout', style), stderr: new LogLines('stderr', style)}
  }

  static async open(path: string, rotation: LogRotation, style: LogStyle): Promise<ContainerLog> {
    const log = new ContainerLog(path, rotation, style)
    await mkdir(dirname(path), {recursive: true})
    await log.#openFile()
    return log
  }

  write(output: OutputName, chunk: Buffer): Promise<void> {
    return this.#inTurn(() => this.#append(this.#lines[output].take(chunk)))
  }

  /** Goes on in a new file of the old name, after somebody has renamed the old file. */
  reopen(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#file?.close()
      await this.#openFile()
    })
  }

  /** Writes unfinished lines as they are. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#append(Buffer.concat([this.#lines.stdout.end(), this.#lines.stderr.end()]))
      await this.#file?.close()
      this.#file = undefined
    })
  }

  async #openFile(): Promise<void> {
    // A link that somebody has put there would lead the log into a file of the user's.
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
    this.#file = await open(this.#path, flags, 0o640)
    const there = await this.#file.stat()
    // A device is written to and never renamed away.
    this.#rotates = there.isFile()
    this.#sizeBytes = there.size
  }

  async #append(lines: Buffer): Promise<void> {
    if (lines.length === 0 || !this.#file) return
    await this.#file.appendFile(lines)
    this.#sizeBytes += lines.length
    if (this.#rotates && this.#sizeBytes >= this.#rotation.maxBytes) await this.#rotate()
  }

  async #rotate(): Promise<void> {
    await tidyRotatedLogs(this.#path, this.#rotation.maxFiles - 2)
    await rename(this.#path, `${this.#path}.${await unusedSuffix(this.#path)}`)
    await this.#file?.close()
    await this.#openFile()
  }

  #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(step)
    // A failure belongs to whoever asked for the step, not to the next one.
    this.#last = result.catch(() => undefined)
    return result
  }
}
