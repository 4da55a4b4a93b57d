import {RpcError, rpcCode} from '../../errors/errors.js'
import type {Check, Finding} from '../check.js'
import {type KubeletFacts, readKubelet} from '../kubelet.js'
import {NotChecked} from '../not-checked.js'
import type {Subject} from '../subject.js'

/** Flags of the kubelet that a release no longer knows: it ends with "unknown flag". By the first release without. */
const removedFlags: readonly (readonly [minor: number, flags: readonly string[]])[] = [
  [
    24,
    [
      'network-plugin',
      'cni-conf-dir',
      'cni-bin-dir',
      'cni-cache-dir',
      'network-plugin-mtu',
      'docker-endpoint',
    ],
  ],
  [27, ['container-runtime']],
  [35, ['pod-infra-container-image']],
]
const cgroupV2Since = 35
const runtimeConfigSince = 36

export const upgrade: Check = {
  name: 'upgrade',
  about: 'what the kubelet of a release (--upgrade 1.38) refuses of this node',
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    'A kubelet that does not start after an upgrade takes the node out of the cluster. From 1.35 on it refuses control groups of version 1, unless its configuration says failCgroupV1: false, which a later release will no longer know. From 1.36 on it has the driver of control groups told by the runtime (RuntimeConfig), which containerd has since 2.0 and CRI-O since 1.30: 1.35 is the last release for containerd 1.x. Flags that were removed end it at once; kubeadm cleans its own file (/var/lib/kubelet/kubeadm-flags.env), and nobody those of units and images. Known here is what was decided up to 1.37.',
  isAsked: ({upgradeTo}) => upgradeTo !== undefined,
  run: async (subject: Subject) => {
    const minor = Number(/^1\.(\d+)/.exec(subject.upgradeTo ?? '')?.[1] ?? Number.NaN)
    if (Number.isNaN(minor)) throw new NotChecked('it is asked for with --upgrade RELEASE')
    const kubelet = await readKubelet(subject.host)
    const findings = await Promise.all([
      minor >= cgroupV2Since ? versionOne(subject, kubelet) : [],
      minor >= runtimeConfigSince ? runtimeConfig(subject) : [],
    ])
    return [...findings.flat(), ...flagsGone(minor, kubelet)]
  },
}

async function versionOne({host, upgradeTo}: Subject, kubelet: KubeletFacts | undefined): Promise<Finding[]> {
  const {version} = await host.cgroupTrees()
  if (version !== 1) return []
  const isAllowed = kubelet?.config?.failCgroupV1 === false
  return [
    {
      severity: isAllowed ? 'warning' : 'broken',
      what: isAllowed
        ? `the kubelet of ${upgradeTo} starts here only as long as it knows failCgroupV1: false`
        : `the kubelet of ${upgradeTo} refuses control groups of version 1`,
      evidence: [
        '/proc/self/mountinfo shows controllers of version 1',
        `${kubelet?.configPath ?? 'its configuration'}: failCgroupV1 ${isAllowed ? 'is false' : 'is not set to false'}`,
      ],
      fix: 'start the machine with systemd.unified_cgroup_hierarchy=1, and look at what reads version 1 (old agents, Java before 15)',
    },
  ]
}

async function runtimeConfig({runtimeConfig: ask, version, upgradeTo}: Subject): Promise<Finding[]> {
  try {
    await ask()
    return []
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== rpcCode.unimplemented) throw error
    const {runtimeName, runtimeVersion} = await version()
    return [
      {
        severity: 'broken',
        what: `the kubelet of ${upgradeTo} wants a call that this runtime does not have: RuntimeConfig`,
        evidence: [`${runtimeName} ${runtimeVersion} answers Unimplemented`],
        fix: 'upgrade the runtime first: containerd 2.0, CRI-O 1.30 or later',
      },
    ]
  }
}

function flagsGone(minor: number, kubelet: KubeletFacts | undefined): Finding[] {
  return removedFlags
    .filter(([since]) => minor >= since)
    .flatMap(([since, flags]) =>
      flags
        .filter((flag) => kubelet?.flags.has(flag))
        .map((flag) => ({
          severity: 'broken' as const,
          what: `the kubelet is started with --${flag}, which 1.${since} does not know`,
          object: `--${flag}`,
          evidence: [
            kubelet?.process
              ? `the arguments of process ${kubelet.process.pid}, or /var/lib/kubelet/kubeadm-flags.env`
              : '/var/lib/kubelet/kubeadm-flags.env',
          ],
          fix: 'remove it from the unit of the kubelet (systemctl cat kubelet) and the files that it reads',
        })),
    )
}
