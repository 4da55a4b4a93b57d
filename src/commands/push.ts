import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {pullCredentials, pullFlags} from '../cli/flags/pull.js'
import {ImageToolCommand, imageNamesFlags, imageToolFlags} from '../cli/images/command.js'
import {UserError} from '../errors/errors.js'
import {completeImageName} from '../node/registry/image-name.js'
import {programName} from '../text/program.js'

const {'pull-timeout': _, ...credentialFlags} = pullFlags

export default class Push extends ImageToolCommand {
  static override summary = 'Send an image to a registry'
  static override description =
    "The CRI has no call for it: the runtime's own tool does it, ctr or nerdctl with containerd, podman with CRI-O, on the node itself and as root. Credentials are those of crisp pull, also those that docker login or podman login left; the tool is told them so that no command line shows them."
  static override examples = [
    'sudo crisp push registry.example.com/team/app:1',
    'sudo crisp push app:1 registry.example.com/team/app:1',
    'pass show reg | sudo crisp push -u ann --password-stdin quay.io/ann/app:1',
    'sudo crisp push --plain-http app:1 10.0.0.5:5000/app:1',
  ]

  static override args = {
    image: Args.string({required: true, description: 'tag, digest or ID', complete: 'image'}),
    target: Args.string({description: 'name in the registry, where that is another one'}),
  }

  static override flags = {
    'plain-http': Flags.boolean({description: 'the registry speaks HTTP without TLS'}),
    insecure: Flags.boolean({description: "take any certificate of the registry's"}),
    ...credentialFlags,
    ...imageToolFlags,
    ...imageNamesFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Push)
    const output = await this.outputForm(flags)
    const asked = args.target === undefined ? undefined : completeImageName(args.target)
    const credentialsFor = await pullCredentials(flags, {
      note: (text) => this.note(text),
      signal: this.signal,
    })
    using client = await this.connect(flags)
    const work = await this.toolWork(client, flags)
    const {image, name: source} = await work.find(args.image)
    const target = asked ?? completeImageName(source)
    if (target !== source && (await work.tool).name === 'nerdctl')
      throw new UserError(
        `nerdctl pushes an image by a name that it has: ${programName()} tag ${source} ${target}, then push that`,
      )
    const ending = await work.run(
      {kind: 'push', source, target, plainHttp: flags['plain-http'], insecure: flags.insecure},
      {auth: await credentialsFor(target)},
    )
    if (ending) await this.showNames('Pushed', [{name: target, id: image.id}], output, flags)
  }
}
