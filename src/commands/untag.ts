import * as Args from '@oclif/core/args'
import {ImageToolCommand, imageNamesFlags, imageToolFlags} from '../cli/images/command.js'
import {concurrently} from '../node/concurrently.js'

export default class Untag extends ImageToolCommand {
  static override summary = 'Take names of images away, and nothing else'
  static override description =
    "The image keeps its other names, and stays when it has none, where rmi with containerd takes it with all of them: CRI's RemoveImage knows only whole images there. The runtime's own tool does it, ctr or nerdctl with containerd, podman with CRI-O, on the node itself and as root."
  static override examples = ['sudo crisp untag app:latest', 'crisp untag --dry-run app:1 app:2']

  static override args = {
    name: Args.string({
      multiple: true,
      required: true,
      description: 'tag, or name@digest',
      complete: 'image',
    }),
  }

  static override flags = {...imageToolFlags, ...imageNamesFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Untag)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)
    const work = await this.toolWork(client, flags)
    const outcomes = await concurrently([...new Set(args.name)], 1, (word) => work.untag(word))
    const gone = this.collectValues(outcomes).filter((image) => image !== undefined)
    await this.showNames('Untagged', gone, output, flags)
  }
}
