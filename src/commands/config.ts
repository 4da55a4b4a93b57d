import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {givenValue} from '../cli/argv.js'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {
  askedConfigPath,
  type ConfigFile,
  type ConfigKey,
  checkKey,
  checkSetting,
  configDefaults,
  configKeys,
  defaultConfigPath,
  parseConfig,
} from '../cli/settings/file.js'
import {MissingArgumentError, UsageError} from '../errors/errors.js'
import {isCrictlMode} from '../text/program.js'
import {splitList} from '../text/selectors.js'
import {settingsView} from '../views/settings.js'

export default class Config extends CriCommand {
  static override summary = 'Show and change the settings file'
  static override description =
    'Without anything it lists the settings. Changing one keeps the comments and the order of the file, which is made if there is none. /etc/crictl.yaml is meant unless --config or CRI_CONFIG_FILE names another.'
  static override usage = 'config [--list | --get KEY | --set KEY=VALUE... | KEY [VALUE]]'
  static override examples = [
    'crisp config',
    'crisp config --get runtime-endpoint',
    'sudo crisp config --set runtime-endpoint=unix:///run/crio/crio.sock,timeout=10',
    'sudo crisp config timeout 10',
    'crisp config --config ./crictl.yaml debug=true',
  ]

  static override args = {
    setting: Args.string({
      multiple: true,
      description: `KEY to show, KEY VALUE or KEY=VALUE to change; ${configKeys.join(', ')}`,
      complete: configKeys,
    }),
  }

  static override flags = {
    get: Flags.string({
      helpValue: 'KEY',
      complete: configKeys,
      description: 'print the value of one setting',
    }),
    set: Flags.string({
      multiple: true,
      helpValue: 'KEY=VALUE',
      description: 'change settings, several in one flag or in several; nothing is written if one is wrong',
      complete: configKeys.map((key) => `${key}=`),
    }),
    list: Flags.boolean({description: 'print all settings'}),
    ...outputFlags('table'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Config)
    const path = askedConfigPath(flags.config, process.env) ?? defaultConfigPath()
    const task = taskOf(flags, args.setting ?? [])
    switch (task.do) {
      case 'get': {
        const key = checkKey(task.key)
        return this.write(`${valueIn(await parseConfig((await this.readConfig(path)) ?? '', path), key)}\n`)
      }
      case 'set': {
        const settings = new Map(task.items.map(([key, value]) => checkSetting(key, value)))
        const {replaceFile, withSettings} = await import('../cli/settings/edit.js')
        const text = (await this.readConfig(path)) ?? ''
        return replaceFile(path, await withSettings(text, settings, path))
      }
      case 'list': {
        if (!flags.list && givenValue(this.line.given, 'output') === undefined && isCrictlMode())
          throw new MissingArgumentError('config what?')
        const output = await this.outputForm(flags)
        const text = await this.readConfig(path)
        if (text === undefined) this.note(`${path} does not exist: these are the defaults`)
        const file = await parseConfig(text ?? '', path)
        const settings = shownKeys(file).map((key) => ({key, value: valueIn(file, key)}))
        const terminal = {width: this.width, style: await this.tableStyle()}
        const layOut = output.shows === 'table' ? (await import('../formats/report.js')).report : undefined
        return await this.show(settingsView(settings, terminal, layOut), output)
      }
    }
  }
}

/** These are crisp's alone, and shown where they say something. */
const ownKeys: readonly ConfigKey[] = ['compat', 'units']

function shownKeys(file: ConfigFile): ConfigKey[] {
  return configKeys.filter((key) => !ownKeys.includes(key) || file[key])
}

function valueIn(file: ConfigFile, key: ConfigKey): string {
  return file[key] || configDefaults[key]
}

type Task = {do: 'get'; key: string} | {do: 'set'; items: (readonly [string, string])[]} | {do: 'list'}

function taskOf(
  flags: {get?: string | undefined; set?: string[] | undefined; list: boolean},
  words: readonly string[],
): Task {
  const asked = [flags.get !== undefined, flags.set !== undefined, flags.list, words.length > 0]
  if (asked.filter(Boolean).length > 1)
    throw new UsageError('config does one thing at a time: --list, --get KEY, --set KEY=VALUE or KEY VALUE')
  if (flags.get !== undefined) return {do: 'get', key: flags.get}
  if (flags.set !== undefined) return {do: 'set', items: splitList(flags.set).map(settingOf)}
  const [first, second] = words
  if (first === undefined) return {do: 'list'}
  if (first.includes('=')) return {do: 'set', items: splitList(words).map(settingOf)}
  if (second === undefined) return {do: 'get', key: first}
  if (words.length > 2) throw new UsageError(`config takes KEY VALUE, or several of KEY=VALUE`)
  return {do: 'set', items: [[first, second]]}
}

function settingOf(item: string): readonly [string, string] {
  const at = item.indexOf('=')
  if (at <= 0)
    throw new UsageError(
      `"${item}" should be KEY=VALUE, such as timeout=10; to print a setting use --get KEY`,
    )
  return [item.slice(0, at), item.slice(at + 1)]
}
