import {type Column, type TableOptions, table} from '../formats/table.js'
import {listOf, type View} from '../formats/view.js'
import {ageText} from '../text/age.js'
import {bytesText, type Units} from '../text/units.js'

/** What lies on another node, and whether there is a connection to it. */
export interface NodeCopies {
  node: string
  connected: boolean
  copies: readonly {
    version: string
    checksum: string
    build: string
    sizeBytes: number
    user: string
    path: string
    deliveredAtMs: number
    ageMs: number
  }[]
}

const columns: readonly Column[] = [
  {title: 'NODE', min: 10},
  {title: 'VERSION'},
  {title: 'BUILD', drop: 2},
  {title: 'SIZE', drop: 3},
  {title: 'USER'},
  {title: 'SINCE', drop: 4},
  {title: 'CONNECTED', drop: 5},
  {title: 'PATH', min: 20, keep: 'end', drop: 1},
]

export function nodesView(
  nodes: readonly NodeCopies[],
  {units, ...options}: TableOptions & {units: Units},
): View {
  return {
    ...listOf('nodes', nodes, itemOf),
    names: () => nodes.map(({node}) => node),
    table: () =>
      table(
        columns,
        nodes.flatMap((node) => rowsOf(node, units)),
        options,
      ),
  }
}

function itemOf({node, connected, copies}: NodeCopies): unknown {
  return {
    node,
    connected,
    copies: copies.map(({ageMs: _, deliveredAtMs, ...copy}) => ({
      ...copy,
      deliveredAt: new Date(deliveredAtMs).toISOString(),
    })),
  }
}

function rowsOf({node, connected, copies}: NodeCopies, units: Units): string[][] {
  const link = connected ? 'yes' : 'no'
  if (copies.length === 0) return [[node, '', '', '', '', '', link, '']]
  return copies.map(({version, build, sizeBytes, user, ageMs, path}) => [
    node,
    version,
    build,
    bytesText(sizeBytes, units, 3),
    user,
    `${ageText(ageMs)} ago`,
    link,
    path,
  ])
}
