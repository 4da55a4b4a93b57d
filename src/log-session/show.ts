import {NotFoundError} from '../errors/errors.js'
import type {Container} from '../generated/cri.js'
import {isDockerLog} from '../logs/bytes.js'
import {canCopyLines} from '../logs/line-copier.js'
import type {LogSink} from '../logs/output.js'
import {concurrently} from '../node/concurrently.js'
import type {ResumePoint} from '../node/resume-point.js'
import {lookAtNode, type NodeView, namesContainer} from '../node/view.js'
import {sayEachOnce} from '../text/once.js'
import {programName} from '../text/program.js'
import {CopyFeed, type FedLog, type FeedOptions, isPlainSearch, LineFeed, type LogFeed} from './feed.js'
import {type ChosenLog, findLog} from './find.js'
import {highlighter, type LogStyle} from './lines.js'
import {nameOf, Prefixes} from './names.js'
import {LogPlaces} from './places.js'
import {findWantedContainers, type LogRequest} from './request.js'
import {type LogContext, LogSession} from './session.js'

export interface LogScreen extends Omit<LogContext, 'places'> {
  sink: LogSink
  /** Of a user elsewhere who goes on where the connection is lost. */
  resume?: ResumePoint | undefined
  /** Left out where there are no colours. */
  style: LogStyle | undefined
}

const lookupsAtOnce = 8

/** Shows the logs that are asked for, and follows them where that is asked for. One that fails is told, the others go on. */
export async function showLogs(request: LogRequest, screen: LogScreen): Promise<void> {
  const {client, fail, style} = screen
  const view = await lookAtNode(client)
  const containers = findWantedContainers(request, view, fail)
  const {selector, follow, once} = request
  if (selector && containers.length === 0 && !follow)
    throw new NotFoundError(`no container matches the filters: ${programName()} ps -a lists all`)
  if (request.reopen)
    for (const {id} of containers) await client.runtime.reopenContainerLog({containerId: id})
  const places = placesFor(request, screen)
  const context = {...screen, places}
  const logs = await findLogs(containers, view, request, context)
  if (logs.length === 0) return

  const origins = logs.map(({fed}) => fed.origin)
  const named = request.format === 'text' && (request.prefix || selector !== undefined || logs.length > 1)
  const prefixes = named ? new Prefixes(origins, style?.origins) : undefined
  for (const {fed} of logs) fed.prefix = prefixes?.next(fed.origin) ?? ''
  const mayJoin =
    selector !== undefined ||
    (follow && !request.references.every((reference) => namesContainer(reference, view)))

  places?.begin(origins, Date.now())
  using feed = makeFeed(request, context, logs, mayJoin || named)
  const session = new LogSession({...context, feed, plan: {tail: request.tail, ...request.filter}})
  const shown = await session.show(logs)
  if (!follow || feed.full) return
  await session.follow(shown, {
    once,
    endless: selector !== undefined && !once && selector.pod === undefined,
    joining: mayJoin ? {request, prefixes} : undefined,
  })
}

/** With a limit nobody could say how much is left of it. */
function placesFor({follow, limitBytes, format}: LogRequest, {resume}: LogScreen): LogPlaces | undefined {
  if (!resume || !follow || limitBytes !== Number.POSITIVE_INFINITY) return undefined
  return new LogPlaces(resume, (stream) => (format === 'json' ? 0 : stream))
}

async function findLogs(
  containers: readonly Container[],
  view: NodeView,
  {attempt}: LogRequest,
  screen: LogContext,
): Promise<ChosenLog[]> {
  const outcomes = await concurrently(containers, lookupsAtOnce, (container) =>
    findLog(container, view, attempt, screen),
  )
  return outcomes.flatMap((outcome) => {
    if (outcome.status === 'fulfilled') return [outcome.value]
    screen.fail(outcome.reason)
    return []
  })
}

function makeFeed(
  request: LogRequest,
  {sink, style, signal, note, fail, places}: LogScreen & LogContext,
  logs: readonly ChosenLog[],
  severalNames: boolean,
): LogFeed {
  const {grep, format, timestamps, limitBytes, filter, follow} = request
  const highlighted = style && grep && grep.include.length > 0 && format === 'text'
  const options: FeedOptions = {
    sink,
    format: format === 'json' ? 'json' : 'text',
    timestamps,
    limitBytes,
    grep,
    highlight: highlighted ? highlighter(grep.include, style.match) : undefined,
    gap: format === 'text' ? '--\n' : '',
    filter,
    follow,
    signal,
    onNotice: note,
    onFailure: fail,
    places,
    onDamage: sayEachOnce(({origin}: FedLog) =>
      note(`${nameOf(origin)}: a line of the log file is damaged and left out, as will be others`),
    ),
  }
  const searchable = !grep || (!highlighted && isPlainSearch(grep))
  const copied =
    !severalNames &&
    !places &&
    searchable &&
    format !== 'json' &&
    limitBytes === Number.POSITIVE_INFINITY &&
    logs.length === 1 &&
    !logs.some(({attempts}) => attempts.some(({path}) => isDockerLog(path))) &&
    canCopyLines()
  return copied ? new CopyFeed(options) : new LineFeed(options, logs.length)
}
