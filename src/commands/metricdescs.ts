import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {metricDescriptorsView} from '../views/metrics.js'

export default class MetricDescs extends CriCommand {
  static override summary = 'Show which metrics the runtime has, and their labels'
  static override examples = ['crisp metricdescs', 'crisp metricdescs -o table']

  static override flags = outputFlags('json')

  async run(): Promise<void> {
    const {flags} = await this.parse(MetricDescs)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)
    const {descriptors} = await client.runtime.listMetricDescriptors()
    await this.show(metricDescriptorsView(descriptors, this.width), output)
  }
}
