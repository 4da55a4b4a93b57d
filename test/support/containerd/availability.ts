import {accessSync, constants} from 'node:fs'
import {delimiter, join} from 'node:path'
import {describe} from 'vitest'

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
  const missing = Object.entries(packagesByProgram)
    .filter(([program]) => !onPath(program))
    .map(([, name]) => name)
  if (!executable(join(cniDirectory, 'bridge'))) missing.push('containernetworking-plugins')
  return missing.length === 0 ? undefined : `Debian packages are missing: ${[...new Set(missing)].join(' ')}`
}

/** A suite on a real containerd, where there can be one. */
export const describeOnContainerd = describe.skipIf(containerdMissing() !== undefined)

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
