// File systems whose files the kernel makes up as they are read: of them a copy of what is above holds nothing.

const processes = 0x9fa0

/** https://github.com/torvalds/linux/blob/master/include/uapi/linux/magic.h */
const kernelFileSystems: ReadonlySet<number> = new Set([
  processes,
  0x62656572, // sysfs
  0x0027e0eb, // cgroup
  0x63677270, // cgroup2
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0xcafe4a11, // bpf
])

export function isKernelFileSystem(type: number): boolean {
  return process.platform === 'linux' && kernelFileSystems.has(type)
}

export function isProcesses(type: number): boolean {
  return process.platform === 'linux' && type === processes
}

/** Whether a path of a container leads to such files. */
export function isKernelPath(path: string): boolean {
  return /^\/(proc|sys)(\/|$)/.test(path)
}

/** Settings of whoever reads them: read from the node they are the node's. */
export function isSettingsPath(path: string): boolean {
  return /^\/proc\/sys(\/|$)/.test(path)
}
