import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {outputForms} from '../../formats/output.js'
import type {Units} from '../../text/units.js'
import {colourChoices} from '../colour.js'
import {choiceFlag, durationFlag, integerFlag, pairsFlag} from './types.js'

const group = {helpGroup: 'GLOBAL'}
/** Shown by `crisp help` and the manual, not in the help of every command. */
const diagnosis = {helpGroup: 'DIAGNOSIS'}

/** The same; which program runs on a node. */
const nodes = {helpGroup: 'NODES'}

/** Accepted by every command, before and after it. After it, a command's own letters go before these. */
export const globalFlags = {
  'runtime-endpoint': Flags.string({
    char: 'r',
    ...group,
    helpValue: 'SOCKET',
    description:
      'socket of the runtime, as unix:///path, or demo for the embedded runtime; auto-detected by default [env: CONTAINER_RUNTIME_ENDPOINT]',
  }),
  'image-endpoint': Flags.string({
    char: 'i',
    ...group,
    helpValue: 'SOCKET',
    description: 'socket of the image service, if it is another one [env: IMAGE_SERVICE_ENDPOINT]',
  }),
  'request-timeout': durationFlag({
    char: 't',
    aliases: ['timeout'],
    ...group,
    description: 'time limit of a call, such as 10s (also --timeout; 2m by default, as in the kubelet)',
  }),
  config: Flags.string({
    char: 'c',
    ...group,
    helpValue: 'FILE',
    description: 'settings file, /etc/crictl.yaml by default [env: CRI_CONFIG_FILE]',
  }),
  'max-retries': integerFlag({
    // Of little use day by day: the help of each command has a line for those that are.
    helpGroup: 'CONNECTION',
    description: 'how often to retry while a runtime is starting; negative: without limit [default: 3]',
  }),
  debug: Flags.boolean({
    char: 'D',
    allowNo: true,
    ...group,
    description: 'print every CRI call, its request and answer on stderr',
  }),
  trace: choiceFlag<'short' | 'full' | 'json'>(
    {short: 'short', full: 'full', json: 'json'},
    {helpValue: 'FORM', bare: 'short'},
  )({
    ...group,
    description:
      'print each CRI call as it happens, a line on stderr; =full with request and answer, =json for tools',
  }),
  color: Flags.string({
    ...group,
    helpValue: 'WHEN',
    complete: [...colourChoices],
    description: 'auto: on a terminal; always or never [default: auto] [env: NO_COLOR, CLICOLOR_FORCE]',
  }),
  node: Flags.string({
    char: 'N',
    ...group,
    helpValue: 'DEST',
    multiple: true,
    complete: 'node',
    description: 'run on these nodes, over ssh: user@host, n[1-4,7], @GROUP, @all, @failed [env: CRISP_NODE]',
  }),
  'nodes-file': Flags.string({
    ...nodes,
    helpValue: 'FILE',
    description: 'as --node: a node a line, # comments, as kubectl get nodes -o name; - for stdin',
  }),
  sudo: Flags.boolean({
    ...nodes,
    allowNo: true,
    description: 'with --node: as root there, through sudo -n; --no-sudo: not, whatever the settings say',
  }),
  fanout: integerFlag({
    ...nodes,
    description: 'with several nodes: how many at once [default: 32]',
  }),
  'node-timeout': durationFlag({
    ...nodes,
    description: 'with several nodes: time limit of each [default: 1m for what only reads]',
  }),
  fold: Flags.boolean({
    ...nodes,
    allowNo: true,
    description: 'with several nodes: equal rows once; by default on a terminal (--no-fold: each)',
  }),
  yes: Flags.boolean({...nodes, description: 'with several nodes: change them without asking'}),
  serial: integerFlag({
    ...nodes,
    description: 'with several nodes: only N at once, and the next N when all of them are done',
  }),
  'fail-fast': Flags.boolean({...nodes, description: 'with several nodes: begin no other after a failure'}),
  'max-failures': integerFlag({
    ...nodes,
    description: 'with several nodes: begin no other after more than N failures',
  }),
  'node-crisp': Flags.string({
    ...nodes,
    helpValue: 'PATH',
    description: 'with --node: the crisp that is there; by default one is copied there once',
  }),
  'node-file': Flags.string({
    ...nodes,
    helpValue: 'FILE',
    description: 'with --node: the standalone file to copy there',
  }),
  'node-mode': Flags.string({
    ...nodes,
    helpValue: 'MODE',
    complete: ['copy', 'tunnel'],
    description: 'with --node: copy runs crisp there; tunnel forwards the socket, and nothing goes there',
  }),
  'trace-file': Flags.string({
    ...diagnosis,
    helpValue: 'FILE',
    description: 'write what --trace prints to this file, which only you can read',
  }),
  'show-secrets': Flags.boolean({
    ...diagnosis,
    description: 'with --trace or -D: show values of environment variables, credentials and tokens too',
  }),
  'enable-tracing': Flags.boolean({
    ...diagnosis,
    description: 'send OpenTelemetry spans of the command and its calls to a collector',
  }),
  'tracing-endpoint': Flags.string({
    ...diagnosis,
    helpValue: 'HOST:PORT',
    description: 'address of the collector, OTLP over gRPC; 127.0.0.1:4317 by default',
  }),
  'tracing-sampling-rate-per-million': integerFlag({
    ...diagnosis,
    description: 'trace N of a million commands; all if negative [default: -1]',
  }),
  'profile-cpu': Flags.string({
    ...diagnosis,
    helpValue: 'FILE',
    description: "write a CPU profile of crisp itself, for Chrome's developer tools",
  }),
  'profile-mem': Flags.string({
    ...diagnosis,
    helpValue: 'FILE',
    description: "write a heap profile of crisp itself, for Chrome's developer tools",
  }),
}

