import {accessSync, constants} from 'node:fs'
import {delimiter, join} from 'node:path'
import {describe} from 'vitest'
import {otherRuntime} from './other-runtime.js'

/** Debian's packages for each program that the tests on a real runtime need. */
const packagesByProgram: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  busybox: 'busybox-static',
  'docker-registry': 'docker-registry',
  skopeo: 'skopeo',
  htpasswd: 'apache2-utils',
  ip: 'iproute2',
}

export const cniDirectory = '/usr/lib/cni'

/** Why there can be no containerd here, in one line; undefined where there can. */
export function containerdMissing(): string | undefined {
  if (process.platform !== 'linux') return `containerd needs Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'containerd needs root'
  if (otherRuntime) return undefined
  const missing = Object.entries(packagesByProgram)
    .filter(([program]) => !onPath(program))
    .map(([, name]) => name)
  if (!executable(join(cniDirectory, 'bridge'))) missing.push('containernetworking-plugins')
  return missing.length === 0 ? undefined : `Debian packages are missing: ${[...new Set(missing)].join(' ')}`
}

/** Why what happens to the daemon itself cannot be tested here. */
export function ownContainerdMissing(): string | undefined {
  return otherRuntime && `CRISP_TEST_ENDPOINT ${otherRuntime.endpoint} is neither to be stopped nor filled`
}

/** A suite on a real containerd, where there can be one, or on the runtime that is named in its place. */
export const describeOnContainerd = describe.skipIf(containerdMissing() !== undefined)

/** A suite that has to bring images, registries or a configuration. */
export const describeOnOwnContainerd = describe.skipIf(
  (containerdMissing() ?? ownContainerdMissing()) !== undefined,
)

export function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => executable(join(directory, program)))
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
