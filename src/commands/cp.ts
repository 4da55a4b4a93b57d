import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {streamFlags, streamingOf} from '../cli/flags/stream.js'
import {containerIdOf} from '../client/names.js'
import {UsageError, UserError} from '../errors/errors.js'
import {type Copy, copyIn, copyOut} from '../sessions/cp/copy.js'
import {parseCopyPath} from '../sessions/cp/copy-path.js'
import {usersSource} from '../sessions/cp/users-source.js'
import {sessionFailure} from '../sessions/failure.js'
import {programName} from '../text/program.js'

export default class Cp extends CriCommand {
  static override summary = 'Copy files into or out of a container'
  static override description =
    'Uses tar in the container. Where there is none, root on the node copies through /proc. A destination that is a directory gets the source inside it, one that is not there becomes the source; /. behind a directory means what is in it. With - one side is a tar stream, of one file too: the destination /dev/stdout, or crisp exec CONTAINER cat FILE, gives its bytes. Names that lead out of the destination are refused.'
  static override examples = [
    'crisp cp web:/etc/nginx/nginx.conf .',
    'crisp cp ./nginx.conf kube-system/proxy-x/proxy:/etc/nginx/',
    'crisp cp web:/var/log/. logs',
    'crisp cp web:/etc - | tar -tv',
    'crisp cp web:/etc/hosts /dev/stdout | grep web',
    'tar -c site | crisp cp - web:/srv',
  ]

  static override args = {
    source: Args.string({description: 'a path here, CONTAINER:/path, or -', complete: 'container-path'}),
    destination: Args.string({
      description: 'the same; one of the two is a container',
      complete: 'container-path',
    }),
  }

  static override flags = {
    archive: Flags.boolean({
      char: 'a',
      description:
        'keep owner IDs and setuid bits; by default you own the copy, root owns it in the container',
    }),
    'follow-link': Flags.boolean({char: 'L', description: 'copy what symlinks point to'}),
    ...streamFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Cp)
    if (!args.source || !args.destination)
      throw new UsageError(`from where to where? ${programName()} cp SOURCE DESTINATION`)
    const [source, destination] = [parseCopyPath(args.source), parseCopyPath(args.destination)]
    const remote = source.kind === 'container' ? source : destination
    const here = source.kind === 'container' ? destination : source
    if (remote.kind !== 'container' || here.kind === 'container')
      throw new UsageError('one side is a container, written CONTAINER:/path, and the other is here')
    if (destination.kind === 'stream' && process.stdout.isTTY)
      throw new UsageError(`not writing a tar stream to a terminal: ${programName()} cp ... - | tar -tv`)
    const streaming = await streamingOf(flags, await this.streamOptions(flags))
    const {debug} = await this.settings(flags)
    using client = await this.connect(flags)

    const copy: Copy = {
      client,
      streaming,
      containerId: await containerIdOf(client, remote.reference),
      reference: remote.reference,
      follow: flags['follow-link'],
      owners: flags.archive,
      signal: this.signal,
      onProblem: (text) => this.fail(new UserError(text)),
      onNote: (text) => this.note(text),
      onWay: (text) => {
        if (debug) this.note(text)
      },
    }
    const path = here.kind === 'local' ? here.path : undefined
    try {
      if (source.kind === 'container') await copyOut(copy, remote.path, path ?? process.stdout)
      else await copyIn(copy, usersSource() ?? path ?? process.stdin, remote.path)
    } catch (error) {
      throw await sessionFailure(client, copy.containerId, error)
    }
  }
}
