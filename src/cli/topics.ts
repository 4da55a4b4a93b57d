import {markdownText} from '../formats/markdown.js'
import {topicPages} from '../generated/topics.js'
import type {HelpTopic} from './argv.js'
import {type HelpOptions, usualWidth} from './help.js'

/** A page of the documentation, as it stands on a terminal. */
export function topicText(topic: Exclude<HelpTopic, 'all'>, {width, style}: HelpOptions): string {
  return markdownText(topicPages[topic], Math.min(width ?? usualWidth, widest), style)
}

/** Longer lines are hard to read. */
const widest = 100
