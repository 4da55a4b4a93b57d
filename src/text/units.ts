import {sizeText} from './size.js'

export type Units = 'si' | 'iec'

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** Bytes with so many digits: in crictl's decimal units, or in the binary ones that Kubernetes writes limits in. */
export function bytesText(sizeBytes: number, units: Units, significantDigits = 4): string {
  if (units === 'si') return sizeText(sizeBytes, significantDigits)
  const unit = sizeBytes < 1 ? 0 : Math.min(binaryUnits.length - 1, Math.floor(Math.log2(sizeBytes) / 10))
  const value = sizeBytes / 1024 ** unit
  // Of 1000 to 1023 all four digits are before the point.
  return `${value >= 1000 ? Math.round(value) : Number(value.toPrecision(significantDigits))}${binaryUnits[unit]}`
}
