import {isIP} from 'node:net'
import {CriCommand} from '../cli/command.js'
import {valueFlag} from '../cli/flags/types.js'
import {MissingArgumentError, UsageError} from '../errors/errors.js'

export default class UpdateRuntimeConfig extends CriCommand {
  static override summary = 'Set the address range for pods'
  static override description =
    'What the kubelet does when the cluster has given the node its pod CIDR. containerd acts on it only with a CNI template in its settings and no CNI configuration yet; CRI-O accepts it and does nothing.'
  static override examples = ['crisp update-runtime-config --pod-cidr 10.244.1.0/24']

  static override flags = {
    'pod-cidr': valueFlag(parseRanges, {helpValue: 'CIDR', takesEmpty: true})({
      char: 'p',
      description: 'address range, or one for each IP family with a comma between',
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(UpdateRuntimeConfig)
    const {'pod-cidr': podCidr} = flags
    if (podCidr === undefined) throw new MissingArgumentError('update-runtime-config needs --pod-cidr')
    using client = await this.connect(flags)
    await client.runtime.updateRuntimeConfig({runtimeConfig: {networkConfig: {podCidr}}})
    this.note(`the runtime has been told the pod CIDR "${podCidr}"`)
  }
}

/** Ranges with commas between; nothing for none. */
function parseRanges(text: string): string {
  if (text !== '') for (const range of text.split(',')) checkRange(range)
  return text
}

function checkRange(range: string): void {
  const [address = '', bits = '', ...more] = range.split('/')
  const most = isIP(address) === 4 ? 32 : 128
  if (isIP(address) === 0 || !/^\d+$/.test(bits) || Number(bits) > most || more.length > 0)
    throw new UsageError(`"${range}" is no address range: write 10.244.1.0/24 or fd00:10::/64`)
}
