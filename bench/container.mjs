import {spawnSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {importTypeScript} from './typescript.mjs'

export const crisp = [process.execPath, fileURLToPath(new URL('../bin/run.js', import.meta.url))]

/**
 * The ID of the running container that the user named, or of one in a containerd of our own, which needs root and the
 * packages that test/containerd names. Programs find its runtime in the environment.
 */
export async function openContainer(name) {
  if (name !== undefined) {
    const [node, program] = crisp
    const words = ['inspect', '-o', 'jsonpath={.status.id}', name]
    const [id] = spawnSync(node, [program, ...words], {encoding: 'utf8'})
      .stdout.trim()
      .split('\n')
    return {id, [Symbol.asyncDispose]: async () => {}}
  }
  const {startContainerd} = await importTypeScript('test/support/containerd/containerd.ts')
  const containerd = await startContainerd()
  process.env.CONTAINER_RUNTIME_ENDPOINT = containerd.endpoint
  const pod = await containerd.runPod('bench')
  const id = await pod.runContainer('bench', 'exec sleep 1000000')
  return {id, [Symbol.asyncDispose]: () => containerd[Symbol.asyncDispose]()}
}
