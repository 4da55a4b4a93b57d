import {sizeText} from './size.js'

export type Units = 'si' | 'iec'

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** Bytes with four digits: in crictl's decimal units, or in the binary ones that Kubernetes writes limits in. */
export function bytesText(sizeBytes: number, units: Units): string {
  if (units === 'si') return sizeText(sizeBytes, 4)
  const unit = sizeBytes < 1 ? 0 : Math.min(binaryUnits.length - 1, Math.floor(Math.log2(sizeBytes) / 10))
  return `${Number((sizeBytes / 1024 ** unit).toPrecision(4))}${binaryUnits[unit]}`
}
