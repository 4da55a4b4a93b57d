import {spawn} from 'node:child_process'

/** What a helper knows: an account and its secret; `<token>` as account means that the secret is an identity token. */
export interface HelperAnswer {
  username: string
  secret: string
}

/** What one helper may take. */
interface HelperLimits {
  /** Long enough to unlock a keyring by hand. */
  timeMs: number
  /** Far above any answer. */
  bytes: number
  /** How long its output is read on once it has ended, where a child of its own keeps that open. */
  graceMs: number
}

export interface HelperSurroundings {
  env: NodeJS.ProcessEnv
  /** Its file by its name, where that is not simply what the PATH has. Throws with the reason. */
  fileOf?: (program: string) => string
  /** Ends every process of a group at once; this folder has no hold of processes. Throws where there is none. */
  killGroup: (leader: number) => void
  signal?: AbortSignal | undefined
  limits?: HelperLimits
}

const usualLimits: HelperLimits = {timeMs: 30_000, bytes: 1024 * 1024, graceMs: 500}

/**
 * Asks `docker-credential-NAME get` for one server, as docker does. Undefined where it knows none. Throws with the
 * reason where it cannot be run or fails otherwise; no text of the helper is in the error, since it may hold secrets.
 */
export async function askHelper(
  name: string,
  server: string,
  surroundings: HelperSurroundings,
): Promise<HelperAnswer | undefined> {
  // The name becomes part of a program's name; anything else in it is no name.
  if (!/^[\w.-]+$/.test(name)) throw new Error(`"${name}" is no name of a credential helper`)
  const program = `docker-credential-${name}`
  const {stdout, ending} = await output(program, server, surroundings)
  if (ending === 0) return answerOf(program, stdout)
  if (/credentials not found/i.test(stdout.toString('utf8'))) return undefined
  throw new Error(`${program} get ended with ${ending}`)
}

function answerOf(program: string, stdout: Buffer): HelperAnswer | undefined {
  try {
    const {Username, Secret} = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(stdout))
    if (typeof Username === 'string' && typeof Secret === 'string') {
      return Secret === '' ? undefined : {username: Username, secret: Secret}
    }
  } catch {
    // Said below: JSON's own error quotes the text, which is a secret.
  }
  throw new Error(`${program} get did not answer with Username and Secret`)
}

/**
 * Runs a helper as the head of a process group of its own, which is killed where it goes beyond a limit, when the signal
 * asks for it, and when the helper has ended. Whatever the helper does, nothing of it then keeps this process.
 */
function output(
  program: string,
  input: string,
  {env, fileOf = String, killGroup, signal, limits = usualLimits}: HelperSurroundings,
): Promise<{stdout: Buffer; ending: number | string}> {
  signal?.throwIfAborted()
  const file = fileOf(program)
  return new Promise((resolve, reject) => {
    const refuse = ({code}: NodeJS.ErrnoException) =>
      finish(() =>
        reject(new Error(`${program} ${code === 'ENOENT' ? 'is not in PATH' : `cannot be run: ${code}`}`)),
      )
    const stop = () => finish(() => reject(signal?.reason))
    const timers: NodeJS.Timeout[] = []
    let child: ReturnType<typeof startHelper> | undefined
    const finish = (settle: () => void) => {
      for (const timer of timers) clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      if (child) letGo(child, killGroup)
      settle()
    }
    try {
      child = startHelper(file, env)
    } catch (error) {
      refuse(error as NodeJS.ErrnoException)
      return
    }
    child.once('error', refuse)
    signal?.addEventListener('abort', stop)
    timers.push(
      setTimeout(() => {
        finish(() => reject(new Error(`${program} get did not end within ${limits.timeMs / 1000} s`)))
      }, limits.timeMs),
    )
    const chunks: Buffer[] = []
    let length = 0
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > limits.bytes)
        finish(() => reject(new Error(`${program} get printed more than ${limits.bytes} bytes`)))
    })
    const end = (code: number | null, killedBy: NodeJS.Signals | null) =>
      finish(() => resolve({stdout: Buffer.concat(chunks), ending: code ?? killedBy ?? 'no status'}))
    child.once('close', end)
    child.once('exit', (code, killedBy) => {
      timers.push(setTimeout(() => end(code, killedBy), limits.graceMs))
    })
    // A helper that ends without reading its input has still answered.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

function startHelper(file: string, env: NodeJS.ProcessEnv) {
  return spawn(file, ['get'], {env, stdio: ['pipe', 'pipe', 'ignore'], detached: true})
}

function letGo(child: ReturnType<typeof startHelper>, killGroup: (leader: number) => void): void {
  // What is still to come of it concerns nobody; an error without a listener would end this process.
  child.removeAllListeners().on('error', () => undefined)
  child.stdout.removeAllListeners('data').destroy()
  child.stdin.destroy()
  child.unref()
  if (child.pid === undefined) return
  try {
    killGroup(child.pid)
  } catch {
    // Nothing is left of it.
  }
}
