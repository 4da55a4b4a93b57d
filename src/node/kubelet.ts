/** Whether the kubelet made a container: it writes this on each of its own, and starts them again. */
export function isContainerOfKubelet({
  annotations,
}: {
  annotations: Readonly<Record<string, string>>
}): boolean {
  return annotations['io.kubernetes.container.restartCount'] !== undefined
}

/** Whether the kubelet made a pod: it writes on each of its own where it has its configuration from. */
export function isPodOfKubelet({annotations}: {annotations: Readonly<Record<string, string>>}): boolean {
  return annotations['kubernetes.io/config.source'] !== undefined
}
