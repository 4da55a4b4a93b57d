import * as Args from '@oclif/core/args'
import {pullFlags} from '../cli/flags/pull.js'
import {checkStdin, makeFlags, PlanCommand, pullFirstFlags} from '../cli/make-command.js'
import {podIdOf} from '../client/names.js'
import {readContainerConfig, readPodConfig} from '../config-files/configs.js'
import {linesOf} from '../formats/lines.js'
import {createStep, pullSteps} from '../run/plan.js'
import {podConfigOf} from '../run/pod-config-of.js'

export default class Create extends PlanCommand {
  static override summary = 'Create a container in a pod from a file, without starting it'
  static override description =
    'Prints the ID of the new container. The files are YAML or JSON. The pod file is the one that the pod was made from; without it crisp asks the runtime.'
  static override examples = [
    'crisp create web container.yaml pod.yaml',
    'crisp create default/web container.yaml',
    'crisp create --with-pull web container.yaml',
  ]

  static override args = {
    pod: Args.string({required: true, description: 'pod ID or name'}),
    'container-config': Args.string({required: true, description: 'file, or - for stdin', complete: 'file'}),
    'pod-config': Args.string({
      description: 'file, or - for stdin; by default crisp asks the runtime',
      complete: 'file',
    }),
  }

  static override flags = {...pullFirstFlags, ...pullFlags, ...makeFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Create)
    const {pod, 'container-config': containerFile, 'pod-config': podFile} = args
    checkStdin([containerFile, podFile], flags)
    const when = await this.pullWhen(flags, ({pullImageOnCreate}) => (pullImageOnCreate ? 'always' : 'never'))
    const validation = this.validation(flags)
    const container = await readContainerConfig(containerFile, this.reading, validation)
    const givenPod =
      podFile === undefined ? undefined : await readPodConfig(podFile, this.reading, validation)
    using client = await this.connect(flags)
    const podSandboxId = await podIdOf(client, pod)
    const podConfig = givenPod ?? (await podConfigOf(client, podSandboxId))
    const plan = [...pullSteps(when, container, podConfig), createStep(podSandboxId, container, podConfig)]
    const made = await this.printOrCarryOut(client, flags, plan)
    if (made) this.write(linesOf(made.containerIds))
  }
}
