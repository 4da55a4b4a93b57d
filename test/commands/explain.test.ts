import {expect, test} from 'vitest'
import {runInProcess} from '../support/in-process.js'

// No runtime is there: none is asked.
const crisp = (...argv: string[]) => runInProcess(argv, {endpoint: 'unix:///nonexistent'})

test('a field: its type, its name in JSON, what it is for', async () => {
  expect(await crisp('explain', 'ContainerStatus.exitCode')).toEqual({
    stdout: `field ContainerStatus.exit_code
  int32, in JSON exitCode

  What the process returned, 0 to 255; 128 + n for a death by signal n, so 137
  is SIGKILL and 143 SIGTERM. Also 0 while it runs, so check the state first.
  CRI-O gives -1 if the code was lost, containerd 255.
`,
    stderr: '',
    exitCode: 0,
  })
})

test('a call: what it does, request and response', async () => {
  const {stdout} = await crisp('explain', 'ExecSync')
  expect(stdout).toMatch(
    /^call RuntimeService.ExecSync\n {2}takes ExecSyncRequest\n {2}gives ExecSyncResponse\n\n/,
  )
  expect(stdout).toMatch(/\nREQUEST\n {2}container_id {2}string\n {6}\S/)
  expect(stdout).toMatch(/\n {2}cmd {2}list of string\n {6}\S/)
  expect(stdout).toMatch(/\nRESPONSE\n {2}stdout {2}bytes\n {6}\S/)
})

test('an unknown name exits with 3 and suggests the nearest names', async () => {
  expect(await crisp('explain', 'pod.hostnam')).toEqual({
    stdout: '',
    stderr: 'crisp: PodSandboxConfig has no "hostnam", did you mean hostname?\n',
    exitCode: 3,
  })
})
