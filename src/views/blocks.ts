import {printable} from '../errors/printable.js'

/** A line of a block: a label and its value, or a line of its own where the value is undefined. */
export type BlockLine = readonly [label: string, value?: string]

/** `Label: value` lines, each block followed by a blank line. */
export function blocks(items: readonly (readonly BlockLine[])[]): string {
  return items.map((item) => `${block(item)}\n`).join('')
}

export function block(item: readonly BlockLine[]): string {
  return item
    .map(([label, value]) => (value === undefined ? `${label}\n` : `${label}: ${printable(value)}\n`))
    .join('')
}

/** A title and one `<tab>key -> value` line for each entry, sorted; nothing where there are none. */
export function labelLines(title: string, labels: Readonly<Record<string, string>>): BlockLine[] {
  const keys = Object.keys(labels).sort()
  if (keys.length === 0) return []
  return [
    [`${title}:`],
    ...keys.map((key) => [`\t${printable(key)} -> ${printable(labels[key] ?? '')}`] as const),
  ]
}
