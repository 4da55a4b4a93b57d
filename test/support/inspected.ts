import {parseJson} from '../../src/formats/json.js'

/** What `inspect` shows of a container, as templates and paths see it. */
export const inspected = parseJson(`{
  "info": {
    "config": {"args": ["sleep", "600"], "envs": [{"key": "PATH", "value": "/bin"}, {"key": "MODE", "value": "a=b"}]},
    "limit": 9223372036854771712,
    "pid": 4242,
    "privileged": false,
    "ratio": 0.25,
    "runtimeSpec": {
      "linux": {
        "cgroupsPath": "kubepods-burstable.slice:cri-containerd:a1",
        "namespaces": [
          {"path": "/proc/17/ns/ipc", "type": "ipc"},
          {"path": "/proc/17/ns/net", "type": "network"},
          {"type": "mount"}
        ]
      }
    },
    "sandboxID": "b1"
  },
  "status": {
    "annotations": {},
    "exitCode": 0,
    "id": "a1",
    "image": {"annotations": {}, "image": "docker.io/library/busybox:1.36"},
    "labels": {"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "default", "tier": "<front>"},
    "logPath": "/var/log/pods/x/web/0.log",
    "metadata": {"attempt": 2, "name": "web"},
    "mounts": [
      {"containerPath": "/data", "hostPath": "/srv/data", "readonly": false},
      {"containerPath": "/etc/hosts", "hostPath": "/srv/hosts", "readonly": true}
    ],
    "reason": "",
    "resources": null,
    "startedAt": "2026-01-02T03:04:05.6Z",
    "state": "CONTAINER_RUNNING"
  }
}`)

/** What `ps -o json` shows of three containers. */
export const listed = parseJson(`{
  "containers": [
    {"id": "a1", "podSandboxId": "b1", "metadata": {"name": "web", "attempt": 2}, "state": "CONTAINER_RUNNING",
     "image": {"image": "busybox:1"}, "createdAt": "1795470734207885363", "labels": {"app": "web", "a.b/c": "dots"}},
    {"id": "a2", "podSandboxId": "b1", "metadata": {"name": "sidecar", "attempt": 0}, "state": "CONTAINER_RUNNING",
     "image": {"image": "proxy:2"}, "createdAt": "1795470734207885364", "labels": {"app": "web"}, "ports": [80, 443]},
    {"id": "a3", "podSandboxId": "b2", "metadata": {"name": "job", "attempt": 11}, "state": "CONTAINER_EXITED",
     "image": {"image": "job:3"}, "createdAt": "99", "labels": {}, "ports": [22], "note": null}
  ]
}`)
