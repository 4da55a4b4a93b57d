import {Ajv2020} from 'ajv/dist/2020.js'
import {describe, expect, test} from 'vitest'
import {methodsOf} from '../../src/client/descriptor.js'
import {aroundText, entriesAround, namesAround} from '../../src/explain/around.js'
import {explainSchema} from '../../src/explain/schema.js'
import {verbCalls} from '../../src/explain/verbs.js'
import {words} from '../../src/explain/words.js'
import {manifest, runInProcess} from '../support/in-process.js'

const crisp = (...argv: string[]) => runInProcess(['explain', ...argv], {endpoint: 'unix:///nonexistent'})

test('every call of a verb is one of the CRI, and each step says why', () => {
  const methods = {...methodsOf('RuntimeService'), ...methodsOf('ImageService')}
  for (const [verb, calls] of Object.entries(verbCalls)) {
    expect(calls.length, verb).toBeGreaterThan(0)
    for (const {method, why} of calls) {
      if (method !== undefined) expect(methods).toHaveProperty(method)
      expect(why, verb).toMatch(/\S+ \S+/)
    }
    expect(new Set(calls.map(({why}) => why)).size, verb).toBe(calls.length)
  }
})

test('every word has a sentence of its own, that does not only say the word again', () => {
  const texts = Object.values(words)
  expect(new Set(texts).size).toBe(texts.length)
  for (const [word, text] of Object.entries(words)) {
    expect(text, word).toMatch(/^[A-Z"].*\.$/s)
    const others = new Set(
      (text.toLowerCase().match(/[a-z]+/g) ?? []).filter((each) => each !== word.toLowerCase()),
    )
    expect(others.size, word).toBeGreaterThan(6)
  }
})

test('all of it fits 80 columns', () => {
  const wide = namesAround
    .flatMap((name) => entriesAround(name, () => '').flatMap((entry) => aroundText(entry, 80).split('\n')))
    .filter((line) => line.length > 80)
  expect(wide).toEqual([])
})

test('a verb: its calls in their order, and why', async () => {
  const {stdout, exitCode} = await crisp('stopp')
  expect({stdout, exitCode}).toEqual({
    stdout: `verb stopp
  Stop pods: kill their containers and remove their network

  1. ListPodSandbox
     to find the pod, and to say so where the kubelet makes it again
  2. ListContainers
     for the containers, by whose marks the kubelet is known
  3. Version, where it is of a kubelet, unless -q is given
     to know whether the kubelet that makes it again is that of a demo
  4. Status, where it is of a kubelet, on a demo
     to know whether that demo has a kubelet, with verbose
  5. Version
     to know whether a pod that is stopped kills its containers at once, or has
     to be helped
  6. ListContainers, on CRI-O
     for those that it gives minutes
  7. StopContainer, on CRI-O
     to kill each of them at once
  8. StopPodSandbox
     to end the containers of the pod and give its network back
  9. PodSandboxStatus, with --wait
     to see whether it has ended
  10. Version, with --wait, where that takes a while
     to know whether the runtime tells its events to every client
  11. GetContainerEvents, with --wait, where that takes a while
     to look again as soon as something has happened

  "crisp stopp --trace" shows them as they happen.
`,
    exitCode: 0,
  })
})

test('a word in any letters; beside it the call of the same name', async () => {
  expect((await crisp('crashloopbackoff')).stdout).toMatch(/^word CrashLoopBackOff\n {2}What kubectl shows/)
  expect((await crisp('exec')).stdout).toMatch(/^verb exec\n[\s\S]*\ncall RuntimeService\.Exec\n/)
})

test('of a mistyped one the nearest is offered', async () => {
  expect((await crisp('sandbx')).stderr).toContain('did you mean sandbox?')
  expect((await crisp('OOMKiled')).stderr).toContain('did you mean OOMKilled?')
})

test('of what is like nothing else too, with where to look', async () => {
  const {stderr, exitCode} = await crisp('constructor')
  expect({stderr, exitCode}).toEqual({
    stderr:
      'crisp: nothing is called "constructor"; the nearest is Container (crisp explain lists the calls, --search TEXT looks into all explanations)\n',
    exitCode: 3,
  })
  expect((await crisp('exit_cod')).stderr).toContain('did you mean exit_code?')
  expect((await crisp('CONTAINER_EXITE')).stderr).toContain('did you mean CONTAINER_EXITED?')
  expect((await crisp('doctor/pressur')).stderr).toContain('did you mean pressure?')
})

test('a check is found by its name alone, and doctor is a verb with all of its checks', async () => {
  expect((await crisp('pressure')).stdout).toMatch(/^check pressure\n/)
  expect((await crisp('doctor')).stdout).toMatch(/^verb doctor\n[\s\S]*\nCHECK +LOOKS AT\n/)
})

describe('-o json', () => {
  const isValid = new Ajv2020({strict: true, allowUnionTypes: true}).compile(explainSchema)
  test.each([
    ['StopContainer'],
    ['container.linux'],
    ['ContainerState'],
    ['CONTAINER_EXITED'],
    ['run_as_user'],
    ['run'],
    ['OOMKilled'],
    ['doctor'],
    ['pressure'],
    ['ImageService'],
    ['PodSandboxConfig', '--recursive'],
    ['--search', 'seccomp'],
    [],
  ])('%s %s is what its schema says', async (...argv) => {
    const {stdout, exitCode} = await crisp(...argv, '-o', 'json')
    expect(exitCode).toBe(0)
    const document = JSON.parse(stdout)
    expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true)
    expect(document.entries.length).toBeGreaterThan(0)
    for (const {text} of document.entries) expect(text).not.toBe('')
  })

  test('the same words as those for people, of a field with its type and both of its names', async () => {
    const {stdout} = await crisp('ContainerStatus.exitCode', '-o', 'json')
    expect(JSON.parse(stdout)).toEqual({
      entries: [
        {
          kind: 'field',
          name: 'ContainerStatus.exit_code',
          text: 'What the process returned, 0 to 255; 128 + n for a death by signal n, so 137 is SIGKILL and 143 SIGTERM. Also 0 while it runs, so check the state first. CRI-O gives -1 if the code was lost, containerd 255.',
          type: 'int32',
          jsonName: 'exitCode',
        },
      ],
    })
  })

  test('with --recursive what is inside, and in YAML and by lines the same', async () => {
    const {stdout} = await crisp('RunPodSandbox', '--recursive', '-o', 'jsonl')
    const [call] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const config = call.request.fields.find(({name}: {name: string}) => name === 'config')
    expect(config.fields.map(({name}: {name: string}) => name)).toContain('dns_config')
    expect((await crisp('run', '-o', 'yaml')).stdout).toMatch(
      /^entries:\n[\s\S]*\n {2}kind: verb\n {2}name: run\n/,
    )
    expect((await crisp('--search', 'overlayfs', '-o', 'name')).stdout).toMatch(/^snapshotter$/m)
  })

  test('jsonschema explain prints the schema', async () => {
    const {stdout} = await runInProcess(['jsonschema', 'explain'])
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(explainSchema)))
  })
})

