import {dump} from 'js-yaml'
import {sortKeys} from './json.js'

// js-yaml has no bigint; a word that nothing else contains stands in for it until the text is made.
const bigMark = 'crisp-big-integer-5d1f:'

/** The value as YAML, shaped as crictl's: sorted keys, lists not indented, digits in strings quoted, a blank line last. */
export function yamlText(value: unknown): string {
  const plain = JSON.stringify(sortKeys(value), (_, item) =>
    typeof item === 'bigint' ? bigMark + item : item,
  )
  const text = dump(JSON.parse(plain), {seqNoIndent: true, lineWidth: -1, noRefs: true, quoteStyle: 'double'})
  return `${text.replaceAll(bigMark, '')}\n`
}
