import {spawn} from 'node:child_process'

/** What a helper knows: an account and its secret; `<token>` as account means that the secret is an identity token. */
export interface HelperAnswer {
  username: string
  secret: string
}

const patienceMs = 30_000

/**
 * Asks `docker-credential-NAME get` for one server, as docker does. Undefined where it knows none. Throws with the
 * reason where it cannot be run or fails otherwise; no text of the helper is in the error, since it may hold secrets.
 */
export async function askHelper(
  name: string,
  server: string,
  options: {env: NodeJS.ProcessEnv; signal?: AbortSignal | undefined},
): Promise<HelperAnswer | undefined> {
  // The name becomes part of a program's name; anything else in it is no name.
  if (!/^[\w.-]+$/.test(name)) throw new Error(`"${name}" is no name of a credential helper`)
  const program = `docker-credential-${name}`
  const {stdout, ending} = await output(program, server, options)
  if (ending === 0) return answerOf(program, stdout)
  if (/credentials not found/i.test(stdout)) return undefined
  throw new Error(`${program} get ended with ${ending}`)
}

function answerOf(program: string, stdout: string): HelperAnswer | undefined {
  try {
    const {Username, Secret} = JSON.parse(stdout)
    if (typeof Username === 'string' && typeof Secret === 'string') {
      return Secret === '' ? undefined : {username: Username, secret: Secret}
    }
  } catch {
    // Said below: JSON's own error quotes the text, which is a secret.
  }
  throw new Error(`${program} get did not answer with Username and Secret`)
}

function output(
  program: string,
  input: string,
  {env, signal}: {env: NodeJS.ProcessEnv; signal?: AbortSignal | undefined},
): Promise<{stdout: string; ending: number | string}> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: patienceMs,
      ...(signal ? {signal} : {}),
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        signal?.aborted
          ? signal.reason
          : new Error(
              `${program} ${error.code === 'ENOENT' ? 'is not in PATH' : `cannot be run: ${error.code}`}`,
            ),
      ),
    )
    child.once('close', (code, killedBy) =>
      resolve({stdout: Buffer.concat(chunks).toString('utf8'), ending: code ?? killedBy ?? 'no status'}),
    )
    // A helper that ends without reading its input has still answered.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
