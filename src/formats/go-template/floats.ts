// Go's texts of a float that is not negative; half-way cases go to the even digit, unlike JavaScript's.

/** `%f`: exact, with so many digits behind the point. */
export function fixedPoint(value: number, digits: number): string {
  const scaled = roundDigits(value, digits)
    .toString()
    .padStart(digits + 1, '0')
  const point = scaled.length - digits
  return digits === 0 ? scaled : `${scaled.slice(0, point)}.${scaled.slice(point)}`
}

/** value * 10^digits as the nearest whole number. */
function roundDigits(value: number, digits: number): bigint {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const all = bits.getBigUint64(0)
  const exponent = Number((all >> 52n) & 0x7ffn)
  const fraction = all & 0xfffffffffffffn
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n)
  const power = Math.max(exponent, 1) - 1075
  const scaled = mantissa * 10n ** BigInt(digits)
  if (power >= 0) return scaled << BigInt(power)
  const shift = BigInt(-power)
  const whole = scaled >> shift
  const twice = (scaled - (whole << shift)) * 2n
  const one = 1n << shift
  const up = twice > one || (twice === one && whole % 2n === 1n)
  return up ? whole + 1n : whole
}

/** JavaScript writes no more digits of an exponent form; what lies behind them is beyond a float's own. */
const mostDigits = 100

/** `%e`: one digit, a point, so many digits, and an exponent of at least two. */
export function exponential(value: number, digits: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(Math.min(digits, mostDigits)).split('e')
  return `${mantissa}${'0'.repeat(Math.max(0, digits - mostDigits))}e${exponentText(exponent)}`
}

/** `%g`, or `%v` without a precision: the shortest text that is the same float. */
export function general(value: number, precision?: number): string {
  const wanted = precision === undefined ? undefined : Math.max(1, precision)
  const [mantissa = '', exponentDigits = ''] = (
    wanted === undefined ? value.toExponential() : value.toExponential(Math.min(wanted - 1, mostDigits))
  ).split('e')
  const digits = mantissa.replace('.', '').replace(/0+$/, '')
  const exponent = Number(exponentDigits)
  const isRound = wanted !== undefined && wanted > digits.length && digits.length > exponent
  const limit = wanted === undefined ? 6 : isRound ? digits.length : wanted
  if (exponent < -4 || exponent >= limit)
    return `${digits.slice(0, 1) || '0'}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponentText(exponentDigits)}`
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const rest = digits.slice(exponent + 1)
  return rest === '' ? whole : `${whole}.${rest}`
}

function exponentText(exponent: string): string {
  return `${exponent.startsWith('-') ? '-' : '+'}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`
}