/** Where the runtime is and how to ask it; an absent one is undefined. */
export type GlobalFlags = Partial<Interfaces.InferredFlags<typeof globalFlags>>

/** `-o` and `--template`, the same on every command that shows something; a command may have forms of its own. */
export const outputFlags = (defaultForm: string, ownForms: readonly string[] = []) => ({
  output: Flags.string({
    char: 'o',
    helpGroup: 'OUTPUT',
    helpValue: 'FORMAT',
    description: [...outputForms, ...ownForms].join(', '),
    default: defaultForm,
    // `jsonpath=PATH` is offered up to its sign.
    complete: [...outputForms, ...ownForms].map((form) => form.replace(/(?<==).*/, '')),
  }),
  template: Flags.string({
    helpGroup: 'OUTPUT',
    helpValue: 'TEMPLATE',
    description: 'template for -o go-template, which it implies: {{.status.id}}',
  }),
})

export const noTruncFlag = Flags.boolean({
  helpGroup: 'OUTPUT',
  description: 'show full IDs and cut nothing to fit the terminal',
})

/** Without it the settings say; the command's `units()` knows. */
export const unitsFlag = choiceFlag<Units>({si: 'si', iec: 'iec'})({
  helpGroup: 'OUTPUT',
  helpValue: 'UNITS',
  description: 'sizes in si (MB) or iec (MiB) [default: the setting units, else si]',
})

/** One object, by `--id`. */
export const idFlag = (kind: 'container' | 'pod') =>
  Flags.string({
    helpGroup: 'FILTER',
    helpValue: 'ID',
    complete: kind,
    description: `only this ${kind}: ID or name`,
  })

/** Without it only what runs is shown. */
export const allFlag = Flags.boolean({
  char: 'a',
  helpGroup: 'FILTER',
  description: 'also created, exited and unknown ones',
})

/** The same flag without its letter, where a verb has that for something else. */
export function withoutLetter<Flag extends {char?: unknown}>(flag: Flag): Flag {
  return {...flag, char: undefined}
}

export const runtimeHandlerFlag = Flags.string({
  char: 'r',
  helpValue: 'HANDLER',
  description: 'runtime handler, such as kata; the default handler if not given',
})

export const listFlags = {
  ...outputFlags('table'),
  quiet: Flags.boolean({char: 'q', helpGroup: 'OUTPUT', description: 'full IDs only'}),
  verbose: Flags.boolean({char: 'v', helpGroup: 'OUTPUT', description: 'one block of lines for each'}),
  'no-trunc': noTruncFlag,
}

/** Of lists that can be a tree. */
export const treeForms = ['tree']
export const treeFlags = {
  ...listFlags,
  ...outputFlags('table', treeForms),
  verbose: Flags.boolean({
    char: 'v',
    helpGroup: 'OUTPUT',
    description: 'one block of lines for each; with -o tree also processes',
  }),
}

export const inspectFlags = {
  ...outputFlags('json'),
  quiet: Flags.boolean({char: 'q', helpGroup: 'OUTPUT', description: "leave out the runtime's own info"}),
}

export const labelFlag = pairsFlag({
  helpGroup: 'FILTER',
  description: 'only with this label; all of several must match',
})

export const containerLabelFlag = pairsFlag({
  helpGroup: 'FILTER',
  description: 'only containers that have this label themselves; all of several must match',
})

/** Where containers are shown, and chosen by the labels of their pods alone. */
export const labelOfPodFlag = pairsFlag({
  helpGroup: 'FILTER',
  aliases: ['pod-label'],
  description: 'only pods with this label (also --pod-label); all of several must match',
})

export const podLabelFlag = pairsFlag({
  helpGroup: 'FILTER',
  description: "only containers of pods with this label: Kubernetes gives a user's labels to the pod alone",
})

export const latestFlags = {
  latest: Flags.boolean({char: 'l', helpGroup: 'FILTER', description: 'only the newest'}),
  last: integerFlag({char: 'n', helpGroup: 'FILTER', description: 'only the newest N'}),
}
