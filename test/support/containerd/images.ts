import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {copyFile, mkdir, readFile, rename, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'

const run = promisify(execFile)

/** What the container runs by default, and what else the image's configuration says. */
export interface ImageConfig {
  Entrypoint?: string[]
  Cmd?: string[]
  Env?: string[]
  User?: string
  Labels?: Record<string, string>
}

/** Writes a docker-archive with the machine's busybox as its only layer: enough for a whole small system. */
export async function writeBusyboxArchive(
  directory: string,
  tags: readonly string[],
  config: ImageConfig,
): Promise<string> {
  const root = join(directory, 'rootfs')
  for (const folder of ['bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev', 'run'])
    await mkdir(join(root, folder), {recursive: true})
  await copyFile(await busyboxPath(), join(root, 'bin', 'busybox'))
  const {stdout: applets} = await run('busybox', ['--list'])
  for (const applet of applets.split('\n'))
    if (applet !== '' && applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet))
  await writeFile(
    join(root, 'etc', 'passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
  )
  await writeFile(join(root, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n')

  const layer = join(directory, 'layer.tar')
  await run('tar', ['--numeric-owner', '--owner=0', '--group=0', '-cf', layer, '-C', root, '.'])
  const diffId = await sha256(layer)
  const configText = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: {Env: ['PATH=/bin'], ...config},
    rootfs: {type: 'layers', diff_ids: [`sha256:${diffId}`]},
    history: [{created: '2026-01-01T00:00:00Z', created_by: 'test'}],
  })
  const configName = `${createHash('sha256').update(configText).digest('hex')}.json`
  await writeFile(join(directory, configName), configText)
  await writeFile(
    join(directory, 'manifest.json'),
    JSON.stringify([{Config: configName, RepoTags: tags, Layers: ['layer.tar']}]),
  )
  const archive = join(directory, 'image.tar')
  await run('tar', ['-cf', `${archive}.part`, '-C', directory, 'manifest.json', configName, 'layer.tar'])
  await rename(`${archive}.part`, archive)
  return archive
}

async function busyboxPath(): Promise<string> {
  const {stdout} = await run('sh', ['-c', 'command -v busybox'])
  return stdout.trim()
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
