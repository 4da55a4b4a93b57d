import {closeSync, mkdtempSync, openSync, rmdirSync, unlinkSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import type {Readable} from 'node:stream'
import type {CriClient} from '../../client/connect.js'
import {socketPathOf} from '../../client/endpoints.js'
import {lookUpImage} from '../../client/names.js'
import {UsageError, UserError} from '../../errors/errors.js'
import {printable} from '../../errors/printable.js'
import type {AuthConfig, Image, Input} from '../../generated/cri.js'
import {findRootProgram, rootEnvironment} from '../../node/host/root-programs.js'
import {isEmbedded} from '../../node/kubelet.js'
import {registryHost} from '../../node/registry/host.js'
import {completeImageName, isPlainImageName} from '../../node/registry/image-name.js'
import {withoutSecrets} from '../../node/registry/secrets.js'
import {imageTarget} from '../../node/remove-image.js'
import {removesAllTags} from '../../node/runtimes.js'
import {quoteForShell} from '../../text/shell-quote.js'
import type {GlobalFlags} from '../flags/common.js'
import type {Settings} from '../settings/settings.js'
import {runTool, type ToolEnding} from './program.js'
import {ctrCommandOf, type ImageTask, type ImageTool, imageToolOf, toolWords} from './tool.js'

const usualLimitMs = 3_600_000
/** How soon a runtime has heard of a name that its tool has given or taken. */
const knownWithinMs = 10_000
const askAgainMs = 50

interface Surroundings {
  client: CriClient
  /** Where that is another socket than the runtime's. */
  imageEndpoint: string | undefined
  signal: AbortSignal
  limitMs: number | undefined
  dryRun: boolean
  /** Every command is said before it runs. */
  isTold: boolean
  note: (text: string) => void
  write: (text: string) => void
}

export interface Streams {
  stdin?: number | Readable
  stdout?: number | 'inherit'
  /** What a shell would have before the command. */
  before?: string
  /** What a shell would have behind the command. */
  redirection?: string
  auth?: Input<AuthConfig> | undefined
}

/** An image under one of its names. */
export interface NamedImage {
  name: string
  id: string
}

type WorkFlags = GlobalFlags & {'tool-timeout'?: number | undefined; 'dry-run'?: boolean}

/** Throws UserError for the embedded runtime, which has no tool. */
export async function imageToolWork(
  client: CriClient,
  {imageEndpoint, debug}: Settings,
  flags: WorkFlags,
  output: Pick<Surroundings, 'signal' | 'note' | 'write'>,
): Promise<ImageToolWork> {
  if (await isEmbedded(client))
    throw new UserError('the embedded runtime has no tool for images beside the CRI')
  return new ImageToolWork({
    client,
    imageEndpoint,
    limitMs: flags['tool-timeout'],
    dryRun: flags['dry-run'] === true,
    isTold: debug || flags.trace !== undefined,
    ...output,
  })
}

/** What is done to images by the runtime's own tool, since the CRI has no call for it. */
class ImageToolWork {
  readonly #around: Surroundings
  #tool: Promise<ImageTool> | undefined

  constructor(around: Surroundings) {
    this.#around = around
  }

  get tool(): Promise<ImageTool> {
    this.#tool ??= this.#findTool()
    return this.#tool
  }

  async #findTool(): Promise<ImageTool> {
    const {client, imageEndpoint} = this.#around
    return imageToolOf(client, socketPathOf(imageEndpoint ?? (await client.endpoint())))
  }

  /** The image that a word means, and the name that the tool is to know it by. Throws NotFoundError. */
  async find(word: string): Promise<{image: Image; name: string}> {
    const {image, name} = await imageTarget(this.#around.client, word)
    const names = [...image.repoTags, ...image.repoDigests]
    const named = [name, wholeName(word)].find((each) => each !== undefined && names.includes(each))
    return {image, name: plainName(named ?? names[0] ?? image.id)}
  }

  /** With every name of its own where the word is an ID. */
  async findAll(word: string): Promise<string[]> {
    const {image, name} = await this.find(word)
    const isId = image.id.replace('sha256:', '').startsWith(word.replace('sha256:', ''))
    return isId && image.repoTags.length > 0 ? image.repoTags.map(plainName) : [name]
  }

  /** The tool's own settings of how images are unpacked, where they are not the usual ones. */
  async snapshotter(): Promise<string | undefined> {
    const {info} = await this.#around.client.runtime.status({verbose: true})
    try {
      const {containerd} = JSON.parse(info.config ?? '{}')
      const name = containerd?.snapshotter
      return typeof name === 'string' && /^[a-z0-9][a-z0-9.-]*$/.test(name) ? name : undefined
    } catch {
      // The runtime's own form, which may be anything.
      return undefined
    }
  }

  /** Undefined where the command is only shown. Throws UserError with what the tool says. */
  async run(task: ImageTask, streams: Streams = {}): Promise<ToolEnding | undefined> {
    const {signal, note, write, limitMs = usualLimitMs, dryRun, isTold} = this.#around
    const tool = await this.tool
    const words = toolWords(tool, task, await this.#knowsLocal(tool, task))
    const {auth, before = '', redirection = ''} = streams
    const login = auth ? loginOf(tool, auth, task) : undefined
    const typed = [tool.path, ...insertWords(tool, words, login?.shownWords ?? [])]
      .map(quoteForShell)
      .join(' ')
    const shown = before + typed + redirection
    if (dryRun) {
      write(`${shown}\n`)
      return undefined
    }
    if (isTold) note(shown)
    const {path, name} = tool
    const env = rootEnvironment(process.env)
    const limits = {env, limitMs, signal}
    const ending = await (login === undefined
      ? runTool({path, words, ...limits, ...streams})
      : login.password === undefined
        ? runWithFile(login.file, (descriptor) =>
            runTool({
              path,
              words: insertWords(tool, words, ['--authfile', '/dev/fd/3']),
              descriptors: [descriptor],
              ...limits,
            }),
          )
        : typePassword([path, ...insertWords(tool, words, login.shownWords)], login.password, limits))
    const {code, killedBy} = ending
    if (code === 0) return ending
    throw failureOf(
      name,
      task,
      withoutSecrets(lastWords(ending), auth) || `ended with ${code ?? killedBy}`,
      ending,
    )
  }

  /** Gives the ID of the image that has the name, once the runtime shows it; says where it does not. */
  async awaitName(name: string, id?: string): Promise<string> {
    const image = await this.#lookUntil(
      name,
      (found) => found !== undefined && (id === undefined || found.id === id),
    )
    if (image && (id === undefined || image.id === id)) return image.id
    this.#around.note(`${name}: the runtime does not show it yet`)
    return id ?? ''
  }

  async #awaitGone(name: string): Promise<void> {
    const has = (image: Image | undefined) =>
      image !== undefined && [...image.repoTags, ...image.repoDigests].includes(name)
    if (has(await this.#lookUntil(name, (image) => !has(image))))
      this.#around.note(`${name}: the runtime still shows it`)
  }

  async #lookUntil(name: string, isDone: (image: Image | undefined) => boolean): Promise<Image | undefined> {
    const {client, signal} = this.#around
    for (let waitedMs = 0; ; waitedMs += askAgainMs) {
      const image = (await lookUpImage(client, name)).image ?? undefined
      if (isDone(image) || waitedMs >= knownWithinMs) return image
      await new Promise((resolve) => setTimeout(resolve, askAgainMs))
      signal.throwIfAborted()
    }
  }

  /** Takes one name away; the image keeps the others, and stays when it has none. Undefined where that is only shown. */
  async untag(word: string): Promise<NamedImage | undefined> {
    const {client, dryRun, note} = this.#around
    const {image, name} = await imageTarget(client, word)
    const names = [...image.repoTags, ...image.repoDigests]
    const named = [word, wholeName(word), name].find((each) => each !== undefined && names.includes(each))
    if (named === undefined)
      throw new UsageError(`"${word}" is not one of the image's names: ${names.join(', ') || 'it has none'}`)
    // CRI-O takes only the name itself, unless it is the last one: then the image goes.
    if (!removesAllTags(await client.runtime.version()) && image.repoTags.length > 1) {
      if (dryRun) {
        note(`RemoveImage takes ${named} alone with this runtime: no tool is needed`)
        return undefined
      }
      await client.image.removeImage({image: {image: named}})
    } else if (!(await this.run({kind: 'untag', name: plainName(named)}))) return undefined
    await this.#awaitGone(named)
    const left = image.repoTags.filter((tag) => tag !== named)
    if (left.length === 0) note(`${named} was its last tag: the image stays as ${image.id}`)
    return {name: named, id: image.id}
  }

  async #knowsLocal(tool: ImageTool, task: ImageTask): Promise<boolean> {
    const command = tool.name === 'ctr' ? ctrCommandOf(task) : undefined
    if (command === undefined) return false
    const {path} = tool
    const {signal} = this.#around
    const words = ['images', command, '--help']
    const {stdout} = await runTool({path, words, env: rootEnvironment(process.env), limitMs: 30_000, signal})
    return stdout.includes('--local')
  }
}

