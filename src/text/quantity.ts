import {UsageError} from '../errors/errors.js'
import {parseInteger} from './integer.js'

const powers: Readonly<Record<string, number>> = {'': 0, k: 1, m: 2, g: 3, t: 4}

/** Bytes as people write memory: `67108864`, `64m`, `64Mi`, `1.5g`; every unit is a power of 1024, as docker has it. */
export function parseBytes(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b?)$/i.exec(text) ?? []
  const bytes = Math.round(Number(amount) * 1024 ** (powers[unit.toLowerCase()] ?? 0))
  if (amount === '' || !Number.isSafeInteger(bytes)) {
    throw new UsageError(`"${text}" is not a size: write bytes, or 64m, 512Mi, 1.5g`)
  }
  return bytes
}

/** What the kernel counts a share of CPU time by: 100 ms. */
const periodUs = 100_000

/** So many CPUs as the kernel's quota in each period. */
export function parseCpus(text: string): {cpuPeriod: string; cpuQuota: string} {
  const cpus = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  const quotaUs = Math.round(cpus * periodUs)
  if (!(quotaUs >= 1000 && Number.isSafeInteger(quotaUs))) {
    throw new UsageError(`"${text}" is not a number of CPUs: write 2 or 0.5; the least is 0.01`)
  }
  return {cpuPeriod: `${periodUs}`, cpuQuota: `${quotaUs}`}
}

/** Memory as crictl takes it, a whole number of bytes in any of Go's spellings, or as {@link parseBytes} does. */
export function parseMemory(text: string): number {
  return /^[+-]?\d[\da-fxob_]*$/i.test(text) && !/[bk]$/i.test(text) ? parseInteger(text) : parseBytes(text)
}

const kubernetesUnits: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  Pi: 1024 ** 5,
  Ei: 1024 ** 6,
}

/** An amount as Kubernetes writes it: `500m`, `128Mi`, `1e3`; undefined for anything else. */
export function parseKubernetesQuantity(text: string): number | undefined {
  const [, amount, unit = ''] =
    /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text) ?? []
  if (amount === undefined) return undefined
  return Number((Number(amount) * (kubernetesUnits[unit] ?? 1)).toPrecision(15))
}
