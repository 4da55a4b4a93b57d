import {UsageError} from '../errors/errors.js'

/** A whole number in Go's base-0 spelling, which crictl takes: `10`, `0x10`, `0o10`, `010`, `0b11`, `1_000`. */
export function parseInteger(text: string): number {
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  const plain = digits.replaceAll(/(?<=[\da-fx])_(?=[\da-f])/gi, '').replace(/^0(?=[0-7]+$)/, '0o')
  const value = /^(0|[1-9]\d*|0x[\da-f]+|0o[0-7]+|0b[01]+)$/i.test(plain) ? Number(plain) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new UsageError(`"${text}" is not a whole number`)
  return sign === '-' ? -value : value
}
