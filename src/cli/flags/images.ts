import {UsageError} from '../../errors/errors.js'
import {type ImageFilter, imageFilter, parseImageFilter} from '../../node/image-filter.js'
import {splitList} from '../../text/selectors.js'
import {listFlag} from './types.js'

export const imageFilterFlag = listFlag(
  (text) => Promise.all(splitList([text]).map(parseFilter)),
  (lists) => imageFilter(lists.flat()),
  {
    char: 'f',
    helpGroup: 'FILTER',
    helpValue: 'KEY=VALUE',
    description: 'dangling=true|false, reference=REGEXP, before=IMAGE or since=IMAGE',
    complete: ['dangling=true', 'dangling=false', 'reference=', 'before=', 'since='],
  },
)

/** In docker's and podman's rmi -f is --force, and an image follows. */
function parseFilter(word: string): Promise<ImageFilter> {
  if (/^[^=]+$/.test(word) && !['dangling', 'reference', 'before', 'since'].includes(word))
    throw new UsageError(
      `"${word}" is not a filter, and -f does not force: rmi IMAGE, with --all-tags for all its tags`,
    )
  return parseImageFilter(word)
}
