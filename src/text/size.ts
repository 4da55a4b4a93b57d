const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']

/** Bytes in decimal units with so many significant digits, as crictl writes them: `2.13MB`, `697kB`. */
export function sizeText(sizeBytes: number, significantDigits: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 1000 && unit < decimalUnits.length - 1) {
    value /= 1000
    unit++
  }
  let rounded = Number(value.toPrecision(significantDigits))
  // 999,999 bytes are 1MB: crictl prints 1e+03kB here.
  if (rounded >= 1000 && unit < decimalUnits.length - 1) {
    rounded /= 1000
    unit++
  }
  return `${rounded}${decimalUnits[unit]}`
}
