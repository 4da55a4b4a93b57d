import {CriCommand} from '../base-command.js'
import {outputFlags} from '../flags.js'
import {metricDescriptorsView} from '../views/metrics.js'
import {parseOutput} from '../views/output.js'

export default class MetricDescs extends CriCommand {
  static override summary = 'Show which metrics the runtime has, and their labels'
  static override examples = ['crisp metricdescs', 'crisp metricdescs -o table']

  static override flags = outputFlags('json')

  async run(): Promise<void> {
    const {flags} = await this.parse(MetricDescs)
    const output = parseOutput(flags.output, flags.template)
    using client = await this.connect(flags)
    const {descriptors} = await client.runtime.listMetricDescriptors()
    await this.show(metricDescriptorsView(descriptors, this.width), output)
  }
}
