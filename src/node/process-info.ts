/** What the runtime's verbose info tells beyond the CRI; each is missing where it does not. */
export interface ProcessInfo {
  /** On the node; 0 where nothing runs. */
  pid?: number
  /** What was run, after the image's entrypoint and the configuration were joined. */
  command?: readonly string[]
  workingDirectory?: string
  cgroup?: string
}

/** From the keys that containerd and CRI-O both have; what is not of the form they have there is left out. */
export function processInfo({info = ''}: Readonly<Record<string, string>>): ProcessInfo {
  let known: unknown
  try {
    known = JSON.parse(info)
  } catch {
    return {}
  }
  const {pid, runtimeSpec} = (known ?? {}) as {pid?: unknown; runtimeSpec?: RuntimeSpec | null}
  const {args, cwd} = runtimeSpec?.process ?? {}
  const cgroup = runtimeSpec?.linux?.cgroupsPath
  return {
    ...(typeof pid === 'number' ? {pid} : {}),
    ...(Array.isArray(args) ? {command: args.map(String)} : {}),
    ...(typeof cwd === 'string' ? {workingDirectory: cwd} : {}),
    ...(typeof cgroup === 'string' ? {cgroup} : {}),
  }
}

/** The parts of the OCI runtime specification that are read here; the runtime may send anything. */
interface RuntimeSpec {
  process?: {args?: unknown; cwd?: unknown} | null
  linux?: {cgroupsPath?: unknown} | null
}
