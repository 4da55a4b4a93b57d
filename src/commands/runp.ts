import * as Args from '@oclif/core/args'
import {runtimeHandlerFlag} from '../cli/flags/common.js'
import {makeFlags, PlanCommand} from '../cli/make-command.js'
import {readPodConfig} from '../config-files/configs.js'
import type {Plan} from '../run/plan.js'

export default class Runp extends PlanCommand {
  static override summary = 'Create and start a pod without containers, from a file'
  static override description =
    'Prints the ID of the new pod. The file is YAML or JSON; "crisp init pod" writes one to start from.'
  static override examples = [
    'crisp runp pod.yaml',
    'crisp init pod | crisp runp -',
    'crisp runp pod.yaml --dry-run',
  ]

  static override args = {
    'pod-config': Args.string({required: true, description: 'file, or - for stdin', complete: 'file'}),
  }

  static override flags = {
    runtime: runtimeHandlerFlag,
    ...makeFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Runp)
    const config = await readPodConfig(args['pod-config'], this.reading, this.validation(flags))
    const handler = flags.runtime === undefined ? {} : {runtimeHandler: flags.runtime}
    using client = await this.connect(flags)
    const plan: Plan = [{method: 'RunPodSandbox', request: {config, ...handler}}]
    const made = await this.printOrCarryOut(client, flags, plan)
    if (made) this.write(`${made.podSandboxId}\n`)
  }
}
