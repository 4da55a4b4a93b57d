import {UsageError} from '../../errors/errors.js'

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const registry = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::\\d{1,5})?'
const taggedName = new RegExp(
  `^(?:(${registry})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?$`,
)

/**
 * A name to give to an image, as its registry knows it: `busybox` is `docker.io/library/busybox:latest`. Throws
 * UsageError for what is none: a word that passes is neither an option nor anything to a shell.
 */
export function completeImageName(word: string): string {
  const [, host, path = '', tag = 'latest'] = taggedName.exec(word) ?? []
  if (path === '' || word.length > 4096)
    throw new UsageError(`"${word}" is not a name for an image: should be [REGISTRY/]NAME[:TAG]`)
  const isRegistry = host !== undefined && (/[.:]/.test(host) || host === 'localhost')
  if (isRegistry) return `${host}/${path}:${tag}`
  const whole = host === undefined ? path : `${host}/${path}`
  if (whole !== whole.toLowerCase())
    throw new UsageError(`"${word}" is not a name for an image: names without a registry have small letters`)
  return `docker.io/${whole.includes('/') ? whole : `library/${whole}`}:${tag}`
}

/** Whether a tool can take what a runtime or an archive calls an image for nothing else than a name. */
export function isPlainImageName(name: string): boolean {
  return /^[A-Za-z0-9[][\w./:@+[\]-]{0,4095}$/.test(name)
}
