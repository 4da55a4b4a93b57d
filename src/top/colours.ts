import {Chalk} from 'chalk'
import {paint} from '../terminal/colours.js'
import type {TopStyle} from './frame.js'

const chalk = new Chalk({level: 2})

export const topStyle: TopStyle = {strong: chalk.bold, selected: chalk.inverse, paint}
