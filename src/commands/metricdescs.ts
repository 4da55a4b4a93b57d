import {CriCommand} from '../base-command.js'
import {outputFlags} from '../flags.js'
import {metricDescriptorsView} from '../views/metrics.js'

export default class MetricDescs extends CriCommand {
  static override summary = 'Show which metrics the runtime has, and their labels'
  static override examples = ['crisp metricdescs', 'crisp metricdescs -o table']

  static override flags = outputFlags('json', 'json, yaml, table, jsonl, go-template, jsonpath=EXPRESSION')

  async run(): Promise<void> {
    const {flags} = await this.parse(MetricDescs)
    using client = await this.connect(flags)
    const {descriptors} = await client.runtime.listMetricDescriptors()
    await this.show(metricDescriptorsView(descriptors, this.width), flags.output, flags.template)
  }
}
