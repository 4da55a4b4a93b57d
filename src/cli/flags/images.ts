import {imageFilter, parseImageFilter} from '../../node/image-filter.js'
import {splitList} from '../../text/selectors.js'
import {listFlag} from './types.js'

export const imageFilterFlag = listFlag(
  (text) => Promise.all(splitList([text]).map(parseImageFilter)),
  (lists) => imageFilter(lists.flat()),
  {
    char: 'f',
    helpGroup: 'FILTER',
    helpValue: 'KEY=VALUE',
    description: 'dangling=true|false, reference=REGEXP, before=IMAGE or since=IMAGE',
    complete: ['dangling=true', 'dangling=false', 'reference=', 'before=', 'since='],
  },
)
