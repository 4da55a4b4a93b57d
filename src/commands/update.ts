import type {Interfaces} from '@oclif/core'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {containerNames, targetFlags} from '../cli/flags/target.js'
import {integerFlag, pairsFlag, valueFlag} from '../cli/flags/types.js'
import {TargetCommand} from '../cli/several-targets.js'
import {UsageError} from '../errors/errors.js'
import type {Input, LinuxContainerResources, UpdateContainerResourcesRequest} from '../generated/cri.js'
import {resolveTargetContainers} from '../node/targets.js'
import {programName} from '../text/program.js'
import {parseCpus, parseMemory} from '../text/quantity.js'

const {wait: _, ...eachFlags} = targetFlags()
const linux = {helpGroup: 'LIMITS'}

export default class Update extends TargetCommand {
  static override summary = 'Change the limits of containers while they run'
  static override description = 'Other limits stay as they are.'
  static override examples = [
    'crisp update --memory 256m web',
    'crisp update --cpus 0.5 default/web/app',
    'crisp update --cpu-share 512 --cpuset-cpus 0-1 web db',
  ]

  static override args = {
    container: Args.string({...containerNames, required: true, complete: 'running-container'}),
  }

  static override flags = {
    memory: valueFlag(parseMemory, {helpValue: 'SIZE', takesEmpty: true})({
      ...linux,
      description: 'bytes, or 256m, 1Gi',
    }),
    cpus: valueFlag(parseCpus, {helpValue: 'N', takesEmpty: true})({
      ...linux,
      description: 'CPUs, such as 0.5: sets quota and period',
    }),
    'cpu-quota': integerFlag({...linux, description: 'CPU time in each period, in microseconds'}),
    'cpu-period': integerFlag({...linux, description: 'microseconds'}),
    'cpu-share': integerFlag({...linux, description: 'weight against others; 1024 is usual'}),
    'cpuset-cpus': Flags.string({...linux, helpValue: 'LIST', description: 'CPUs to run on, such as 0-2,5'}),
    'cpuset-mems': Flags.string({...linux, helpValue: 'LIST', description: 'memory nodes to use'}),
    'oom-score-adj': integerFlag({...linux, description: '-1000 to 1000; the highest is killed first'}),
    'cpu-count': integerFlag({helpGroup: 'LIMITS ON WINDOWS', description: 'CPUs'}),
    'cpu-maximum': integerFlag({
      helpGroup: 'LIMITS ON WINDOWS',
      description: 'share of all CPU time, in hundredths of a percent',
    }),
    annotation: pairsFlag({description: 'for the runtime'}),
    ...eachFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Update)
    const limits = limitsFrom(flags)
    using client = await this.connect(flags)

    const targets = await resolveTargetContainers(client, args.container)
    await this.onEach(client, targets, flags, {
      verb: 'update',
      noun: 'container',
      act: async ({id, word}, say) => {
        await client.runtime.updateContainerResources({containerId: id, ...limits})
        say(word)
      },
    })
  }
}

/** crictl sends zeros where nothing is named, which changes nothing: here that is a mistake. */
function limitsFrom(
  flags: Interfaces.InferredFlags<typeof Update.flags>,
): Input<UpdateContainerResourcesRequest> {
  if (flags.cpus !== undefined && (flags['cpu-quota'] !== undefined || flags['cpu-period'] !== undefined))
    throw new UsageError('--cpus sets quota and period: leave it out, or those')
  const {memory} = flags
  const resources = dropUndefined<LinuxContainerResources>({
    ...flags.cpus,
    ...dropUndefined<LinuxContainerResources>({
      cpuPeriod: text(flags['cpu-period']),
      cpuQuota: text(flags['cpu-quota']),
    }),
    cpuShares: text(flags['cpu-share']),
    memoryLimitInBytes: text(memory),
    oomScoreAdj: text(flags['oom-score-adj']),
    cpusetCpus: flags['cpuset-cpus'],
    cpusetMems: flags['cpuset-mems'],
  })
  const windows = dropUndefined({cpuCount: text(flags['cpu-count']), cpuMaximum: text(flags['cpu-maximum'])})
  const annotations = flags.annotation ? {annotations: flags.annotation} : {}
  if (Object.keys(windows).length > 0) {
    if (process.platform !== 'win32' && Object.keys({...resources, ...annotations}).length === 0)
      throw new UsageError('--cpu-count and --cpu-maximum are limits of Windows: on Linux write --cpus 2')
    const shared = dropUndefined({cpuShares: text(flags['cpu-share']), memoryLimitInBytes: text(memory)})
    // Each runtime takes what is for its system.
    return {linux: resources, windows: {...windows, ...shared}, ...annotations}
  }
  if (Object.keys({...resources, ...annotations}).length === 0)
    throw new UsageError(`update what? name a limit, such as --memory 256m (${programName()} update --help)`)
  return {linux: resources, ...annotations}
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}

/** Without what is undefined. */
function dropUndefined<Fields>(fields: {[Key in keyof Fields]?: Fields[Key] | undefined}): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<Fields>
}
