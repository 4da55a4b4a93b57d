import {Chalk} from 'chalk'
import type {TableStyle} from '../formats/table.js'

const chalk = new Chalk({level: 1})

const colourOf: Readonly<Record<string, (text: string) => string>> = {
  Running: chalk.green,
  Ready: chalk.green,
  Created: chalk.cyan,
  Exited: chalk.dim,
  NotReady: chalk.yellow,
  Unknown: chalk.red,
  FALSE: chalk.red,
  OOMKilled: chalk.red,
  Error: chalk.red,
}

/** For a terminal: bold titles, and states in the colour of their urgency. Never more than the words already say. */
export const tableStyle: TableStyle = {
  header: chalk.bold,
  cell: (title, text) =>
    title === 'STATE' || title === 'STATUS' || title === 'REASON' ? (colourOf[text]?.(text) ?? text) : text,
}

/** For logs: each container's name in a colour of its own, matches so that they can't be missed. */
export const logStyle = {
  match: chalk.bold.red,
  origins: [chalk.cyan, chalk.green, chalk.yellow, chalk.magenta, chalk.blue, chalk.red],
}

/** For help: titles bold, and what can be typed as it stands in a colour that means nothing else. */
export const helpStyle = {title: chalk.bold, typed: chalk.cyan}
