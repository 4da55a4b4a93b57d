import {setTimeout as sleep} from 'node:timers/promises'
import {CriCommand} from './base-command.js'
import {RpcError, rpcCode, UnreachableError} from './errors.js'
import {jsonText} from './text/json.js'
import type {TableStyle} from './text/table.js'
import {type Output, rendered, type View} from './views/output.js'

export interface Sampling<Sample> {
  output: Output
  /** Between two samples. */
  seconds: number
  watch: boolean
  sample: () => Promise<Sample[]>
  /** Whether one sample says all that the table shows. */
  sufficient: (sample: Sample[]) => boolean
  view: (
    now: Sample[],
    before: Sample[],
    terminal: {width: number | undefined; style: TableStyle | undefined},
  ) => Promise<View>
}

const clearScreen = '\u001b[2J\u001b[H'
const shortestPauseMs = 100

/** `stats` and `statsp`: one table from two samples, or one after another. */
export abstract class UsageCommand extends CriCommand {
  /** JSON and its like are one sample as it is; a table needs two, unless the runtime itself gives rates. */
  protected async showUsage<Sample>(sampling: Sampling<Sample>): Promise<void> {
    const forPeople = sampling.output.format === 'table' || sampling.output.format === 'wide'
    let before: Sample[] = []
    let now = await sampling.sample()
    if (forPeople && !sampling.sufficient(now)) {
      before = now
      await this.#pause(sampling)
      now = await sampling.sample()
    }
    await this.#show(sampling, now, before)
    while (sampling.watch) {
      await this.#pause(sampling)
      const next = await this.#sampleAgain(sampling)
      await this.#show(sampling, next, now)
      now = next
    }
  }

  async #show<Sample>(
    {output, watch, view}: Sampling<Sample>,
    now: Sample[],
    before: Sample[],
  ): Promise<void> {
    const terminal = {width: this.width, style: await this.tableStyle()}
    const shown = await view(now, before, terminal)
    // One line for each round, so that a reader of the pipe knows where a document ends.
    if (watch && output.format === 'json') return this.write(jsonText(shown.document(), 0))
    const text = await rendered(shown, output)
    this.write(watch && process.stdout.isTTY ? clearScreen + text : text)
  }

  /** A runtime that is restarted is waited for. */
  async #sampleAgain<Sample>({sample, seconds}: Sampling<Sample>): Promise<Sample[]> {
    for (let lost = false; ; lost = true) {
      try {
        return await sample()
      } catch (error) {
        const gone =
          error instanceof UnreachableError ||
          (error instanceof RpcError && error.code === rpcCode.unavailable)
        if (!gone) throw error
        if (!lost) this.note('the runtime does not answer: asking again until it does')
        await this.#pause({seconds})
      }
    }
  }

  async #pause({seconds}: {seconds: number}): Promise<void> {
    await sleep(Math.max(seconds * 1000, shortestPauseMs), undefined, {signal: this.signal})
  }
}
