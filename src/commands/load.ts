import type {FileHandle} from 'node:fs/promises'
import * as Args from '@oclif/core/args'
import {ImageToolCommand, imageNamesFlags, imageToolFlags} from '../cli/images/command.js'
import {openArchive} from '../cli/images/open-archive.js'
import {loadedNames} from '../cli/images/tool.js'
import {packedText, packerOfFile, unpackArchive} from '../cli/images/unpack-archive.js'
import type {Streams} from '../cli/images/work.js'
import {MissingArgumentError, UsageError, UserError} from '../errors/errors.js'
import {isPlainImageName} from '../node/registry/image-name.js'
import {replacedStdin} from '../sessions/stdin.js'
import {programName} from '../text/program.js'
import {quoteForShell} from '../text/shell-quote.js'

export default class Load extends ImageToolCommand {
  static override summary = 'Load images from an archive'
  static override description =
    "The CRI has no call for it: the runtime's own tool does it, ctr or nerdctl with containerd, podman with CRI-O, on the node itself and as root. It takes what docker save, podman save, ctr images export and crisp save have written, also packed by gzip. Returns when the CRI shows the images; --debug says the tool's command."
  static override examples = [
    'sudo crisp load app.tar',
    'sudo crisp load app.tar.gz',
    'zstd -dc app.tar.zst | sudo crisp load -',
    'crisp --node worker-3 --sudo load app.tar',
    'crisp load --dry-run app.tar',
  ]

  static override args = {
    file: Args.string({description: 'archive, or - for stdin', complete: 'file'}),
  }

  static override flags = {...imageToolFlags, ...imageNamesFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Load)
    const output = await this.outputForm(flags)
    const {file} = args
    if (file === undefined)
      throw new MissingArgumentError(
        `which archive? ${programName()} load FILE, or load - for what comes by stdin${flags['image-endpoint'] === undefined ? '' : '; -i is --image-endpoint here'}`,
      )
    if (file === '-' && process.stdin.isTTY)
      throw new UsageError('stdin is a terminal: load FILE, or load - < FILE')
    using client = await this.connect(flags)
    const work = await this.toolWork(client, flags)
    const archive = await this.#open(file, flags)
    try {
      const snapshotter = (await work.tool).name === 'ctr' ? await work.snapshotter() : undefined
      const ending = await work.run({kind: 'load', snapshotter}, archive)
      if (!ending) return
      const names = loadedNames(ending.stdout).filter(isPlainImageName)
      if (names.length === 0) this.note('loaded; the tool gives no name: crisp images shows what there is')
      const images = await Promise.all(names.map(async (name) => ({name, id: await work.awaitName(name)})))
      await this.showNames('Loaded', images, output, flags)
    } finally {
      await archive.handle?.close()
    }
  }

  async #open(
    file: string,
    {'dry-run': dryRun}: {'dry-run': boolean},
  ): Promise<Streams & {handle?: FileHandle}> {
    const far = replacedStdin()
    if (file === '-') return far ? {stdin: unpackArchive(far, 'the archive')} : {stdin: 0}
    const word = quoteForShell(file)
    const plain = {redirection: ` < ${word}`}
    // What would be done is said of a file that is not there yet too.
    const handle = dryRun ? await openArchive(file).catch(() => undefined) : await openArchive(file)
    const packer = handle && (await packerOfFile(handle))
    if (!handle || !packer) return {...plain, ...(handle ? {handle, stdin: handle.fd} : {})}
    if (packer !== 'gzip') {
      await handle.close()
      throw new UserError(packedText(file, packer, word))
    }
    const stdin = unpackArchive(handle.createReadStream({autoClose: false}), file)
    return {handle, stdin, before: `gzip -dc ${word} | `}
  }
}
