// What runtimes do differently, as far as their name and version tell: the one place that knows. Sources:
// containerd 1.6 to 2.4, CRI-O 1.30 to 1.36, cri-dockerd 0.4.

/** The first releases that answer a call which older ones do not (on Linux); undefined for calls that all have. */
export function firstReleases(method: string): string | undefined {
  return method.startsWith('Stream') ? 'containerd 2.4 or CRI-O 1.36' : firstReleasesByMethod[method]
}

const firstReleasesByMethod: Readonly<Record<string, string>> = {
  GetContainerEvents: 'containerd 2.0 (1.7 with limits) or CRI-O 1.30 (enable_pod_events = true)',
  CheckpointContainer: 'containerd 2.0 or CRI-O 1.30, both with CRIU',
  RuntimeConfig: 'containerd 2.0 or CRI-O 1.30',
  ListMetricDescriptors: 'containerd 2.2 or CRI-O 1.30',
  ListPodSandboxMetrics: 'containerd 2.2 or CRI-O 1.30',
  UpdatePodSandboxResources: 'containerd 2.3 or CRI-O 1.33',
  PodSandboxStats: 'containerd 1.6 or CRI-O 1.30, not cri-dockerd',
  ListPodSandboxStats: 'containerd 1.6 or CRI-O 1.30, not cri-dockerd',
}
