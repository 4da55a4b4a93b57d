import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import type {CriClient} from '../../client/connect.js'
import {UsageError} from '../../errors/errors.js'
import type {AuthConfig, Input} from '../../generated/cri.js'
import type {PullProgress} from '../../terminal/pull-progress.js'
import {sayEachOnce} from '../../text/once.js'
import type {Units} from '../../text/units.js'
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

interface Asking {
  note: (text: string) => void
  signal: AbortSignal
}

/** A line on the terminal while images come; those of --debug would tear it apart. */
export async function pullProgress(
  client: CriClient,
  images: readonly string[],
  {debug = false, units}: {debug?: boolean | undefined; units: () => Promise<Units>},
): Promise<PullProgress | undefined> {
  if (!process.stderr.isTTY || process.env.TERM === 'dumb' || debug) return undefined
  const {showPullProgress} = await import('../../terminal/pull-progress.js')
  return showPullProgress(client, images, process.stderr, await units())
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
  {note, signal}: Asking,
): Promise<(reference: string) => Promise<Input<AuthConfig> | undefined>> {
  const given = await givenCredentials(flags, signal)
  if (given) return async () => given
  const onProblem = sayEachOnce(note)
  const {credentialFinder} = await import('../../node/registry/credentials.js')
  return credentialFinder({
    env: process.env,
    user: process.geteuid?.(),
    file: flags.authfile,
    onProblem,
    signal,
    killGroup: (leader) => process.kill(-leader, 'SIGKILL'),
  })
}

/** `--username` goes before everything, as in crictl; `--creds` beside `--auth` is refused. */
async function givenCredentials(
  flags: PullFlags,
  signal: AbortSignal,
): Promise<Input<AuthConfig> | undefined> {
  const {username, password} = flags
  if (username === undefined && (password !== undefined || flags['password-stdin']))
    throw new UsageError('--password and --password-stdin are of the account that --username names')
  if (username !== undefined) return {username, password: await passwordOf(flags, signal)}

  const creds = flags.creds || process.env.CRICTL_CREDS
  const auth = flags.auth || process.env.CRICTL_AUTH
  const ways = [creds && '--creds', auth && '--auth', flags['creds-stdin'] && '--creds-stdin'].filter(Boolean)
  if (ways.length > 1) throw new UsageError(`${ways.join(' and ')}: give credentials in one way`)
  if (flags['creds-stdin']) return parseCredentials(await firstLine(signal), '--creds-stdin')
  if (auth) return {auth}
  if (!creds) return undefined
  const parsed = parseCredentials(creds, '--creds')
  if (!creds.includes(':') && process.stdin.isTTY)
    return {username: parsed.username, password: await ask(parsed.username, signal)}
  return parsed
}

/** The user ends at the first colon; without one the password is empty, as in crictl. The text is in no error. */
function parseCredentials(text: string, flag: string): {username: string; password: string} {
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/s.exec(text) ?? []
  if (username === '') throw new UsageError(`${flag} has no user: write USER:PASSWORD`)
  return {username, password}
}

async function passwordOf(flags: PullFlags, signal: AbortSignal): Promise<string> {
  if (flags.password !== undefined) return flags.password
  if (flags['password-stdin']) return firstLine(signal)
  if (!process.stdin.isTTY)
    throw new UsageError('--username asks for the password on a terminal: pipe it in with --password-stdin')
  return ask(flags.username ?? '', signal)
}

async function ask(username: string, signal: AbortSignal): Promise<string> {
  const {askSecret} = await import('../../terminal/ask-secret.js')
  return askSecret(`Password of ${username}: `, {input: process.stdin, output: process.stderr, signal})
}

async function firstLine(signal: AbortSignal): Promise<string> {
  const {createInterface} = await import('node:readline')
  const lines = createInterface({input: process.stdin, signal})
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
    process.stdin.destroy()
    signal.throwIfAborted()
  }
}
