import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {type TestAPI, test} from 'vitest'
import {containerdMissing, onPath, ownContainerdMissing} from './containerd/availability.js'
import {emulatorMissing, networkMissing, sshNodeMissing} from './ssh-node.js'

// What some tests need and not every machine has. Whatever is missing is told once, before the tests.

/** Debian's python3-prometheus-client has the parser that Prometheus' own Python library reads exposition text with. */
export const python = '/usr/bin/python3'

interface Requirement {
  /** The tests that need it. */
  tests: string
  /** Why they cannot run here; undefined where they can. */
  missing(): string | undefined
}

const requirements = {
  containerd: {tests: 'tests on a real containerd', missing: containerdMissing},
  'own containerd': {
    tests: 'tests that restart the runtime, or bring images, registries and settings',
    missing: ownContainerdMissing,
  },
  root: {
    tests: 'what belongs to root, seen by another user',
    missing: () => (process.getuid?.() === 0 ? undefined : 'run them as root'),
  },
  procfs: {
    tests: 'bytes read, processes in an exec, copies that others disturb',
    missing: () => (existsSync('/proc/self/io') ? undefined : 'there is no /proc'),
  },
  'default config': {
    tests: 'a settings file beside the command',
    missing: () => (existsSync('/etc/crictl.yaml') ? '/etc/crictl.yaml is there' : undefined),
  },
  ssh: {tests: 'commands on other nodes, over ssh', missing: sshNodeMissing},
  'node network': {tests: 'links to other nodes that go down', missing: networkMissing},
  'another processor': {tests: 'nodes with a processor of ARM, emulated', missing: emulatorMissing},
  tcsh: program('nodes whose users have a C shell', 'tcsh', 'tcsh'),
  tcpdump: program('a ping between pods, captured', 'tcpdump', 'tcpdump'),
  groff: program('man pages', 'groff', 'groff-base'),
  bash: program('completion in bash', 'bash', 'bash'),
  zsh: program('completion in zsh', 'zsh', 'zsh'),
  fish: program('completion in fish', 'fish', 'fish'),
  python: program('copies that others disturb', 'python3', 'python3'),
  prometheus: {
    tests: "metrics read by Prometheus' parser",
    missing: () =>
      spawnSync(python, ['-c', 'import prometheus_client.parser']).status === 0
        ? undefined
        : 'Debian: python3-prometheus-client',
  },
} satisfies Record<string, Requirement>

export type Need = keyof typeof requirements

function program(tests: string, name: string, debianPackage: string): Requirement {
  return {tests, missing: () => (onPath(name) ? undefined : `Debian: ${debianPackage}`)}
}

/** For each need that this machine does not meet, which tests are left out and what would bring them back. */
export function unmet(): string[] {
  return Object.values(requirements).flatMap(({tests, missing}: Requirement) => {
    const reason = missing()
    return reason === undefined ? [] : [`${tests} (${reason})`]
  })
}

export function isMet(need: Need): boolean {
  return requirements[need].missing() === undefined
}

/** `test` where the machine has what it needs. */
export function testWith(need: Need): TestAPI {
  return isMet(need) ? test : (test.skip as TestAPI)
}
