import type {JournalLine} from './journal.js'

// What lines of containerd, CRI-O and the kubelet say of one pod. Their words are for people and change from release to
// release: what is not understood is left out, and nothing depends on it.

export interface PodInJournal {
  namespace: string
  name: string
  uid: string
  sandboxes: readonly {id: string; attempt: number}[]
  containers: readonly {id: string; name: string; attempt: number; images: readonly string[]}[]
}

export interface JournalMoment {
  timeNs: bigint
  /** `asked`: the runtime was asked for the sandbox. `said`: a failure, in the words of whoever had it. */
  kind: 'asked' | 'pulling' | 'pulled' | 'out of memory' | 'said'
  container?: string
  attempt: number
  text?: string
}

/** In the order of the lines. */
export function journalMoments(lines: readonly JournalLine[], pod: PodInJournal): JournalMoment[] {
  const said = new Set<string>()
  const read = lines.map(({timeNs, text}) => ({timeNs, line: readLine(text)}))
  const requests = requestsOfCrio(read.map(({line}) => line))
  return read.flatMap(({timeNs, line}) => {
    const request = requests.get(line.fields.get('id') ?? '')
    const moment = sandboxMoment(line, pod, request) ?? pullMoment(line, pod, request) ?? oomMoment(line, pod)
    if (moment) return [{timeNs, ...moment}]
    const failure = failureIn(line, pod, request)
    if (failure === undefined || said.has(failure.text) || said.size >= mostSaid) return []
    said.add(failure.text)
    return [{timeNs, kind: 'said' as const, ...failure}]
  })
}

/** CRI-O gives each call a number, under which several lines of it stand: what one names, another does not. */
interface Request {
  image?: string
  sandboxId?: string
  text: string
}

function requestsOfCrio(lines: readonly Line[]): Map<string, Request> {
  const requests = new Map<string, Request>()
  for (const {message, fields} of lines) {
    const id = fields.get('id')
    if (id === undefined || !fields.get('name')?.startsWith('/runtime.v1.')) continue
    const known = requests.get(id)
    const [, image] = /^Pulling image: (\S+)$/.exec(message) ?? []
    const [, sandboxId] = /^Ran pod sandbox ([0-9a-f]+) /.exec(message) ?? []
    requests.set(id, {
      ...known,
      ...(image === undefined ? {} : {image}),
      ...(sandboxId === undefined ? {} : {sandboxId}),
      text: `${known?.text ?? ''} ${message}`,
    })
  }
  return requests
}

/** One failure can be repeated, in slightly other words, for hours. */
const mostSaid = 10

type Found = Omit<JournalMoment, 'timeNs'>

interface Line {
  message: string
  /** What follows it, as `error="…"`. */
  fields: ReadonlyMap<string, string>
  isFailure: boolean
}

/** `time="…" level=info msg="…" error="…"` of the runtimes, `E0314 03:12:30.4 1 file.go:1] "…" pod="…"` of the kubelet. */
function readLine(text: string): Line {
  const fields = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of text.matchAll(/([\w.-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g))
    if (!fields.has(name)) fields.set(name, quoted === undefined ? plain : readEscapes(quoted))
  const [, severity, own] = /^([IWEF])\d{4} \S+ +\d+ \S+\] "((?:[^"\\]|\\.)*)"/.exec(text) ?? []
  const message = own === undefined ? (fields.get('msg') ?? text) : readEscapes(own)
  const level = fields.get('level') ?? ''
  return {message, fields, isFailure: severity === 'E' || severity === 'F' || /^(error|fatal)$/.test(level)}
}

function readEscapes(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? ' ' : letter))
}

const containerdPod = /^RunPodSandbox for (.*?)(?: returns sandbox id .*| failed.*)?$/i

function sandboxMoment(
  {message, isFailure}: Line,
  pod: PodInJournal,
  request: Request | undefined,
): Found | undefined {
  if (isFailure || / returns sandbox id /.test(message)) return undefined
  const [, metadata] = containerdPod.exec(message) ?? []
  if (metadata !== undefined) {
    if (!namesPod(metadata, pod)) return undefined
    return {kind: 'asked', attempt: Number(/attempt:\s*(\d+)/i.exec(metadata)?.[1] ?? 0)}
  }
  if (message !== `Running pod sandbox: ${pod.namespace}/${pod.name}/POD`) return undefined
  const {sandboxId, text = ''} = request ?? {}
  const sandbox = pod.sandboxes.find(({id}) => id === sandboxId)
  // Another pod may have had the name before.
  if (sandboxId !== undefined && !sandbox) return undefined
  const [, failed] = /k8s_POD_[^ ]*_(\d+)/.exec(text) ?? []
  return {kind: 'asked', attempt: sandbox?.attempt ?? Number(failed ?? 0)}
}

