import {UsageError} from '../errors/errors.js'

/**
 * What `ssh` takes: a host of its configuration, `user@host` or `ssh://user@host:port`. Nothing that ssh, or a program
 * that its configuration starts with the name, could take for an option. Throws UsageError.
 */
export function parseDestination(word: string): string {
  const host = word.replace(/^ssh:\/\//, '').replace(/^.*@/s, '')
  if (!/^[\w.:%+/@[\]~-]+$/.test(word) || word.startsWith('-') || host === '' || host.startsWith('-'))
    throw new UsageError(`"${word}" is no node: one is a host of ssh, as user@host or ssh://user@host:port`)
  return word
}
