import {isIP} from 'node:net'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {UsageError} from '../errors/errors.js'

export default class UpdateRuntimeConfig extends CriCommand {
  static override summary = 'Tell the runtime the addresses for its pods'
  static override description =
    'What the kubelet does when the cluster has given the node its pod CIDR. containerd acts on it only with a CNI template in its settings and no CNI configuration yet; CRI-O accepts it and does nothing.'
  static override examples = ['crisp update-runtime-config --pod-cidr 10.244.1.0/24']

  static override flags = {
    'pod-cidr': Flags.string({
      char: 'p',
      helpValue: 'CIDR',
      description: 'address range, or one for each IP family with a comma between',
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(UpdateRuntimeConfig)
    const {'pod-cidr': podCidr} = flags
    if (podCidr === undefined) throw new UsageError('update-runtime-config needs --pod-cidr')
    for (const range of podCidr === '' ? [] : podCidr.split(',')) checkRange(range)
    using client = await this.connect(flags)
    await client.runtime.updateRuntimeConfig({runtimeConfig: {networkConfig: {podCidr}}})
    this.note(`the runtime has been told the pod CIDR "${podCidr}"`)
  }
}

function checkRange(range: string): void {
  const [address = '', bits = '', ...more] = range.split('/')
  const most = isIP(address) === 4 ? 32 : 128
  if (isIP(address) === 0 || !/^\d+$/.test(bits) || Number(bits) > most || more.length > 0)
    throw new UsageError(`--pod-cidr "${range}" is no address range: write 10.244.1.0/24 or fd00:10::/64`)
}
