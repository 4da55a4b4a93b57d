import {resolve} from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {ImageToolCommand, imageToolFlags} from '../cli/images/command.js'
import {MissingArgumentError, UsageError, UserError} from '../errors/errors.js'
import {quoteForShell} from '../text/shell-quote.js'

export default class Save extends ImageToolCommand {
  static override summary = 'Save images to an archive'
  static override description =
    "The CRI has no call for it: the runtime's own tool does it, ctr or nerdctl with containerd, podman with CRI-O, on the node itself and as root. What it writes crisp load, docker load, podman load and ctr images import take. Of an image for several platforms only the node's own is saved, which is all that a runtime pulls. The file is a new one that only you may read, and goes again where it does not become whole. A reader of stdout that has gone ends it quietly, as everywhere."
  static override examples = [
    'sudo crisp save busybox:1.36 -f busybox.tar',
    'sudo crisp save app:1 app:2 | gzip > app.tar.gz',
    'crisp --node worker-3 --sudo save app:1 -f app.tar',
  ]

  static override args = {
    image: Args.string({multiple: true, required: true, description: 'tag, digest or ID', complete: 'image'}),
  }

  static override flags = {
    file: Flags.string({
      char: 'f',
      helpValue: 'FILE',
      description: 'file to make, which must not be there; - or nothing for stdout',
    }),
    ...imageToolFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Save)
    if (flags.file === '') throw new MissingArgumentError('--file is empty: which file?')
    const path = flags.file === '-' ? undefined : flags.file
    const {'dry-run': dryRun} = flags
    if (path === undefined && process.stdout.isTTY && !dryRun)
      throw new UsageError('an archive is no text for a terminal: save IMAGE -f FILE, or save IMAGE > FILE')
    using client = await this.connect(flags)
    const work = await this.toolWork(client, flags)
    const [found] = await Promise.all([
      Promise.all(args.image.map((word) => work.findAll(word))),
      // Before a file is made.
      work.tool,
    ])
    const names = found.flat()
    const {NewFile} = await import('../node/new-file.js')
    await using file = path === undefined || dryRun ? undefined : await NewFile.make(resolve(path))
    await work.run(
      {kind: 'save', names: [...new Set(names)]},
      {
        stdout: file?.handle.fd ?? 'inherit',
        redirection: path === undefined ? '' : ` > ${quoteForShell(path)}`,
      },
    )
    if (file && (await file.handle.stat()).size === 0) throw new UserError('the tool has written nothing')
    await file?.handle.sync()
    file?.keep()
  }
}