test('--search finds by text, --recursive shows what is inside', async () => {
  expect((await crisp('--search', 'overlayfs')).stdout).toMatch(/^word snapshotter\n/)
  expect((await crisp('--search', 'exit_code')).stdout).toContain('ContainerStatus.exit_code\n')
  expect((await crisp('--search', 'no such text')).exitCode).toBe(3)
  expect((await crisp('--recursive', 'ContainerStatusRequest')).stdout).toContain('  container_id  string\n')
  expect((await crisp('--recursive', 'PodSandboxConfig')).stdout).toContain('    name  string\n')
})

describe('words that people meet in kubectl and in the log of a kubelet', () => {
  const met = [
    ...[
      'CrashLoop',
      'CrashLoopBackOff',
      'NotReady',
      'ImagePullBackOff',
      'ErrImagePull',
      'CreateContainerError',
    ],
    ...['CreateContainerConfigError', 'RunContainerError', 'Evicted', 'Terminating', 'Pending', 'Completed'],
    ...['ContainerCreating', 'PLEG', 'init container', 'ephemeral container', 'sandbox image', 'CNI', 'runc'],
    ...[
      'shim',
      'conmon',
      'snapshotter',
      'namespace',
      'OOMKilled',
      'NetworkReady',
      'RuntimeReady',
      'StartError',
    ],
  ]

  test.each(met)('%s: what to run on the node, with verbs and flags that there are', async (word) => {
    const {stdout, exitCode} = await crisp(...word.split(' '))
    expect(exitCode).toBe(0)
    const text = stdout.replaceAll(/\s+/g, ' ')
    expect(text.toLowerCase()).toContain(`word ${word.toLowerCase()} `)
    const lines = [...text.matchAll(/"crisp ([^"]+)"/g)].map(([, line = '']) => line.split(' '))
    expect(lines.length).toBeGreaterThan(0)
    for (const [verb, ...more] of lines) {
      const command = manifest.commands.find(({id}) => id === verb)
      expect(command, verb).toBeDefined()
      const flags = command?.flags.flatMap(({name, char}) => [`--${name}`, `-${char}`]) ?? []
      const own = more.includes('--') ? more.slice(0, more.indexOf('--')) : more
      for (const flag of own.filter((each) => each.startsWith('-'))) expect(flags).toContain(flag)
    }
  })

  test('a node that is not ready, and all three meanings of a namespace', async () => {
    expect((await crisp('NotReady')).stdout).toMatch(/NetworkReady or RuntimeReady/)
    expect((await crisp('namespace')).stdout).toMatch(/Kubernetes[\s\S]*Linux[\s\S]*containerd/)
  })

  test.each(['init container', 'init-container', 'InitContainer', 'init_container'])('%s', async (word) => {
    expect((await crisp(word)).stdout).toMatch(/^word init container\n/)
  })
})

describe('--search', () => {
  const headings = async (text: string) => {
    const {stdout} = await crisp('--search', text)
    return stdout.split('\n').filter((line) => /^\S/.test(line))
  }

  test('what has the name stands first, then what says the word first', async () => {
    expect((await headings('restart'))[0]).toBe('verb restart')
    expect((await headings('pause')).slice(0, 2)).toEqual(['word pause', 'word sandbox image'])
    expect((await headings('oom')).slice(0, 2)).toEqual(['check doctor/oom', 'word OOMKilled'])
  })

  test('single signals are left out, unless it is their name', async () => {
    expect((await headings('restart')).filter((line) => line.startsWith('Signal.'))).toEqual([])
    expect((await headings('SIGTERM'))[0]).toBe('Signal.SIGNAL_SIGTERM')
  })

  test('a part of a word counts where there is nothing better', async () => {
    expect(await headings('estar')).toContain('verb restart')
    expect(await headings('oom')).not.toContain('verb rmi')
  })

  test('data is in the same order', async () => {
    const {stdout} = await crisp('--search', 'restart', '-o', 'name')
    const [first] = stdout.split('\n')
    expect(first).toBe('restart')
  })
})