/** `Name:web,Uid:…,Namespace:shop,Attempt:0`, or of newer ones `name:"web" uid:"…" namespace:"shop"`. */
function namesPod(metadata: string, {namespace, name, uid}: PodInJournal): boolean {
  const partOf = (field: string) =>
    new RegExp(`\\b${field}:\\s*(?:"([^"]*)"|([^,}\\s]*))`, 'i').exec(metadata)?.slice(1).join('')
  return partOf('name') === name && partOf('namespace') === namespace && partOf('uid') === uid
}

function pullMoment(
  {message, fields, isFailure}: Line,
  pod: PodInJournal,
  request: Request | undefined,
): Found | undefined {
  if (isFailure) return undefined
  const event = kubeletEvent(fields, pod)
  if (event) return event
  const begun = /^(?:PullImage "([^"]+)"|Pulling image: (\S+))$/.exec(message)
  const done = /^(?:PullImage "([^"]+)" returns image reference .*|Pulled image: (\S+))$/.exec(message)
  // CRI-O says what it has pulled by the image's ID.
  const image = (done && request?.image) ?? (begun ?? done)?.slice(1).find(Boolean)
  // It names no pod: whose container has this image may have waited for it.
  const container =
    image === undefined
      ? undefined
      : pod.containers.find(({images}) => images.some((known) => plainImage(known) === plainImage(image)))
  if (!container) return undefined
  return {kind: begun ? 'pulling' : 'pulled', container: container.name, attempt: 0, text: image ?? ''}
}

/** Where the kubelet logs its events. */
function kubeletEvent(
  fields: ReadonlyMap<string, string>,
  {namespace, name}: PodInJournal,
): Found | undefined {
  if (fields.get('object') !== `${namespace}/${name}`) return undefined
  const reason = fields.get('reason')
  if (reason !== 'Pulling' && reason !== 'Pulled') return undefined
  const text = fields.get('message') ?? ''
  // "already present on machine": nothing was pulled.
  if (reason === 'Pulled' && !/^Successfully pulled/.test(text)) return undefined
  const [, container] = /\{([^}]*)\}/.exec(fields.get('fieldPath') ?? '') ?? []
  const [, image = ''] = /"([^"]+)"/.exec(text) ?? []
  return {
    kind: reason === 'Pulling' ? 'pulling' : 'pulled',
    ...(container === undefined ? {} : {container}),
    attempt: 0,
    text: image,
  }
}

/** Without what a short name stands for. */
function plainImage(name: string): string {
  return name
    .replace(/^docker\.io\//, '')
    .replace(/^library\//, '')
    .replace(/:latest$/, '')
}

function oomMoment({message}: Line, {containers}: PodInJournal): Found | undefined {
  const [, id] =
    /^TaskOOM event .*?ContainerI[Dd]:"?([0-9a-f]{12,})/i.exec(
      message.replace('container_id', 'ContainerID'),
    ) ?? []
  const container = id === undefined ? undefined : containers.find((each) => each.id === id)
  return container && {kind: 'out of memory', container: container.name, attempt: container.attempt}
}

/** What follows from a failure that is told as well. */
const followsFromAnother = /^(?:Failed to pipe std(?:out|err) of container|failed to delete task)/

/** What failed for this pod, in short; undefined where the line is of something else. */
function failureIn(
  {message, fields, isFailure}: Line,
  pod: PodInJournal,
  request: Request | undefined,
): (Pick<Found, 'container' | 'attempt'> & {text: string}) | undefined {
  if (!isFailure || followsFromAnother.test(message)) return undefined
  const {namespace, name, uid} = pod
  const container = pod.containers.find(({id}) => id !== '' && message.includes(id))
  const isOurs =
    container !== undefined ||
    fields.get('pod') === `${namespace}/${name}` ||
    (uid !== '' && `${message} ${fields.get('podUID') ?? ''} ${request?.text ?? ''}`.includes(uid))
  if (!isOurs) return undefined
  const why = withoutWrapping(fields.get('error') ?? fields.get('err') ?? '')
  const what = withoutWrapping(message)
    .replace(/ for (?:&?PodSandboxMetadata\{[^}]*\}|(?:\w+: *(?:"[^"]*"|\d+),?\s*)+)/i, ' ')
    .replace(container === undefined ? '' : `for "${container.id}" `, '')
    .replaceAll(/ {2,}/g, ' ')
  return {
    ...(container ? {container: container.name, attempt: container.attempt} : {attempt: 0}),
    text: why === '' ? what : `${what.replace(/, error$/, '')}: ${why}`,
  }
}

/** Without what gRPC puts before it; of lines of an OCI runtime's own log in it only the last failure. */
function withoutWrapping(text: string): string {
  const [before = '', ...logged] = text.split(/time="[^"]*" level=/)
  const failed = logged.findLast((line) => line.startsWith('error '))
  const [, last = ''] = /msg="((?:[^"\\]|\\.)*)/.exec(failed ?? '') ?? []
  return (last === '' ? text : `${before}${readEscapes(last)}`).replaceAll(
    /rpc error: code = \w+ desc = /g,
    '',
  )
}
