import {setTimeout as sleep} from 'node:timers/promises'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {countText, sumUpAtEnd} from '../cli/sum-up.js'
import type {CriClient} from '../client/connect.js'
import {listOrStream, whole} from '../client/lists.js'
import type {OutputForm} from '../formats/output.js'
import {Outage} from '../node/lost-runtime.js'
import {podMetricsView} from '../views/metrics.js'

const watchPauseMs = 500
const ownForms = ['prometheus']

export default class Metricsp extends CriCommand {
  static override summary = 'Show metrics of pods, also as Prometheus text'
  static override description =
    "As JSON, or with -o prometheus as the text that Prometheus scrapes: names, labels, types and help are the runtime's own."
  static override examples = [
    'crisp metricsp',
    'crisp metricsp -o prometheus',
    'crisp metricsp --watch -o json',
  ]

  static override flags = {
    ...outputFlags('json', ownForms),
    watch: Flags.boolean({char: 'w', description: 'every half second, until Ctrl-C'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Metricsp)
    const output = await this.outputForm(flags, ownForms)
    using client = await this.connect(flags)

    if (!flags.watch) return await this.#show(client, output)
    const outage = new Outage((text) => this.note(text))
    let looks = 0
    using _ = sumUpAtEnd(() => countText(looks, 'look'), this.signal)
    for (;;) {
      await outage.ask(() => this.#show(client, output))
      looks++
      await sleep(watchPauseMs, undefined, {signal: this.signal})
    }
  }

  async #show(client: CriClient, output: OutputForm): Promise<void> {
    const metrics = await listOrStream(
      async () => (await client.runtime.listPodSandboxMetrics()).podMetrics,
      () => client.runtime.streamPodSandboxMetrics({}, whole()),
      (chunk) => chunk.podSandboxMetrics,
    )
    const {descriptors} =
      output.name === 'prometheus' ? await client.runtime.listMetricDescriptors() : {descriptors: []}
    await this.show(podMetricsView(metrics, descriptors, this.width), output)
  }
}
