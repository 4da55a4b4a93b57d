import {execFile} from 'node:child_process'
import {readdir} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'

test('the first command shows pods, containers, a log, an exec and stats, and leaves nothing', async () => {
  const before = await left()
  const {stdout, stderr} = await promisify(execFile)(process.execPath, [
    fileURLToPath(new URL('../../build/show.mjs', import.meta.url)),
  ])
  expect(stderr).toMatch(
    /^crisp: started the embedded runtime: .*\n(crisp: the embedded runtime runs as root .*\n)?$/,
  )
  expect(stdout.match(/^\$ .*$/gm)).toEqual([
    '$ crisp -r demo pods',
    '$ crisp -r demo ps -a',
    '$ crisp -r demo logs --tail 3 shop/orders-0/orders',
    '$ crisp -r demo describe payments',
    `$ crisp -r demo exec toolbox/shell sh -c 'echo "I am $HOSTNAME, process $$"'`,
    '$ crisp -r demo stats',
    '$ crisp -r demo explain ContainerStatus.exit_code',
  ])
  expect(stdout).toMatch(/^\w{13} .* NotReady +report-/m)
  expect(stdout).toMatch(/^\w{13} .* Exited +payments +0 /m)
  expect(stdout).toMatch(/^order \d$/m)
  expect(stdout).toMatch(/^ {2}State +exited with 1, /m)
  expect(stdout).toMatch(/ connecting to db\.example:5432\n +fatal: no route to db\.example:5432$/m)
  expect(stdout).toMatch(/^I am toolbox, process \d+$/m)
  expect(stdout).toMatch(/^\w{13} +coredns +\d+\.\d+ +[\d.]+MB/m)
  expect(await left()).toEqual(before)
})

async function left(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('crisp-show-'))
}
