import * as Args from '@oclif/core/args'
import {calledPath} from '../cli/called-path.js'
import {CriCommand} from '../cli/command.js'
import {calledAs} from '../cli/completion/called-as.js'
import {completionScript, shells} from '../cli/completion/shells.js'
import {valueFlag} from '../cli/flags/types.js'
import {UsageError} from '../errors/errors.js'
import {isCrictlMode} from '../text/program.js'

const commandNameFlag = valueFlag(
  (text) => {
    if (/^[\w.+-]+$/.test(text)) return text
    throw new UsageError(`"${text}" is not a command name`)
  },
  {helpValue: 'NAME'},
)

export default class Completion extends CriCommand {
  static override summary = 'Print the script that completes command lines in bash, zsh or fish'
  static override description =
    'It completes verbs, flags, their values, and the names of pods, containers and images on the node.'
  static override examples = [
    'source <(crisp completion bash)',
    'crisp completion bash | sudo tee /etc/bash_completion.d/crisp',
    'crisp completion zsh | sudo tee /usr/local/share/zsh/site-functions/_crisp',
    'crisp completion fish > ~/.config/fish/completions/crisp.fish',
    'source <(crisp completion bash --name crictl)',
  ]

  static override args = {
    shell: Args.string({
      description: `${shells.join(', ')}; bash if not given`,
      default: 'bash',
      complete: shells,
    }),
  }

  static override flags = {
    name: commandNameFlag({
      multiple: true,
      description: 'another name for crisp, such as an alias; by default the name it was called by',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Completion)
    const shell = shells.find((known) => known === args.shell)
    if (!shell) throw new UsageError(`"${args.shell}" is not a supported shell: ${shells.join(', ')}`)
    const called = calledAs(calledPath(process), process.execPath, process.env.PATH ?? '')
    this.write(
      completionScript(
        shell,
        called.program,
        flags.name ?? [...new Set([called.name, ...(isCrictlMode() ? ['crictl'] : [])])],
      ),
    )
  }
}
