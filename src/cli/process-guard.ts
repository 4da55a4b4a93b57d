import {closeSync, writeSync} from 'node:fs'
import {exitCode, Interrupted, UserError} from '../errors/errors.js'
import {isOutOfFiles, outOfFilesText} from '../errors/few-files.js'
import {deadTerminals, isTerminal, isTerminalLost} from '../terminal/is-terminal.js'
import {writeWhole} from '../terminal/sink.js'
import {unwritable} from '../terminal/unwritable.js'
import type {CriCommand} from './command.js'
import {reportFailure} from './messages.js'

/**
 * What ends the process from outside of its command: output without a reader or a place to go, a terminal that was
 * closed, a fault that nobody caught, nothing left to wait for.
 */
export class ProcessGuard {
  #command: CriCommand | undefined
  #over = false
  #reporting = false
  #hungUp = false
  #watchesStreams = false

  constructor() {
    process
      .on('uncaughtException', (error) => this.#onFault(error))
      // To Node it would be the same; a standalone file's runtime ends at once.
      .on('unhandledRejection', (error) => this.#onFault(error as Error))
      .on('beforeExit', () => this.#onNothingLeft())
      .on('exit', closeLostTerminals)
  }

  /** From now on it is this command that ends. */
  watch(command: CriCommand): void {
    this.watchStreams()
    this.#command = command
  }

  /** Before anything is written to stdout or stderr but by `print`. */
  watchStreams(): void {
    if (this.#watchesStreams) return
    this.#watchesStreams = true
    writeWhole(process.stdout)
    writeWhole(process.stderr)
    process.stdout.on('error', this.#onStdoutError)
    process.stderr.on('error', this.#onStderrError)
  }

  /**
   * All that there is to say, to stdout. Node's streams, which take longer to load than all the rest of a line of help,
   * are asked only by a terminal, and by what cannot be written. Nobody catches signals yet: they end it at once.
   */
  print(text: string): void {
    let rest = Buffer.from(text)
    try {
      while (rest.length > 0 && !isTerminal(1)) rest = rest.subarray(writeSync(1, rest))
    } catch {
      // The stream comes to it as well, and whoever watches that says it.
    }
    if (rest.length === 0) return
    this.watchStreams()
    process.stdout.write(rest)
  }

  /** What there was to do is done; output may still be on its way. */
  done(): void {
    this.#over = true
  }

  readonly #onStdoutError = (error: NodeJS.ErrnoException): void => {
    if (!this.#isReaderGone(error)) this.#end(unwritable(error))
  }

  readonly #onStderrError = (error: NodeJS.ErrnoException): void => {
    // Nobody can be told; whoever waits for what was written there hears of it.
    this.#isReaderGone(error)
  }

  /** Ends the command then, which is no failure. */
  #isReaderGone(error: NodeJS.ErrnoException): boolean {
    if (error.code === 'EPIPE') {
      // `crisp ps | head -1` has seen enough. A command that has something to clear up listens for it by the signal's
      // name.
      if (!process.emit('SIGPIPE', 'SIGPIPE')) process.exit(process.exitCode ?? exitCode.done)
      return true
    }
    if (!isTerminalLost(error)) return false
    this.#end(new Interrupted('SIGHUP'))
    return true
  }

  #onFault(error: Error): void {
    this.watchStreams()
    if (isTerminalLost(error)) this.#end(new Interrupted('SIGHUP'))
    else this.#report(error, () => process.exit())
  }

  #onNothingLeft(): void {
    // Node itself would end with 13 here, and a warning about its own file.
    if (this.#over) this.#exit()
    else
      this.#report(
        new UserError('ended without a result (run again with --debug and report what it prints)'),
        () => this.#exit(),
      )
  }

  #exit(): void {
    // Whoever waits for us sees what has ended us.
    if (this.#hungUp || this.#command?.hungUp) process.kill(process.pid, 'SIGHUP')
    // At once: as long as Node tidies up a terminal may get lost and not be noticed.
    process.exit()
  }

  #end(reason: Error): void {
    if (this.#command) this.#command.end(reason)
    else {
      this.#hungUp = reason instanceof Interrupted
      this.#report(reason)
    }
  }

  #report(reason: Error, then: () => void = () => undefined): void {
    if (this.#command) {
      this.#command.say(reason)
      then()
    } else if (!this.#reporting) {
      this.#reporting = true
      this.#over = true
      // The words are loaded only now: help and version need none of them.
      const words = import('./failures/describe.js').then(
        ({describeError}) => describeError(reason),
        // They cannot be loaded where no more files may be opened, which is why it failed.
        (error) => ({text: isOutOfFiles(error) ? outOfFilesText : String(reason), exitCode: exitCode.failed}),
      )
      void words.then((failure) => {
        reportFailure(failure)
        then()
      })
    }
  }
}

/** Node gives terminals their settings back as it ends, and aborts, with a core, where one is not there any more. */
function closeLostTerminals(): void {
  for (const descriptor of deadTerminals()) closeSync(descriptor)
}
