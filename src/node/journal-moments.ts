import type {JournalLine} from './journal.js'

// What lines of containerd, CRI-O and the kubelet say of one pod. Their words are for people and change from release to
// release: what is not understood is left out, and nothing depends on it.

export interface PodInJournal {
  namespace: string
  name: string
  uid: string
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
  return lines.flatMap(({timeNs, text}) => {
    const line = readLine(text)
    const moment = sandboxMoment(line, pod) ?? pullMoment(line, pod) ?? oomMoment(line, pod)
    if (moment) return [{timeNs, ...moment}]
    const failure = failureIn(line, pod)
    if (failure === undefined || said.has(failure) || said.size >= mostSaid) return []
    said.add(failure)
    return [{timeNs, kind: 'said' as const, attempt: 0, text: failure}]
  })
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

function sandboxMoment({message, isFailure}: Line, pod: PodInJournal): Found | undefined {
  if (isFailure || / returns sandbox id /.test(message)) return undefined
  const [, metadata] = containerdPod.exec(message) ?? []
  if (metadata !== undefined) {
    if (!namesPod(metadata, pod)) return undefined
    return {kind: 'asked', attempt: Number(/attempt:\s*(\d+)/i.exec(metadata)?.[1] ?? 0)}
  }
  return message === `Running pod sandbox: ${pod.namespace}/${pod.name}/POD`
    ? {kind: 'asked', attempt: 0}
    : undefined
}

/** `Name:web,Uid:…,Namespace:shop,Attempt:0`, or of newer ones `name:"web" uid:"…" namespace:"shop"`. */
function namesPod(metadata: string, {namespace, name, uid}: PodInJournal): boolean {
  const partOf = (field: string) =>
    new RegExp(`\\b${field}:\\s*(?:"([^"]*)"|([^,}\\s]*))`, 'i').exec(metadata)?.slice(1).join('')
  return partOf('name') === name && partOf('namespace') === namespace && partOf('uid') === uid
}

function pullMoment({message, fields, isFailure}: Line, pod: PodInJournal): Found | undefined {
  if (isFailure) return undefined
  const event = kubeletEvent(fields, pod)
  if (event) return event
  const begun = /^(?:PullImage "([^"]+)"|Pulling image: (\S+))$/.exec(message)
  const done = /^(?:PullImage "([^"]+)" returns image reference .*|Pulled image: (\S+))$/.exec(message)
  const image = (begun ?? done)?.slice(1).find(Boolean)
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

/** What failed for this pod, in short; undefined where the line is of something else. */
function failureIn({message, fields, isFailure}: Line, pod: PodInJournal): string | undefined {
  if (!isFailure) return undefined
  const {namespace, name, uid} = pod
  const isOurs =
    fields.get('pod') === `${namespace}/${name}` ||
    (uid !== '' && `${message} ${fields.get('podUID') ?? ''}`.includes(uid)) ||
    pod.containers.some(({id}) => id !== '' && message.includes(id))
  if (!isOurs) return undefined
  const why = fields.get('error') ?? fields.get('err')
  const what = message.replace(/ for (?:&?PodSandboxMetadata\{[^}]*\}|(?:\w+: *"[^"]*",? *)+)/i, '')
  return why === undefined ? what : `${what.replace(/, error$/, '')}: ${why}`
}
