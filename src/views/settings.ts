import {type TableLayout, type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'

export interface Setting {
  key: string
  value: string
}

/** The settings of a file, in crictl's order. */
export function settingsView(
  settings: readonly Setting[],
  options: TableOptions,
  layOut: TableLayout = table,
): View {
  return {
    document: () => Object.fromEntries(settings.map(({key, value}) => [key, parseValue(value)])),
    table: () =>
      layOut(
        [{title: 'KEY'}, {title: 'VALUE'}],
        settings.map(({key, value}) => [key, value]),
        options,
      ),
    items: () => settings,
    names: () => settings.map(({key}) => key),
  }
}

function parseValue(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  return /^[+-]?\d+$/.test(value) ? Number(value) : value
}
