import {expect} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {outcomeOf, runCli, startCli} from './run-cli.js'

/** The calls of a restart that change something, in their order. */
export const steps = ['CreateContainer', 'StopContainer', 'StartContainer', 'RemoveContainer'] as const

/** As `attempt STATE`, the earliest first. */
export async function attemptsOf(client: CriClient, podSandboxId: string): Promise<string[]> {
  const {containers} = await client.runtime.listContainers({filter: {podSandboxId}})
  return containers
    .map(({metadata, state}) => `${metadata?.attempt} ${String(state).slice('CONTAINER_'.length)}`)
    .toSorted()
}

/** Kills a restart of the pod's only container after the call, and shows that the next one goes on from there. */
export async function restartAfterKill(
  {endpoint, client}: {endpoint: string; client: CriClient},
  podSandboxId: string,
  call: (typeof steps)[number],
): Promise<void> {
  const name = (await client.runtime.listContainers({filter: {podSandboxId}})).containers[0]?.metadata?.name
  const cut = startCli(['--trace', 'restart', '-t', '0', name ?? ''], {endpoint})
  let said = ''
  cut.stderr.on('data', (chunk: Buffer) => {
    said += chunk
    if (said.includes(call)) cut.kill('SIGKILL')
  })
  await outcomeOf(cut)
  expect(said).toContain(call)
  const left = await attemptsOf(client, podSandboxId)
  // It runs, or waits to be started where the old one has just ended.
  expect(left.some((one) => one.endsWith('RUNNING') || one.endsWith('CREATED'))).toBe(true)

  expect(await runCli(['restart', '-t', '0', name ?? ''], {endpoint})).toMatchObject({
    stderr: '',
    exitCode: 0,
  })
  expect(await attemptsOf(client, podSandboxId)).toEqual([expect.stringMatching(/^\d+ RUNNING$/)])
}
