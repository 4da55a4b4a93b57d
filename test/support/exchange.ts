import {spawn} from 'node:child_process'
import {once} from 'node:events'

/** Exchanges what two paths name, atomically and as often as can be, until disposed; Node cannot. */
export async function exchangeForEver(one: string, other: string): Promise<AsyncDisposable> {
  const program = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
one, other = (os.fsencode(path) for path in sys.argv[1:])
def exchange():
    if libc.renameat2(-100, one, -100, other, 2) != 0: raise OSError(ctypes.get_errno(), 'renameat2')
exchange()
print('begun', flush=True)
while True: exchange()
`
  const child = spawn('python3', ['-c', program, one, other], {stdio: ['ignore', 'pipe', 'inherit']})
  const exited = once(child, 'exit')
  const begun = once(child.stdout, 'data').then(() => true)
  if (!(await Promise.race([begun, exited.then(() => false)])))
    throw new Error(`${one} and ${other} cannot be exchanged`)
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
