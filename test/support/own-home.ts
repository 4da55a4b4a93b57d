import {ChildProcess} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll} from 'vitest'

// Nothing that a test starts reads or writes in the home of whoever runs the tests: not its settings, nodes or keys.

/** In an environment that is to have no home at all. */
export const homeless = 'CRISP_TEST_HOMELESS'

const home = mkdtempSync(join(tmpdir(), 'crisp-home-'))
process.env.HOME = home
for (const name of ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME'])
  delete process.env[name]

interface Spawning {
  spawn(options: {envPairs?: string[]}): unknown
}

// Whoever gives a process another environment forgets it sooner or later; without one it is looked up by the user's ID.
const {prototype} = ChildProcess as unknown as {prototype: Spawning}
const {spawn} = prototype
prototype.spawn = function spawnAtHome(options) {
  const {envPairs = []} = options
  const isGiven = envPairs.some((pair) => pair.startsWith('HOME=') || pair.startsWith(`${homeless}=`))
  if (!isGiven) envPairs.push(`HOME=${home}`)
  return spawn.call(this, {...options, envPairs})
}

afterAll(() => rmSync(home, {recursive: true, force: true}))
