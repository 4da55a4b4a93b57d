import {isPrintable, quoteGo} from '../go-quote.js'
import {exponential, fixedPoint, general} from './floats.js'
import {GoFloat, isJsonNumber, isList, isMap, sortEntries, typeName, type Value, wholeOf} from './values.js'

/** The flags, width and precision between `%` and the verb. */
export interface Form {
  plus: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number | undefined
  precision: number | undefined
}

export const plainForm: Form = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
}

/** As Go prints a value: `map[a:1 b:[x y]]`. */
export function formatValue(value: Value): string {
  return typeof value === 'string' ? value : formatWithVerb(value, 'v', plainForm)
}

/** The value as a verb shows it; `%!d(string=x)` where the verb is not for such a value. */
export function formatWithVerb(value: Value, verb: string, form: Form): string {
  if (verb === 'T') return pad(typeName(value), form)
  if (value === null) return verb === 'v' ? pad('<nil>', form) : `%!${verb}(<nil>)`
  if (isList(value) || isMap(value)) return formatCollection(value, verb, form)
  const text = formatScalar(value, verb, form)
  return text ?? `%!${verb}(${typeName(value)}=${formatWithVerb(value, 'v', form)})`
}

function formatCollection(
  value: readonly Value[] | {readonly [key: string]: Value},
  verb: string,
  form: Form,
): string {
  const syntax = verb === 'v' && form.sharp
  const item = (child: Value) => {
    if (child === null) return syntax ? 'interface {}(nil)' : '<nil>'
    return formatWithVerb(child, verb, form)
  }
  if (isList(value)) {
    const items = value.map(item)
    return syntax ? `[]interface {}{${items.join(', ')}}` : `[${items.join(' ')}]`
  }
  const entries = sortEntries(value as {readonly [key: string]: Value})
  const items = entries.map(([key, child]) => `${formatWithVerb(key, verb, form)}:${item(child)}`)
  return syntax ? `map[string]interface {}{${items.join(', ')}}` : `map[${items.join(' ')}]`
}

function formatScalar(value: Value, verb: string, form: Form): string | undefined {
  if (typeof value === 'string') return formatText(value, verb, form)
  if (typeof value === 'boolean') return verb === 't' || verb === 'v' ? pad(String(value), form) : undefined
  // A number of JSON is text to crictl's templates: as it was written, for the verbs of text.
  if (isJsonNumber(value) && 'svq'.includes(verb))
    return formatText(String(value), verb, {...form, sharp: false})
  const whole = wholeOf(value)
  if (whole !== undefined) {
    const text = formatInteger(whole, verb, form)
    if (text !== undefined || typeof value === 'bigint') return text
  }
  return formatFloat(value instanceof GoFloat ? value.value : Number(value), verb, form)
}

function formatText(text: string, verb: string, form: Form): string | undefined {
  const cut = form.precision === undefined ? text : [...text].slice(0, form.precision).join('')
  switch (verb) {
    case 'v':
      return pad(form.sharp ? quoteGo(cut) : cut, form)
    case 's':
      return pad(cut, form)
    case 'q': {
      const raw = form.sharp && !/[`\u0000-\u0008\u000a-\u001f\u007f\ufeff]/.test(cut)
      return pad(raw ? `\`${cut}\`` : quoteGo(cut, '"', form.plus), form)
    }
    case 'x':
    case 'X':
      return pad(hexBytes(text, verb, form), form)
    default:
      return undefined
  }
}

function hexBytes(text: string, verb: string, {space, sharp, precision}: Form): string {
  const bytes = [...Buffer.from(text).subarray(0, precision)].map((byte) =>
    byte.toString(16).padStart(2, '0'),
  )
  const prefix = sharp ? '0x' : ''
  const all = space
    ? bytes.map((byte) => prefix + byte).join(' ')
    : bytes.length === 0
      ? ''
      : prefix + bytes.join('')
  return verb === 'X' ? all.toUpperCase() : all
}

const bases: Readonly<Record<string, readonly [base: number, prefix: string]>> = {
  v: [10, ''],
  d: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  O: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
}

function formatInteger(value: bigint, verb: string, form: Form): string | undefined {
  if (verb === 'c') return pad(characterOf(value), form)
  if (verb === 'q') return pad(quoteGo(characterOf(value), "'", form.plus), form)
  if (verb === 'U') return pad(unicodeNotation(value, form), form)
  const [base, prefix] = bases[verb] ?? []
  if (base === undefined) return undefined
  if (form.precision === 0 && value === 0n) return pad('', {...form, zero: false})
  const sign = signOf(value < 0n, form)
  const digits = (value < 0n ? -value : value).toString(base).padStart(leastDigits(sign, form), '0')
  // `%#o` asks for one leading zero, not for one more.
  const wantsPrefix = (form.sharp || verb === 'O') && !(verb === 'o' && digits.startsWith('0'))
  const body = verb === 'X' ? digits.toUpperCase() : digits
  return pad(`${sign}${wantsPrefix ? prefix : ''}${body}`, {...form, zero: false})
}

function signOf(negative: boolean, {plus, space}: Form): string {
  if (negative) return '-'
  if (plus) return '+'
  return space ? ' ' : ''
}

/** Zeros fill the width only where no precision says how many digits there are. */
function leastDigits(sign: string, {zero, width = 0, precision}: Form): number {
  if (precision !== undefined) return precision
  return zero ? width - sign.length : 0
}

function characterOf(value: bigint): string {
  const isCharacter = value >= 0n && value < 0x110000n && !(value >= 0xd800n && value <= 0xdfffn)
  return isCharacter ? String.fromCodePoint(Number(value)) : '\ufffd'
}

function unicodeNotation(value: bigint, {sharp, precision}: Form): string {
  const digits = BigInt.asUintN(64, value).toString(16).toUpperCase()
  const text = `U+${digits.padStart(Math.max(4, precision ?? 0), '0')}`
  const character = characterOf(value)
  return sharp && value >= 0n && value < 0x110000n && isPrintable(character) ? `${text} '${character}'` : text
}

function formatFloat(value: number, verb: string, form: Form): string | undefined {
  const body = floatBody(Math.abs(value), verb, form.precision)
  if (body === undefined) return undefined
  const sign = signOf(value < 0 || Object.is(value, -0), form)
  const fills = form.zero && form.width !== undefined
  const filled = fills ? body.padStart((form.width ?? 0) - sign.length, '0') : body
  return pad(sign + filled, {...form, zero: false})
}

function floatBody(magnitude: number, verb: string, precision: number | undefined): string | undefined {
  switch (verb) {
    case 'v':
    case 'g':
      return general(magnitude, precision)
    case 'G':
      return general(magnitude, precision).toUpperCase()
    case 'f':
    case 'F':
      return fixedPoint(magnitude, precision ?? 6)
    case 'e':
      return exponential(magnitude, precision ?? 6)
    case 'E':
      return exponential(magnitude, precision ?? 6).toUpperCase()
    default:
      return undefined
  }
}

function pad(text: string, {width, minus, zero}: Form): string {
  if (width === undefined) return text
  const missing = width - [...text].length
  if (missing <= 0) return text
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text
}
