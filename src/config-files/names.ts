import {enumValues, type FieldDescriptor, messageFields, protoName} from '../client/descriptor.js'
import {nearest} from '../text/nearest.js'

// Field names as people write them: `run_as_user` as the proto and crictl have it, `runAsUser` as JSON has it.

const plainForm = (name: string) => name.replaceAll('_', '').toLowerCase()

const byPlainForm = new Map<string, Map<string, string>>()

/** The message's field that the word names, in either style, as JSON names it. */
export function findField(message: string, word: string): string | undefined {
  let names = byPlainForm.get(message)
  if (!names) {
    names = new Map(Object.keys(messageFields(message) ?? {}).map((name) => [plainForm(name), name]))
    byPlainForm.set(message, names)
  }
  return names.get(plainForm(word))
}

/** What Kubernetes calls a field that the CRI calls something else, where the words are too far apart to guess. */
const kubernetesNames: Readonly<Record<string, string>> = {
  'ContainerConfig.volumeMounts': 'mounts',
  'KeyValue.name': 'key',
  'Mount.mountPath': 'container_path',
}

/**
 * Fields that the CRI had before its v1, or that never were but stand in the examples of cri-tools and CRI-O: files carry
 * them, and runtimes have ignored them ever since. None whose absence takes a protection away, as `readonly_rootfs`.
 */
const outdatedFields: ReadonlySet<string> = new Set([
  'ContainerConfig.privileged',
  'LinuxPodSandboxConfig.namespace_options',
  'LinuxPodSandboxConfig.namespaces',
  'Mount.name',
  'NamespaceOption.host_ipc',
  'NamespaceOption.host_network',
  'NamespaceOption.host_pid',
  'PodSandboxConfig.dns_options',
  'PodSandboxConfig.resources',
])

/** Whether a word that names no field of the message is known to stand in files all the same. */
export function isOutdated(message: string, word: string): boolean {
  return outdatedFields.has(`${message}.${protoName(word)}`)
}

/** What a word that names no field of the message may have meant: one of its fields, or one deeper inside. */
export function suggestedField(message: string, word: string): string | undefined {
  const known = kubernetesNames[`${message}.${word}`]
  if (known) return known
  const names = Object.keys(messageFields(message) ?? {}).map(protoName)
  const written = word.includes('_') ? word.toLowerCase() : protoName(word)
  return nearest(written, names) ?? deeperField(message, word)
}

/** The way to a field of this name inside the message's own messages, shortest first. */
function deeperField(message: string, word: string): string | undefined {
  const seen = new Set([message])
  let level: [string, string][] = [[message, '']]
  while (level.length > 0) {
    const deeper: [string, string][] = []
    for (const [type, path] of level) {
      const found = path === '' ? undefined : findField(type, word)
      if (found) return `${path}${protoName(found)}`
      for (const [name, field] of Object.entries(messageFields(type) ?? {})) {
        if (field.rule === 'repeated' || seen.has(field.type) || !messageFields(field.type)) continue
        seen.add(field.type)
        deeper.push([field.type, `${path}${protoName(name)}.`])
      }
    }
    level = deeper
  }
  return undefined
}

/** `Int64Value` and its like: a message that is there to tell a number from no number. */
export function isWrapper({type}: FieldDescriptor): boolean {
  return type === 'Int64Value' || type === 'UInt64Value'
}

/** An enum's values by the words that people may write for them: `PROPAGATION_PRIVATE` is also `private`. */
export function enumWords(type: string): Map<string, string> {
  const names = Object.keys(enumValues(type) ?? {})
  const prefix = commonPrefix(names)
  const words = new Map<string, string>()
  for (const name of names) {
    const short = name.slice(prefix.length)
    for (const word of [short.replace(/^SIG(?=[A-Z])/, ''), short, name]) words.set(plainEnumWord(word), name)
  }
  return words
}

export function plainEnumWord(word: string): string {
  return word.replaceAll(/[-_ ]/g, '').toLowerCase()
}

/** What is left of an enum value's name when the part that all of them share is cut off. */
export function shortEnumName(type: string, name: string): string {
  return name.slice(commonPrefix(Object.keys(enumValues(type) ?? {})).length)
}

function commonPrefix(names: readonly string[]): string {
  const [first = '', ...rest] = names
  for (let end = first.lastIndexOf('_'); end > 0; end = first.lastIndexOf('_', end - 1)) {
    const prefix = first.slice(0, end + 1)
    if (rest.length > 0 && rest.every((name) => name.startsWith(prefix))) return prefix
  }
  return ''
}
