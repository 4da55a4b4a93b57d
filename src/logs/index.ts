export {UserError} from '../errors/errors.js'
export type {Pattern} from '../text/regexp/pattern.js'
export {
  type LogFile,
  listAttempts,
  listLogFiles,
  pathOfAttempt,
} from './files.js'
export {ContextLines, type Grep, lineTest} from './grep.js'
export {LineAssembler, type LineFilter, type LogLine} from './lines.js'
export {LineMerger, type MergedSource} from './merge.js'
export {planReading, type ReadingPlan} from './plan.js'
export {LogReader, type ReaderOptions, type Reading, type Segment} from './reader.js'
export {type StreamIndex, type StreamName, streamNames} from './record.js'
export {LineSource, type Lines, type SourceOptions} from './source.js'
export {compareTimes, type LogTime, stampText, timeFromMs, timeToMs, timeToNs} from './time.js'
export {LogWatch} from './watch.js'
