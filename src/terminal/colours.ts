import {Chalk} from 'chalk'
import type {TableStyle} from '../formats/table.js'
import {cellMeaning, type Paint} from '../text/meaning.js'
import {nameColours, palette} from './palette.js'

// docs/output.md says what the colours mean.

const chalk = new Chalk({level: 2})

export const paint: Paint = (meaning, text) =>
  meaning === undefined || text === '' ? text : chalk.ansi256(palette[meaning])(text)

/** For a terminal: bold titles, and cells in the colour of what they say. */
export const tableStyle: TableStyle = {
  header: chalk.bold,
  cell: (title, text) => paint(cellMeaning(title, text), text),
}

/** For logs: each container's name in a colour of its own, matches so that they can't be missed. */
export const logStyle = {
  match: chalk.bold.ansi256(palette.failed),
  origins: nameColours.map((number) => chalk.ansi256(number)),
}

/** For help: titles bold, and what can be typed as it stands in a colour that means nothing else. */
export const helpStyle = {title: chalk.bold, typed: chalk.ansi256(palette.typed)}
