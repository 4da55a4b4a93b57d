import {posix} from 'node:path'
import {programName} from '../../text/program.js'
import type {Check, Finding} from '../check.js'
import type {FileSystem} from '../host.js'
import {NotChecked} from '../not-checked.js'
import type {Subject} from '../subject.js'

/** The kubelet's own defaults: where it begins to remove images, and where it evicts pods. */
const fewBytes = {warning: 0.15, broken: 0.1}
const fewFiles = {warning: 0.1, broken: 0.05}
const mostNamed = 3
const mostFolders = 20_000

const logFolder = '/var/log/pods'
const kubeletFolder = '/var/lib/kubelet'

export const disk: Check = {
  name: 'disk',
  about:
    'room and inodes of the file systems of images, containers, logs and the kubelet, and what fills them',
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    'With less than 15 % of the file system of images left the kubelet removes images, and with less than 10 % (or 5 % of the inodes) it evicts pods, both by its defaults. Then what is evicted comes back elsewhere and fills the next node. Many small files use up inodes while there is room. What fills it here is told by owner: images by their own figures, what containers have written by the runtime, logs by the sizes of their files.',
  run: async (subject: Subject) => {
    const {host} = subject
    const places = await placesOf(subject)
    const systems = await Promise.all(
      [...places].map(async ([path, uses]) => ({path, uses, system: await host.fileSystem(path)})),
    )
    const byKind = new Map<string, {path: string; uses: string[]; system: FileSystem}>()
    for (const {path, uses, system} of systems) {
      if (!system || system.blocks === 0) continue
      const key = JSON.stringify(system)
      const known = byKind.get(key)
      if (known) known.uses.push(...uses)
      else byKind.set(key, {path, uses: [...uses], system})
    }
    if (byKind.size === 0)
      throw new NotChecked('no file system of images, containers or logs is to be seen here')
    const findings: Finding[] = []
    for (const {path, uses, system} of byKind.values()) {
      const what = `the file system of ${[...new Set(uses)].join(', ')}`
      const left = system.availableBlocks / system.blocks
      const severity = severityOf(left, fewBytes)
      if (severity)
        findings.push({
          severity,
          what: `${what} is ${percent(1 - left)} full`,
          object: path,
          evidence: [
            `${path}: ${subject.sizeText(system.availableBlocks * system.blockBytes)} of ${subject.sizeText(system.blocks * system.blockBytes)} left`,
            ...(await fillers(subject)),
          ],
          fix: `${programName()} rmi --prune removes images that nothing uses, ${programName()} rm -a --state exited containers that have ended; else it needs more room`,
        })
      const leftFiles = system.files > 0 ? system.freeFiles / system.files : 1
      const inodes = severityOf(leftFiles, fewFiles)
      if (inodes)
        findings.push({
          severity: inodes,
          what: `${what} has ${percent(1 - leftFiles)} of its inodes in use`,
          object: path,
          evidence: [`${path}: ${system.freeFiles} of ${system.files} inodes left`],
          fix: 'look for folders of very many small files (du --inodes -x): layers of images, caches of builds, sessions',
        })
    }
    return findings
  },
}

/** What is there, by path. Without the runtime, where runtimes have it. */
async function placesOf(subject: Subject): Promise<Map<string, string[]>> {
  const places = new Map<string, string[]>()
  const add = (path: string | undefined, use: string) => {
    if (path) places.set(path, [...(places.get(path) ?? []), use])
  }
  const told = await subject.imageFileSystems().catch(() => undefined)
  for (const {fsId} of told?.imageFilesystems ?? []) add(fsId?.mountpoint, 'images')
  for (const {fsId} of told?.containerFilesystems ?? []) add(fsId?.mountpoint, 'containers')
  if (!told) for (const path of ['/var/lib/containerd', '/var/lib/containers']) add(path, 'images')
  const logs = (await subject.containerStatuses().catch(() => []))
    .map(({answer}) => answer?.status?.logPath)
    .find((path) => path !== undefined && path !== '')
  add(logs === undefined ? logFolder : posix.dirname(logs), 'logs')
  add(kubeletFolder, 'the kubelet')
  return places
}

/** Who has how much, as far as it can be told. */
async function fillers(subject: Subject): Promise<string[]> {
  const parts = await Promise.all([
    imageLine(subject).catch(() => undefined),
    writtenLine(subject).catch(() => undefined),
    logLine(subject).catch(() => undefined),
  ])
  return parts.filter((part) => part !== undefined)
}

async function imageLine(subject: Subject): Promise<string | undefined> {
  const images = await subject.images()
  return lineOf(
    `${images.length} images`,
    images.map(({size, repoTags, id}) => [repoTags[0] ?? id, Number(size)]),
    subject,
  )
}

async function writtenLine(subject: Subject): Promise<string | undefined> {
  const [stats, nameOf] = await Promise.all([subject.containerStats(), subject.names()])
  return lineOf(
    'written by containers',
    stats.map(({attributes, writableLayer}) => [
      nameOf.get(attributes?.id ?? '') ?? attributes?.id ?? '',
      Number(writableLayer?.usedBytes?.value ?? 0),
    ]),
    subject,
  )
}

async function logLine(subject: Subject): Promise<string | undefined> {
  const {host} = subject
  const pods = await host.names(logFolder)
  if (!pods) return undefined
  let left = mostFolders
  const sizes: [string, number][] = []
  for (const pod of pods) {
    let size = 0
    for (const container of (await host.names(posix.join(logFolder, pod))) ?? []) {
      if (left-- <= 0) break
      size += await host.sizeOfFiles(posix.join(logFolder, pod, container))
    }
    sizes.push([pod, size])
  }
  return lineOf('logs', sizes, subject)
}

function lineOf(
  title: string,
  sizes: readonly (readonly [string, number])[],
  subject: Subject,
): string | undefined {
  const known = sizes.filter(([, size]) => size > 0)
  if (known.length === 0) return undefined
  const total = known.reduce((sum, [, size]) => sum + size, 0)
  const largest = [...known].sort(([, a], [, b]) => b - a).slice(0, mostNamed)
  return `${title}: ${subject.sizeText(total)}, most of it ${largest
    .map(([name, size]) => `${name} (${subject.sizeText(size)})`)
    .join(', ')}`
}

function severityOf(left: number, limits: typeof fewBytes): 'warning' | 'broken' | undefined {
  return left < limits.broken ? 'broken' : left < limits.warning ? 'warning' : undefined
}

function percent(part: number): string {
  return `${Math.floor(part * 100)} %`
}
