import {setTimeout as sleep} from 'node:timers/promises'
import {jsonText} from '../formats/json.js'
import type {OutputForm} from '../formats/output.js'
import type {TableStyle} from '../formats/table.js'
import type {View} from '../formats/view.js'
import {Outage} from '../node/lost-runtime.js'
import {frameText} from '../terminal/frame.js'
import {CriCommand} from './command.js'
import {countText, sumUpAtEnd} from './sum-up.js'

export interface Sampling<Sample> {
  output: OutputForm
  /** Between two samples. Left out, one second, and none where one sample is enough. */
  seconds: number | undefined
  watch: boolean
  /** Whether a table is cut to the terminal's size. */
  cut: boolean
  sample: () => Promise<Sample[]>
  /** Whether one sample says all that the table shows. */
  sufficient: (sample: Sample[]) => boolean
  view: (
    now: Sample[],
    before: Sample[],
    terminal: {width: number | undefined; style: TableStyle | undefined},
  ) => Promise<View>
}

const shortestPauseMs = 100

/** `stats` and `statsp`: one table from two samples, or one after another. */
export abstract class UsageCommand extends CriCommand {
  /** JSON and its like are one sample as it is; a table needs two, unless the runtime itself gives rates. */
  protected async showUsage<Sample>(sampling: Sampling<Sample>): Promise<void> {
    const forPeople = sampling.output.shows === 'table'
    const outage = new Outage((text) => this.note(text))
    const persist = <Result>(work: () => Promise<Result>) => outage.persist(work, () => this.#pause(sampling))
    let before: Sample[] = []
    let now = await persist(sampling.sample)
    if (forPeople && (sampling.seconds !== undefined || !sampling.sufficient(now))) {
      before = now
      await this.#pause(sampling)
      now = await (sampling.watch ? persist(sampling.sample) : sampling.sample())
    }
    await (sampling.watch
      ? persist(() => this.#show(sampling, now, before))
      : this.#show(sampling, now, before))
    if (!sampling.watch) return
    let looks = 1
    using _ = sumUpAtEnd(() => countText(looks, 'look'), this.signal)
    for (;;) {
      await this.#pause(sampling)
      const next = await persist(sampling.sample)
      await persist(() => this.#show(sampling, next, now))
      now = next
      looks++
    }
  }

  async #show<Sample>(
    {output, watch, cut, view}: Sampling<Sample>,
    now: Sample[],
    before: Sample[],
  ): Promise<void> {
    const terminal = {width: cut ? this.width : undefined, style: await this.tableStyle()}
    const shown = await view(now, before, terminal)
    // One line for each round, so that a reader of the pipe knows where a document ends.
    if (watch && output.name === 'json') return this.write(jsonText(shown.document(), 0))
    const movesCursor = process.stdout.isTTY && process.env.TERM !== 'dumb'
    if (!watch || !movesCursor || output.shows !== 'table') return await this.show(shown, output)
    this.write(frameText([...output.render(shown)].join(''), cut ? process.stdout.rows : undefined))
  }

  async #pause({seconds = 1}: {seconds: number | undefined}): Promise<void> {
    await sleep(Math.max(seconds * 1000, shortestPauseMs), undefined, {signal: this.signal})
  }
}
