import {Chalk} from 'chalk'
import type {TopStyle} from './frame.js'

const chalk = new Chalk({level: 1})

export const topStyle: TopStyle = {
  strong: chalk.bold,
  dim: chalk.dim,
  bad: chalk.red,
  selected: chalk.inverse,
}
