import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {enumValues, messageFields, protoName} from '../../src/client/descriptor.js'
import {readContainerConfig, readPodConfig} from '../../src/config-files/configs.js'
import {UserError} from '../../src/errors/errors.js'
import {runInProcess} from '../support/in-process.js'

// Files that are wrong in every way a generator can think of. Each must end in one line that names the file and, if
// the fault is in a field, the way to it; never in a stack trace, never in a configuration that goes out.

interface Malformed {
  kind: 'pod' | 'container'
  content: string | Buffer
  /** What the message must name besides the file. */
  mentions: string
}

const reading = {stdin: () => process.stdin, signal: new AbortController().signal}
const roots = {pod: 'PodSandboxConfig', container: 'ContainerConfig'} as const
const sound = {
  pod: 'metadata: {name: web, namespace: default, uid: u1}\nhostname: web\nlabels:\n  app: web\nlinux:\n  cgroup_parent: /x\n',
  container: 'metadata: {name: web}\nimage: {image: busybox}\nargs:\n- sh\nenvs:\n- key: A\n  value: b\n',
}
const rootFields = {pod: ['metadata'], container: ['metadata', 'image']}

/** Every field of the message and of the messages inside it, as a path, each message type once. */
function fieldsOf(type: string, path: string[] = [], seen = new Set<string>()) {
  const found: {path: string[]; type: string; repeated: boolean; map: boolean}[] = []
  if (seen.has(type)) return found
  seen.add(type)
  for (const [name, field] of Object.entries(messageFields(type) ?? {})) {
    const here = [...path, protoName(name)]
    found.push({
      path: here,
      type: field.type,
      repeated: field.rule === 'repeated',
      map: field.keyType !== undefined,
    })
    if (field.rule !== 'repeated' && field.keyType === undefined)
      found.push(...fieldsOf(field.type, here, seen))
  }
  return found
}

/** `{"linux":{"resources":VALUE}}`, with what the root needs besides. */
function withValue(kind: Malformed['kind'], path: readonly string[], value: string): string {
  const nested = path.reduceRight((inner, step) => `{${JSON.stringify(step)}: ${inner}}`, value)
  const own = rootFields[kind].includes(path[0] as string)
  return own ? nested : `${sound[kind].split('\n').slice(0, 2).join('\n')}\n${nested.slice(1, -1)}\n`
}

function wrongValues({type, repeated, map}: {type: string; repeated: boolean; map: boolean}): string[] {
  if (map) return ['[a]', '"text"', '{a: [1]}']
  if (repeated) return ['"text"', '{a: {b: c}}', '[~]']
  if (messageFields(type)) return ['[1]', ...(/Value$|ImageSpec/.test(type) ? [] : ['7'])]
  if (enumValues(type)) return ['NOSUCHWORD', '99', '{a: b}']
  if (type === 'bool') return ['"true"', '2', '[]']
  if (type === 'string' || type === 'bytes') return ['[a]', '{a: b}']
  return ['abc', '1.5', '99999999999999999999', '{value2: 1}']
}

function corpus(): Malformed[] {
  const files: Malformed[] = []
  for (const kind of ['pod', 'container'] as const) {
    for (const field of fieldsOf(roots[kind])) {
      const dotted = field.path.join('.')
      for (const value of wrongValues(field))
        files.push({kind, content: withValue(kind, field.path, value), mentions: dotted})
      const mistyped = [...field.path.slice(0, -1), `${field.path.at(-1)}x`]
      files.push({kind, content: withValue(kind, mistyped, '1'), mentions: `${dotted}x: no such field`})
    }
    const text = sound[kind]
    // A YAML key that is cut short is another key; JSON cut short is never JSON.
    const json = JSON.stringify({metadata: {name: 'a', namespace: 'b'}, image: {image: 'c'}, args: ['d']})
    for (let length = 1; length < json.length; length += 4)
      files.push({kind, content: json.slice(0, length), mentions: ''})
    files.push(
      {kind, content: '', mentions: 'is empty'},
      {kind, content: ' \n\n# nothing\n', mentions: 'is empty'},
      {kind, content: '---\n---\n', mentions: ''},
      {kind, content: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]), mentions: 'UTF-8'},
      {kind, content: Buffer.from([0xff, 0xfe, 0x61, 0]), mentions: 'UTF-8'},
      {kind, content: Buffer.alloc(100), mentions: 'UTF-8'},
      {kind, content: `${text}annotations: {a: ${'x'.repeat(4 * 1024 * 1024)}}\n`, mentions: '4 MiB'},
      {kind, content: `${text}${text}`, mentions: 'duplicate key'},
      {kind, content: `${text}labels: {a: 1}\nlabels: {b: 2}\n`, mentions: 'labels'},
      {kind, content: `${text}annotations: &a {b: *a}\n`, mentions: 'never end'},
      {kind, content: `${text}annotations: &a\n- *a\n`, mentions: 'never end'},
      {kind, content: `&a {<<: *a, metadata: {name: b}}\n`, mentions: 'never end'},
      {kind, content: `${text}annotations: *nothing\n`, mentions: 'nothing'},
      {kind, content: `${'['.repeat(5000)}`, mentions: ''},
      {kind, content: `${'{a: '.repeat(5000)}`, mentions: ''},
      {kind, content: `${text}\tx: y\n`, mentions: ''},
      {kind, content: `${text}x: "never closed\n`, mentions: ''},
      {kind, content: `%YAML 9.9.9\n---\n${text}`, mentions: ''},
      {kind, content: `${text}__proto__: {a: b}\n`, mentions: '__proto__'},
      {kind, content: `${text}constructor: 1\n`, mentions: 'constructor'},
      {kind, content: `${text}"\\u001b[31mred": 1\n`, mentions: '\\x1b'},
      {kind, content: `apiVersion: v1\nkind: Pod\n${text}`, mentions: 'Kubernetes'},
      {kind, content: text.replace('name: web', 'name: ""'), mentions: 'metadata.name is missing'},
    )
  }
  return files
}

