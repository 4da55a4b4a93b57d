import {posix} from 'node:path'
import type {Check, Finding} from '../check.js'
import type {Host} from '../host.js'
import {readKubelet} from '../kubelet.js'
import {NotChecked} from '../not-checked.js'
import type {Subject} from '../subject.js'

const usualFolder = '/etc/cni/net.d'
/** Upstream's, and those of Debian and Fedora. */
const usualProgramFolders = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni']

export const cni: Check = {
  name: 'cni',
  about: "the network's configuration, and the plugins that it names",
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    'A runtime has the network of a pod made by plugins: small programs that the first file in its CNI folder names, by the order of names (/etc/cni/net.d, unless the runtime says otherwise). Without such a file, with one that is no JSON, or with a plugin that is not in the folder of programs, no pod gets a network. These files are written by whatever brings the network (Calico, Cilium, flannel), usually by a pod on the network of the node: see whether that runs.',
  run: async (subject: Subject) => {
    const {host, settings, status} = subject
    const {cni: told} = await settings().catch(() => ({cni: undefined}))
    const folder = typeof told?.confDir === 'string' ? told.confDir : usualFolder
    const names = (await host.names(folder))?.filter((name) => /\.(conf|conflist|json)$/.test(name)) ?? []
    const [first, ...others] = names
    if (first === undefined) {
      if (!told && !(await isNeeded(host))) throw new NotChecked('the runtime tells of no network plugins')
      // It may be that the runtime brings a network without.
      const ready = await status().catch(() => undefined)
      const network = ready?.status?.conditions.find(({type}) => type === 'NetworkReady')
      if (network?.status) return []
      return [
        {
          severity: 'broken',
          what: 'there is no configuration of a network',
          object: folder,
          evidence: [`no .conf, .conflist or .json in ${folder}`],
          fix: 'install the network plugin, or see why its pod on this node (Calico, Cilium, flannel) does not run',
        },
      ]
    }
    const path = posix.join(folder, first)
    const ignored = others.length > 0 ? [`after it, and not used: ${others.join(', ')}`] : []
    const plugins = pluginsIn((await host.text(path)) ?? '')
    if (!plugins)
      return [
        {
          severity: 'broken',
          what: 'the configuration of the network cannot be read',
          object: path,
          evidence: [`${path} is no JSON with plugins in it`, ...ignored],
          fix: 'put it right or move it away: the runtime takes the first file of the folder',
        },
      ]
    const findings = await missingPrograms(host, plugins, programFolders(told), {path, ignored})
    return !told && (await isReadyCrio(subject)) ? findings.map(unsure) : findings
  },
}

/** CRI-O does not tell its folders, and keeps a network whose plugins go away after it was started. */
async function isReadyCrio({status, version}: Subject): Promise<boolean> {
  const [runtime, told] = await Promise.all([version(), status()]).catch(() => [])
  const network = told?.status?.conditions.find(({type}) => type === 'NetworkReady')
  return runtime?.runtimeName === 'cri-o' && network?.status === true
}

function unsure(finding: Finding): Finding {
  const doubt = 'CRI-O says that its network is ready: it may have another folder (network_dir, plugin_dirs)'
  return {...finding, severity: 'warning', evidence: [...finding.evidence, doubt]}
}

async function missingPrograms(
  host: Host,
  plugins: readonly string[],
  folders: readonly string[],
  {path, ignored}: {path: string; ignored: readonly string[]},
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const plugin of plugins) {
    const places = folders.map((folder) => posix.join(folder, plugin))
    const found = await Promise.all(places.map((place) => host.isProgram(place)))
    if (found.includes(true)) continue
    const there = (await Promise.all(places.map((place) => host.isThere(place)))).indexOf(true)
    findings.push({
      severity: 'broken',
      what:
        there < 0
          ? `the network plugin "${plugin}" is not there`
          : `the network plugin "${plugin}" cannot be executed`,
      object: plugin,
      evidence: [
        `${path} names it`,
        there < 0 ? `not in ${folders.join(', ')}` : (places[there] ?? ''),
        ...ignored,
      ],
      fix:
        there < 0
          ? 'install it (containernetworking-plugins has the usual ones; others come with the network)'
          : 'chmod +x, or install it again: the file may be cut short',
    })
  }
  return findings
}

async function isNeeded(host: Host): Promise<boolean> {
  return (await host.names(usualFolder)) !== undefined || (await readKubelet(host)) !== undefined
}

function programFolders({binDir, binDirs}: {binDir?: unknown; binDirs?: unknown} = {}): string[] {
  const told = [...(Array.isArray(binDirs) ? binDirs : []), binDir].filter(
    (folder): folder is string => typeof folder === 'string' && folder !== '',
  )
  return told.length > 0 ? [...new Set(told)] : usualProgramFolders
}

/** The programs that a file names, those for addresses too; undefined where it is not such a file. */
function pluginsIn(text: string): string[] | undefined {
  try {
    const file = JSON.parse(text) as NetworkFile | null
    const plugins = file?.plugins ?? (file?.type === undefined ? [] : [file])
    const names = plugins.flatMap(({type, ipam}) => [type, ipam?.type])
    const programs = names.filter((name): name is string => typeof name === 'string' && name !== '')
    return programs.length > 0 ? [...new Set(programs)] : undefined
  } catch {
    return undefined
  }
}

interface NetworkPlugin {
  type?: unknown
  ipam?: {type?: unknown} | null
}
type NetworkFile = NetworkPlugin & {plugins?: NetworkPlugin[]}
