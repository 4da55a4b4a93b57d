import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {MissingArgumentError, UsageError} from '../errors/errors.js'
import {jsonText} from '../formats/json.js'

const verbs = ['runp', 'create', 'run', 'pull'] as const
/** What the other verbs show with -o json. */
const shown: Readonly<Record<string, () => Promise<unknown>>> = {
  doctor: async () => (await import('../doctor/schema.js')).examinedSchema,
  describe: async () => (await import('../views/schemas/limits.js')).limitsSchema,
  df: async () => (await import('../views/schemas/disk.js')).diskSchema,
  explain: async () => (await import('../explain/schema.js')).explainSchema,
  processes: async () => (await import('../views/schemas/processes.js')).processesSchema,
  load: async () => (await import('../views/schemas/image-names.js')).imageNamesSchema('load'),
  tag: async () => (await import('../views/schemas/image-names.js')).imageNamesSchema('tag'),
  untag: async () => (await import('../views/schemas/image-names.js')).imageNamesSchema('untag'),
  push: async () => (await import('../views/schemas/image-names.js')).imageNamesSchema('push'),
  restart: async () => (await import('../views/schemas/restart.js')).restartSchema,
  sockets: async () => (await import('../views/schemas/processes.js')).socketsSchema,
  /** Its files, which make no pods. */
  tour: async () => (await import('../tour/schema.js')).lessonSchema(),
}

export default class JsonSchema extends CriCommand {
  static override summary = 'Print the JSON schema of pod and container files, or of what a verb shows'
  static override description =
    'Every field is explained. Editors use it to check and complete files. Also "crisp runp jsonschema" and, of create, run and pull, the same.'
  static override usage = 'jsonschema [VERB] [--pod] [--container]'
  static override aliases = ['js']
  static override examples = [
    'crisp runp jsonschema > pod.schema.json',
    'crisp run jsonschema --container > container.schema.json',
    'crisp jsonschema doctor',
  ]
  /** As crictl has it: the first argument of these verbs. */
  static under = verbs

  static override args = {
    verb: Args.string({
      description: `whose files: ${verbs.join(', ')}; runp and pull take pods only; or whose answer, of tour its lessons: ${Object.keys(shown).join(', ')}`,
      complete: [...verbs, ...Object.keys(shown)],
    }),
  }

  static override flags = {
    pod: Flags.boolean({char: 'p', description: 'the schema of a pod file'}),
    container: Flags.boolean({
      char: 'c',
      description: 'the schema of a container file; with --pod one after the other',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(JsonSchema)
    const verb = args.verb ?? 'run'
    if (Object.hasOwn(shown, verb)) return this.write(jsonText(await shown[verb]?.()))
    if (!verbs.some((known) => known === verb))
      throw new UsageError(`"${verb}" reads no such files: ${verbs.join(', ')} do`)
    const podsOnly = verb === 'runp' || verb === 'pull'
    if (podsOnly && flags.container)
      throw new UsageError(`${verb} takes no container file: leave out --container`)
    if (!podsOnly && !flags.pod && !flags.container)
      throw new MissingArgumentError('say which file: --pod, --container or both')

    const [{jsonSchema}, {docsJson}] = await Promise.all([
      import('../config-files/json-schema.js'),
      import('../generated/docs.js'),
    ])
    const docs = JSON.parse(docsJson) as Record<string, string>
    if (podsOnly || flags.pod) this.write(jsonText(jsonSchema('PodSandboxConfig', docs)))
    if (flags.container) this.write(jsonText(jsonSchema('ContainerConfig', docs)))
  }
}