/** Undefined for what is no name by itself: an ID, a digest. */
function wholeName(word: string): string | undefined {
  try {
    return completeImageName(word)
  } catch {
    return undefined
  }
}

function plainName(name: string): string {
  if (isPlainImageName(name)) return name
  throw new UserError(`the runtime calls the image "${printable(name)}", which no tool would take for a name`)
}

function lastWords({stdout, stderr}: ToolEnding): string {
  const lines = (text: string) =>
    text
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
  const said = lines(stderr).filter((line) => !/level=(warning|info)/.test(line))
  return (said.at(-1) ?? lines(stdout).at(-1) ?? '').slice(0, 2000)
}

const advice: readonly [kind: ImageTask['kind'], words: RegExp, text: string][] = [
  [
    'save',
    /content digest \S+ not found|blob not found/,
    'its layers are not all there; a runtime that discards them once they are unpacked (discard_unpacked_layers) has none to save',
  ],
  ['save', /saveio: broken pipe/, 'what it writes to takes no more: is the disk full?'],
  [
    'load',
    /unexpected EOF|unrecognized image format|invalid tar header|does not match any of the supported/,
    'this is no archive of images, or it is cut off; one that is packed goes through gzip -dc … | load -',
  ],
  ['push', /HTTP response to HTTPS client/, 'the registry speaks plain HTTP, which --plain-http allows'],
]

