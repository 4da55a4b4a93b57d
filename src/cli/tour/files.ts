import {writeFileSync} from 'node:fs'
import {join} from 'node:path'

/** The files of which the built-in steps make a pod and a container, in the directory where commands run. */
export function writePodFiles(directory: string): void {
  writeFileSync(join(directory, 'pod.yaml'), podText(join(directory, 'pods', 'lab')))
  writeFileSync(join(directory, 'container.yaml'), containerText)
}

function podText(logDirectory: string): string {
  return `metadata: {name: lab, namespace: default, uid: lab-1, attempt: 0}
log_directory: ${JSON.stringify(logDirectory)}
linux:
  cgroup_parent: /crisp/lab
  security_context: {namespace_options: {pid: CONTAINER}}
`
}

const containerText = `metadata: {name: clock}
image: registry.crisp.demo/ticker:1.0
log_path: clock.log
`
