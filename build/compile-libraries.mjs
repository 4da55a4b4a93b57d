// Runs a command against a runtime, then writes the code that V8 has made of the libraries meanwhile.
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {compiledLibraries, compiledLibrariesFile} from '../dist/libraries.js'
import {main} from '../dist/main.js'

const directory = mkdtempSync(join(tmpdir(), 'crisp-build-'))
const socket = join(directory, 'cri.sock')
const program = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const runtime = spawn(process.execPath, [program, 'demo', '--empty', '--socket', socket], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ended = once(runtime, 'exit')
try {
  const first = await Promise.race([once(runtime.stdout, 'data'), ended])
  if (runtime.exitCode !== null) throw new Error(`crisp demo ended with exit code ${first[0]}`)
  await main(['-r', socket, 'ps', '-q'])
  writeFileSync(compiledLibrariesFile(), compiledLibraries())
} finally {
  runtime.kill()
  await ended
  rmSync(directory, {recursive: true, force: true})
}