function failureOf(name: string, task: ImageTask, said: string, {stdout, stderr}: ToolEnding): UserError {
  const text = said.startsWith(`${name}: `) ? said : `${name}: ${said}`
  const [, , known] =
    advice.find(([kind, words]) => kind === task.kind && words.test(`${stdout}${stderr}`)) ?? []
  return new UserError(known === undefined ? text : `${text}: ${known}`)
}

interface Login {
  /** As one would type them: the tool asks for the password. */
  shownWords: string[]
  /** To be typed when it is asked for. */
  password?: string
  /** Else in the form of docker's and podman's logins. */
  file: string
}

/** How the tool is told of a login without a command line that shows it. Throws UserError where there is no way. */
function loginOf({name}: ImageTool, auth: Input<AuthConfig>, task: ImageTask): Login {
  if (name === 'nerdctl')
    throw new UserError(
      'nerdctl takes logins from its own file alone: nerdctl login, and push without credentials',
    )
  const host = registryHost(task.kind === 'push' ? task.target : '')
  const {identityToken = '', auth: encoded = ''} = auth
  const pair =
    encoded === ''
      ? `${auth.username ?? ''}:${auth.password ?? ''}`
      : Buffer.from(encoded, 'base64').toString('utf8').replace(/\0+$/, '')
  const at = pair.indexOf(':')
  const username = pair.slice(0, Math.max(at, 0))
  const password = pair.slice(at + 1)
  if (name === 'podman') {
    const entry = identityToken
      ? {identitytoken: identityToken}
      : {auth: Buffer.from(pair, 'utf8').toString('base64')}
    const shownWords = identityToken ? ['--authfile', 'FILE'] : [`--creds=${username}`]
    return {shownWords, file: JSON.stringify({auths: {[host]: entry}})}
  }
  if (identityToken)
    throw new UserError(
      'an identity token can be told to ctr on its command line alone, where everybody sees it',
    )
  // What a terminal would take for something else than a part of the line.
  if (/\p{Cc}/u.test(pair) || Buffer.byteLength(password) > 4000)
    throw new UserError('ctr asks for the password on a terminal, which takes no such long or strange one')
  if (username === '' || password === '')
    throw new UserError('ctr takes no login without a user and a password')
  return {shownWords: [`--user=${username}`], password, file: ''}
}

/** Flags go behind the command's own words and before the names. */
function insertWords(
  {globals, name}: ImageTool,
  words: readonly string[],
  flags: readonly string[],
): string[] {
  const at = globals.length + (name === 'ctr' ? 2 : 1)
  return [...words.slice(0, at), ...flags, ...words.slice(at)]
}

/** Through the descriptor of a file that has no name any more when the tool begins, whatever becomes of us. */
async function runWithFile(
  content: string,
  run: (descriptor: number) => Promise<ToolEnding>,
): Promise<ToolEnding> {
  const folder = mkdtempSync(join(tmpdir(), 'crisp-'))
  const path = join(folder, 'login')
  const descriptor = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
    rmdirSync(folder)
    writeSync(descriptor, content)
    return await run(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** ctr asks on a terminal for it, and has no other way that nobody sees. */
async function typePassword(
  command: readonly string[],
  password: string,
  limits: {env: NodeJS.ProcessEnv; limitMs: number; signal: AbortSignal},
): Promise<ToolEnding> {
  const {path} = findRootProgram('script')
  if (path === undefined)
    throw new UserError(
      `${basename(command[0] ?? '')} asks for a password on a terminal, and script, which makes one, is not in root's own directories`,
    )
  const line = `exec ${command.map(quoteForShell).join(' ')}`
  let isTyped = false
  return runTool({
    path,
    words: ['-q', '-e', '-c', line, '/dev/null'],
    ...limits,
    env: {...limits.env, SHELL: '/bin/sh', TERM: 'dumb'},
    stdin: 'pipe',
    onOutput: (text, {stdin}) => {
      if (isTyped || !text.includes('Password: ')) return
      isTyped = true
      stdin?.write(`${password}\n`)
    },
  })
}
