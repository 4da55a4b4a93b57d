import {execFile, spawnSync} from 'node:child_process'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {logDirectory, records} from '../support/log-files.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A directory from which `crisp-cri` is found as an installed package is: inside this package, by its own name. */
async function program(name: string, text: string): Promise<{path: string; remove: () => Promise<void>}> {
  const directory = await mkdtemp(join(root, 'test', 'program-'))
  const path = join(directory, name)
  await writeFile(path, text)
  return {path, remove: () => rm(directory, {recursive: true})}
}

test('a program lists containers through crisp-cri/client', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: [{id: 'abc', createdAt: '1795470734207885363'}]},
  })
  const {path, remove} = await program(
    'list.mjs',
    `import {connect, RpcError} from 'crisp-cri/client'
const client = connect({endpoint: ${JSON.stringify(runtime.endpoint)}})
const {containers} = await client.runtime.listContainers({filter: {state: {state: 'CONTAINER_RUNNING'}}})
const refused = await client.runtime.status().catch((error) => error)
console.log(containers[0].id, containers[0].createdAt, refused instanceof RpcError, refused.code, refused.runtime.name)
client.close()`,
  )
  const child = await new Promise<string>((done) => {
    execFile(process.execPath, [path], (_, stdout, stderr) => done(stdout + stderr))
  })
  await remove()
  expect(child).toBe('abc 1795470734207885363 true 12 fake\n')
})

test('a program reads a log through crisp-cri/logs', async () => {
  using logs = logDirectory()
  const log = logs.write('0.log', records(0, 3))
  const {path, remove} = await program(
    'logs.mjs',
    `import {LineSource, listLogFiles, planReading} from 'crisp-cri/logs'
const source = new LineSource(await planReading(listLogFiles(${JSON.stringify(log)}), {tail: 2}))
for (let lines = await source.next(); lines !== 'end'; lines = await source.next())
  if (Array.isArray(lines)) for (const line of lines) console.log(line.seconds, line.content.toString())
source.close()`,
  )
  const child = await new Promise<string>((done) => {
    execFile(process.execPath, [path], (_, stdout, stderr) => done(stdout + stderr))
  })
  await remove()
  expect(child).toBe('1767312001 line 1\n1767312002 line 2\n')
})

test('its types accept what is right and refuse what is wrong', async () => {
  const {path, remove} = await program(
    'types.ts',
    `import {connect, type Container} from 'crisp-cri/client'
import {type LogLine, LineSource} from 'crisp-cri/logs'
const found = await new LineSource([]).next()
const line: LogLine | undefined = Array.isArray(found) ? found[0] : undefined
void line
const client = connect()
const {containers} = await client.runtime.listContainers({filter: {id: 'a'}})
const first: Container | undefined = containers[0]
const text: string | undefined = first?.createdAt
for await (const event of client.runtime.getContainerEvents()) { const id: string = event.containerId; void id }
// @ts-expect-error no such field
await client.runtime.listContainers({filter: {nosuch: 'a'}})
// @ts-expect-error a time is a string
const number: number = containers[0]?.createdAt
void text; void number
`,
  )
  const {status, stdout} = checkTypes(path)
  await remove()
  expect({status, stdout}).toEqual({status: 0, stdout: ''})
})

test('what the page about the library shows is right by its types', async () => {
  const page = await readFile(join(root, 'docs/library.md'), 'utf8')
  const blocks = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text = '']) => text)
  expect(blocks.length).toBeGreaterThan(0)
  for (const block of blocks) {
    const {path, remove} = await program('page.ts', block)
    const {status, stdout} = checkTypes(path)
    await remove()
    expect({status, stdout}, block).toEqual({status: 0, stdout: ''})
  }
})

function checkTypes(path: string) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--lib',
    'es2023,esnext.disposable',
    '--types',
    'node',
    path,
  ]
  return spawnSync(process.execPath, [tsc, ...options], {encoding: 'utf8', cwd: root})
}

test('the bundle carries the licences of what it holds of others', async () => {
  const text = await readFile(join(root, 'dist/third-party-licenses.txt'), 'utf8')
  for (const name of ['@grpc/grpc-js', '@oclif/core', 'js-yaml', 'protobufjs', 'ws', '@opentelemetry/api'])
    expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'))
  expect(text).toContain('Permission is hereby granted')
  expect(text).not.toMatch(/esbuild|vitest/)
})
