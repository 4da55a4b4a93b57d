import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {integerFrom} from '../cli/flags/types.js'
import {validateFlag} from '../cli/flags/validate.js'
import type {CriClient} from '../client/connect.js'
import {protoJson} from '../client/proto-json.js'
import {
  allRpcs,
  findRpc,
  namesRequestFile,
  onlyReads,
  parseRequest,
  type Rpc,
  refuseBareField,
  requestInWords,
} from '../config-files/requests.js'
import {readSource} from '../config-files/source.js'
import {MissingArgumentError, UsageError, UserError} from '../errors/errors.js'
import {jsonText} from '../formats/json.js'
import {lowerFirst} from '../text/case.js'
import {programName} from '../text/program.js'

/** A call of any name: its request, and one answer or many. */
type Send = (request: object, options: {signal: AbortSignal}) => Promise<object> | AsyncIterable<object>

export default class Call extends CriCommand {
  static override summary = 'Make any call of the CRI, with a request in YAML or JSON'
  static override description =
    'The answer is JSON, of a stream a line for each message. On a terminal it asks before it sends what makes, changes or runs something.'
  static override usage = 'call [flags] METHOD [FILE | - | FIELD=VALUE...]'
  static override examples = [
    'crisp call Version',
    'crisp call ListContainers filter.state.state=CONTAINER_EXITED',
    'crisp call RunPodSandbox --example > request.yaml',
    'crisp call RunPodSandbox request.yaml --yes',
    "crisp call StopContainer '{container_id: 3f2a1b, timeout: 10}' --yes",
    'crisp call ListPodSandbox --repeat 100 --timing',
  ]

  static override strict = false

  static override args = {
    method: Args.string({
      required: true,
      description: 'such as ListContainers, in any letters, also RuntimeService.ListContainers',
      complete: allRpcs().map(({name}) => name),
    }),
    request: Args.string({
      description:
        'a file, - for stdin, the request itself in braces, or fields as container_id=ID; an empty request if not given',
      multiple: true,
      complete: 'request-field',
    }),
  }

  static override flags = {
    example: Flags.boolean({description: 'print a commented request to start from, and send nothing'}),
    yes: Flags.boolean({char: 'y', description: 'send without asking'}),
    repeat: integerFrom(1)({description: 'send it N times, one after the other'}),
    timing: Flags.boolean({description: 'say on stderr how long the calls took'}),
    validate: validateFlag,
  }

  async run(): Promise<void> {
    // What is missing is said here: with where to look.
    const {raw, flags} = await this.parse({flags: Call.flags, args: {}, strict: false})
    const [word, ...words] = raw.filter(({type}) => type === 'arg').map(({input}) => input)
    if (word === undefined)
      throw new MissingArgumentError(
        `which call? ${programName()} explain lists them (${programName()} call --help)`,
      )
    const rpc = findRpc(word)
    if (flags.example) {
      const [{exampleText}, {docsJson}] = await Promise.all([
        import('../config-files/example.js'),
        import('../generated/docs.js'),
      ])
      return this.write(exampleText(rpc, JSON.parse(docsJson)))
    }
    const request = await this.#request(rpc, words, flags)
    using client = await this.connect(flags)
    if (!onlyReads(rpc) && !flags.yes) await this.#ask(rpc, await client.endpoint(), words)
    const tookMs: number[] = []
    for (let count = 0; count < (flags.repeat ?? 1); count++) {
      const startMs = performance.now()
      await this.#send(client, rpc, request)
      tookMs.push(performance.now() - startMs)
    }
    if (flags.timing) this.note(timingText(rpc, tookMs))
  }

  async #request(
    rpc: Rpc,
    words: readonly string[],
    flags: Parameters<CriCommand['validation']>[0],
  ): Promise<object> {
    const [first] = words
    if (first === undefined) return {}
    refuseBareField(rpc, first)
    const isSource = first === '-' || namesRequestFile(words)
    if (isSource && words.length > 1)
      throw new UsageError('one file, or fields such as container_id=ID: not both')
    const source = isSource ? await readSource(first, this.reading, 'request') : requestInWords(words)
    return parseRequest(rpc, source, this.validation(flags))
  }

  async #send(
    client: CriClient,
    {service, name, responseType, isStream}: Rpc,
    request: object,
  ): Promise<void> {
    const methods = service === 'ImageService' ? client.image : client.runtime
    const send = (methods as unknown as Record<string, Send>)[lowerFirst(name)] as Send
    const answer = send(request, {signal: this.signal})
    if (!isStream) return this.write(jsonText(protoJson(responseType, (await answer) as object)))
    for await (const message of answer as AsyncIterable<object>)
      this.write(jsonText(protoJson(responseType, message), 0))
  }

  /** Where somebody is there to answer. */
  async #ask({name}: Rpc, endpoint: string, [word]: readonly string[]): Promise<void> {
    if (!process.stdin.isTTY || word === '-') return
    const {createInterface} = await import('node:readline/promises')
    const terminal = createInterface({input: process.stdin, output: process.stderr})
    try {
      // Its own Ctrl-C is a character.
      terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
      const question = `${name} may make, change or run something at ${endpoint}. Send it? [y/N] `
      const typed = await terminal.question(question, {signal: this.signal})
      if (!/^y(es)?$/i.test(typed.trim())) throw new UserError('nothing was sent')
    } finally {
      terminal.close()
    }
  }
}

function timingText({name}: Rpc, tookMs: readonly number[]): string {
  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (share: number) =>
    msText(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  if (sorted.length === 1) return `${name} took ${at(0)}`
  return `${sorted.length} times ${name}: fastest ${at(0)}, median ${at(0.5)}, 95 % within ${at(0.95)}, slowest ${at(1)}`
}

function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`
}
