import * as Args from '@oclif/core/args'
import {ImageToolCommand, imageNamesFlags, imageToolFlags} from '../cli/images/command.js'
import {lookUpImage} from '../client/names.js'
import {completeImageName} from '../node/registry/image-name.js'

export default class Tag extends ImageToolCommand {
  static override summary = 'Give an image further names'
  static override description =
    "The CRI has no call for it: the runtime's own tool does it, ctr or nerdctl with containerd, podman with CRI-O, on the node itself and as root. A name without a registry is one of docker.io, as everywhere; one that another image has moves. Returns when the CRI shows the names."
  static override examples = [
    'sudo crisp tag busybox:1.36 registry.example.com/team/busybox:1',
    'sudo crisp tag 3f57d9401f8d app:good app:latest',
  ]

  static override args = {
    image: Args.string({required: true, description: 'tag, digest or ID', complete: 'image'}),
    name: Args.string({multiple: true, required: true, description: '[REGISTRY/]NAME[:TAG]'}),
  }

  static override flags = {...imageToolFlags, ...imageNamesFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Tag)
    const output = await this.outputForm(flags)
    const names = [...new Set(args.name.map(completeImageName))]
    using client = await this.connect(flags)
    const work = await this.toolWork(client, flags)
    const {image, name: source} = await work.find(args.image)
    const owners = await Promise.all(names.map(async (name) => (await lookUpImage(client, name)).image))
    for (const [index, before] of owners.entries())
      if (before && before.id !== image.id) this.note(`${names[index]} was a name of ${before.id}`)
    if (!(await work.run({kind: 'tag', source, names}))) return
    const images = await Promise.all(
      names.map(async (name) => ({name, id: await work.awaitName(name, image.id)})),
    )
    await this.showNames('Tagged', images, output, flags)
  }
}
