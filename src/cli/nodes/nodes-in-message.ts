import {nodesText} from './one-view.js'

/** As in a table, and with a blank after each comma where it would not fit a line of the terminal: such a set is read as well. */
export function nodesInMessage(nodes: readonly string[]): string {
  const text = nodesText(nodes)
  const {isTTY, columns} = process.stderr
  return isTTY && text.length > columns / 2 ? text.replaceAll(',', ', ') : text
}