const laughs = Array.from({length: 9}, (_, i) =>
  i === 0
    ? 'x: &l0 [a, a, a, a, a, a, a, a, a]'
    : `x${i}: &l${i} [${Array(9)
        .fill(`*l${i - 1}`)
        .join(', ')}]`,
)

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'crisp-malformed-'))
})
afterAll(() => rmSync(directory, {recursive: true, force: true}))

test('hundreds of malformed files: one line each, with the file and the place', async () => {
  const files = corpus()
  expect(files.length).toBeGreaterThanOrEqual(300)
  const path = join(directory, 'bad.yaml')
  const surprises: unknown[] = []
  for (const {kind, content, mentions} of files) {
    writeFileSync(path, content)
    const shown = content.toString().slice(0, 200)
    try {
      await (kind === 'pod' ? readPodConfig(path, reading) : readContainerConfig(path, reading))
      surprises.push(['accepted', shown])
    } catch (error) {
      const {message} = error as Error
      const oneLine = error instanceof UserError && message.startsWith(path) && !/[\n\x1b]/.test(message)
      if (!oneLine || !message.includes(mentions) || message.length > path.length + 400)
        surprises.push([message, shown, mentions])
    }
  }
  expect(surprises).toEqual([])
})

test('aliases that multiply to a hundred million words end at once', async () => {
  const path = join(directory, 'laughs.yaml')
  writeFileSync(path, `${sound.container}annotations:\n  a: b\n${laughs.join('\n')}\n`)
  await expect(readContainerConfig(path, reading)).rejects.toThrow('x: no such field')
  writeFileSync(
    path,
    [
      sound.container.replace('args:\n- sh\n', ''),
      'args: []',
      `mounts: &m [${Array(700).fill('{host_path: a}').join(', ')}]`,
    ]
      .join('\n')
      .replace(
        'mounts: &m [{host_path: a}',
        `mounts: [&m {uidMappings: &u [${Array(700).fill('{length: 1}').join(', ')}]}`,
      )
      .replaceAll('{host_path: a}', '*m'),
  )
  await expect(readContainerConfig(path, reading)).rejects.toThrow('aliases multiply')
})

test.each([
  [
    'of one mapping',
    `x: &x {${numbered(2000, (n) => `k${n}: v`)}}\n<<: [${numbered(100_000, () => '*x')}]\n`,
  ],
  ['each into the next', numbered(2000, (n) => `x${n}: &x${n} {<<: [*x${n - 1}], k${n}: v}`, '\n')],
])('merges %s are counted before they take for ever', async (_, text) => {
  const path = join(directory, 'merges.yaml')
  writeFileSync(path, `x0: &x0 {}\n${text}\n`)
  await expect(readContainerConfig(path, reading)).rejects.toThrow('merges multiply')
})

function numbered(count: number, item: (number: number) => string, between = ', '): string {
  return Array.from({length: count}, (_, index) => item(index + 1)).join(between)
}

test.each([
  ['cycle.yaml', 'metadata: &a {name: *a}\n', ':1: *a stands inside what it means: it would never end'],
  ['binary.yaml', Buffer.from([0, 159, 146, 150]), ': not text in UTF-8, so neither YAML nor JSON'],
  ['field.json', '{"metadata": {"nmae": "x"}}', ':1: metadata.nmae: no such field, did you mean name?'],
])('the command says it in one line and sends nothing: %s', async (name, content, problem) => {
  const path = join(directory, name)
  writeFileSync(path, content)
  expect(await runInProcess(['runp', path], {endpoint: 'unix:///nonexistent.sock'})).toEqual({
    stdout: '',
    stderr: `crisp: ${path}${problem}\n`,
    exitCode: 1,
  })
})
