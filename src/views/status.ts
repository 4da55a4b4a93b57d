import {UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {jsonText, parseJson, sortKeys} from '../formats/json.js'
import type {BlockLine} from './blocks.js'

/**
 * The document of a status call: the status under `status`, and beside it every key of the runtime's verbose info,
 * as crictl lays them out. A text that is a JSON object is shown as one; anything else stays text.
 */
export function statusDocument(
  parts: Readonly<Record<string, unknown>>,
  info: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = {...parts}
  for (const [key, text] of Object.entries(info)) merged[key] = infoValue(key, text)
  return sortKeys(merged) as Record<string, unknown>
}

function infoValue(key: string, text: string): unknown {
  if (!text.startsWith('{')) return text.replace(/^"+|"+$/g, '')
  try {
    return parseJson(text)
  } catch (error) {
    throw new UserError(
      `the runtime's info "${key}" is not the JSON it begins to be: ${(error as Error).message}; -q leaves it out`,
      {cause: error},
    )
  }
}

/** One object for one, a list for several: what crictl's users have learnt to expect. */
export function oneOrAll(documents: readonly unknown[]): unknown {
  return documents.length === 1 ? documents[0] : documents
}

/** The verbose info of any status, a line for each of its keys. */
export function infoLines(info: Readonly<Record<string, string>>): BlockLine[] {
  if (Object.keys(info).length === 0) return []
  const document = statusDocument({}, info)
  return [
    ['Info:'],
    ...Object.entries(document).map(
      ([key, value]) =>
        [`\t${printable(key)}`, typeof value === 'string' ? value : jsonText(value, 0).trimEnd()] as const,
    ),
  ]
}
