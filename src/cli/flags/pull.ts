import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {UsageError} from '../../errors/errors.js'
import type {AuthConfig, Input} from '../../generated/cri.js'
import {sayEachOnce} from '../../text/once.js'
import {durationFrom} from './types.js'

const group = {helpGroup: 'CREDENTIALS'}

/** How images are pulled, the same on every verb that pulls. */
export const pullFlags = {
  creds: Flags.string({
    ...group,
    helpValue: 'USER[:PASSWORD]',
    description: 'registry account; crisp asks for a missing password [env: CRICTL_CREDS]',
  }),
  'creds-stdin': Flags.boolean({...group, description: 'read USER:PASSWORD from stdin'}),
  username: Flags.string({
    char: 'u',
    ...group,
    helpValue: 'USER',
    description: 'registry account; crisp asks for the password',
  }),
  password: Flags.string({
    ...group,
    helpValue: 'PASSWORD',
    description: 'password of --username; ps shows it to everyone, prefer --password-stdin',
  }),
  'password-stdin': Flags.boolean({...group, description: "read --username's password from stdin"}),
  auth: Flags.string({
    ...group,
    helpValue: 'BASE64',
    description: 'USER:PASSWORD in base64, sent unchanged [env: CRICTL_AUTH]',
  }),
  authfile: Flags.string({
    ...group,
    helpValue: 'FILE',
    description: 'docker or podman login file, instead of the default ones',
  }),
  'pull-timeout': durationFrom(0)({
    aliases: ['pt'],
    env: 'CRICTL_PULL_TIMEOUT',
    description: 'time limit of a pull, such as 10m; none by default [env: CRICTL_PULL_TIMEOUT]',
  }),
}

export type PullFlags = Partial<Interfaces.InferredFlags<typeof pullFlags>>

/** What reading credentials needs of the process. */
export interface CredentialSources {
  env: NodeJS.ProcessEnv
  stdin: NodeJS.ReadStream
  /** Where a question is asked. */
  stderr: NodeJS.WriteStream
  note: (text: string) => void
  signal: AbortSignal
}

/** Undefined for no limit. */
export function pullTimeoutMs(flags: PullFlags): number | undefined {
  return flags['pull-timeout'] || undefined
}

/**
 * Credentials for each image: those of the flags or their variables for all images, else what docker's and podman's
 * logins hold for the image's registry. Asks and reads stdin once, before it returns.
 */
export async function pullCredentials(
  flags: PullFlags,
  sources: CredentialSources,
): Promise<(reference: string) => Promise<Input<AuthConfig> | undefined>> {
  const given = await givenCredentials(flags, sources)
  if (given) return async () => given
  const onProblem = sayEachOnce((text: string) => sources.note(text))
  return async (reference) => {
    const {findCredentials} = await import('../../node/registry/credentials.js')
    return findCredentials(reference, {
      env: sources.env,
      file: flags.authfile,
      onProblem,
      signal: sources.signal,
      killGroup: (leader) => process.kill(-leader, 'SIGKILL'),
    })
  }
}

/** `--username` goes before everything, as in crictl; `--creds` beside `--auth` is refused. */
async function givenCredentials(
  flags: PullFlags,
  sources: CredentialSources,
): Promise<Input<AuthConfig> | undefined> {
  const {username, password} = flags
  if (username === undefined && (password !== undefined || flags['password-stdin']))
    throw new UsageError('--password and --password-stdin are of the account that --username names')
  if (username !== undefined) return {username, password: await passwordOf(flags, sources)}

  const creds = flags.creds || sources.env.CRICTL_CREDS
  const auth = flags.auth || sources.env.CRICTL_AUTH
  const ways = [creds && '--creds', auth && '--auth', flags['creds-stdin'] && '--creds-stdin'].filter(Boolean)
  if (ways.length > 1) throw new UsageError(`${ways.join(' and ')}: give credentials in one way`)
  if (flags['creds-stdin']) return parseCredentials(await firstLine(sources), '--creds-stdin')
  if (auth) return {auth}
  if (!creds) return undefined
  const parsed = parseCredentials(creds, '--creds')
  if (!creds.includes(':') && sources.stdin.isTTY)
    return {username: parsed.username, password: await ask(parsed.username, sources)}
  return parsed
}

/** The user ends at the first colon; without one the password is empty, as in crictl. The text is in no error. */
function parseCredentials(text: string, flag: string): {username: string; password: string} {
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/s.exec(text) ?? []
  if (username === '') throw new UsageError(`${flag} has no user: write USER:PASSWORD`)
  return {username, password}
}

async function passwordOf(flags: PullFlags, sources: CredentialSources): Promise<string> {
  if (flags.password !== undefined) return flags.password
  if (flags['password-stdin']) return firstLine(sources)
  if (!sources.stdin.isTTY)
    throw new UsageError('--username asks for the password on a terminal: pipe it in with --password-stdin')
  return ask(flags.username ?? '', sources)
}

async function ask(username: string, {stdin, stderr}: CredentialSources): Promise<string> {
  const {askSecret} = await import('../../terminal/ask-secret.js')
  return askSecret(`Password of ${username}: `, {input: stdin, output: stderr})
}

async function firstLine({stdin, signal}: CredentialSources): Promise<string> {
  const {createInterface} = await import('node:readline')
  const lines = createInterface({input: stdin, signal})
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
    stdin.destroy()
    signal.throwIfAborted()
  }
}
