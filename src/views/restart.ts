import {type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'
import {shortId} from '../text/short-id.js'

/** A container that runs in the place of another. */
export interface Restarted {
  id: string
  previousId: string
  /** `namespace/pod/name` */
  name: string
  attempt: number
  /** Who has made it. */
  by: 'kubelet' | 'crisp'
}

export function restartedView(
  restarted: readonly Restarted[],
  {isWhole, ...context}: TableOptions & {isWhole: boolean},
): View {
  const cell = (id: string) => (isWhole ? id : shortId(id))
  return {
    document: () => ({restarted}),
    items: () => restarted,
    names: () => restarted.map(({name}) => name),
    table: () =>
      table(
        [
          {title: 'CONTAINER', varies: true},
          {title: 'NAME', min: 16},
          {title: 'ATTEMPT'},
          {title: 'MADE BY', drop: 1},
          {title: 'BEFORE', drop: 2, varies: true},
        ],
        restarted.map(({id, previousId, name, attempt, by}) => [
          cell(id),
          name,
          String(attempt),
          by,
          cell(previousId),
        ]),
        context,
      ),
  }
}
