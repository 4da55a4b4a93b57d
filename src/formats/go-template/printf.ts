import {UsageError} from '../../errors/errors.js'
import {typeName, type Value, wholeOf} from './values.js'
import {type Form, formatValue, formatWithVerb, plainForm} from './verbs.js'

/** Go's own bound of widths and precisions. */
const widest = 1_000_000
/** A few wide directives are soon more than a string can hold. */
const longest = 2 ** 24

/** Go's fmt.Sprintf. Mistakes in the format are no errors but marks in the text, as `%!d(string=x)`. */
export function sprintf(format: string, args: readonly Value[]): string {
  return new Printer(format, args).text()
}

class Printer {
  readonly #format: string
  readonly #args: readonly Value[]
  #at = 0
  #next = 0
  /** The last `[n]` named an argument that is there. */
  #found = true
  #reordered = false
  #result = ''

  constructor(format: string, args: readonly Value[]) {
    this.#format = format
    this.#args = args
  }

  text(): string {
    for (let percent = this.#format.indexOf('%'); percent !== -1; ) {
      this.#result += this.#format.slice(this.#at, percent)
      this.#at = percent + 1
      this.#directive()
      if (this.#result.length > longest) throw new UsageError(`makes more than ${longest} characters`)
      percent = this.#format.indexOf('%', this.#at)
    }
    this.#result += this.#format.slice(this.#at)
    const extra = this.#reordered ? [] : this.#args.slice(this.#next)
    const list = extra.map((arg) => (arg === null ? '<nil>' : `${typeName(arg)}=${formatValue(arg)}`))
    return list.length === 0 ? this.#result : `${this.#result}%!(EXTRA ${list.join(', ')})`
  }

  /** What follows a `%`: flags, width, precision, verb; `[n]` before each of the last three chooses the argument. */
  #directive(): void {
    const form = {...plainForm}
    this.#found = true
    const flags = this.#take(/[-+# 0]*/y)
    form.plus = flags.includes('+')
    form.minus = flags.includes('-')
    form.sharp = flags.includes('#')
    form.space = flags.includes(' ')
    form.zero = flags.includes('0') && !form.minus
    this.#choose()
    const width = this.#number('%!(BADWIDTH)')
    form.width = width === undefined ? undefined : Math.abs(width)
    if (width !== undefined && width < 0) Object.assign(form, {minus: true, zero: false})
    if (this.#take(/\./y) !== '') {
      this.#choose()
      const before = this.#at
      const precision = this.#number('%!(BADPREC)')
      if (precision !== undefined && precision < 0) this.#result += '%!(BADPREC)'
      else form.precision = this.#at === before ? 0 : precision
    }
    this.#choose()
    this.#result += this.#argument(this.#take(/./suy), form)
  }

  #argument(verb: string, form: Form): string {
    if (verb === '') return '%!(NOVERB)'
    if (verb === '%') return '%'
    if (!this.#found) return `%!${verb}(BADINDEX)`
    if (this.#next >= this.#args.length) return `%!${verb}(MISSING)`
    // `%+v` names the fields of Go's structs, which JSON has not; it is no sign.
    if (verb === 'v') form.plus = false
    return formatWithVerb(this.#args[this.#next++] ?? null, verb, form)
  }

  #choose(): void {
    const chosen = this.#take(/\[[^\]]*\]?/y)
    if (chosen === '') return
    this.#reordered = true
    const index = /^\[\d{1,7}\]$/.test(chosen) ? Number(chosen.slice(1, -1)) - 1 : -1
    if (index >= 0 && index < this.#args.length) this.#next = index
    else this.#found = false
  }

  /** Digits, or `*` for the next argument. */
  #number(bad: string): number | undefined {
    const digits = this.#take(/\*|\d*/y)
    if (digits === '') return undefined
    const value = digits === '*' ? wholeOf(this.#args[this.#next++] ?? null) : BigInt(digits)
    if (value !== undefined && value <= widest && value >= -widest) return Number(value)
    this.#result += bad
    return undefined
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#format)?.[0] ?? ''
    this.#at += text.length
    return text
  }
}
