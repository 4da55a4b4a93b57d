import {protoJson} from '../client/proto-json.js'
import {printable} from '../errors/printable.js'
import {cutText, widthOf} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {ContainerEventResponse, ContainerStatus} from '../generated/cri.js'
import type {EventObject} from '../node/events/objects.js'
import {exitText} from '../text/exit.js'
import {endingMeaning, type Meaning, type Paint, unpainted} from '../text/meaning.js'
import {shortId} from '../text/short-id.js'
import {isTime, rfc3339} from '../text/time.js'

export interface EventContext {
  /** Columns of the terminal; undefined where nothing limits a line. */
  width?: number | undefined
  paint?: Paint | undefined
}

/** One event after another, a line each; the day stands above the first of its events, names share a column. */
export class EventLines {
  readonly #width: number | undefined
  readonly #paint: Paint
  #day = ''
  #nameWidth = 0

  constructor({width, paint = unpainted}: EventContext = {}) {
    this.#width = width
    this.#paint = paint
  }

  view(event: ContainerEventResponse, object: EventObject | undefined): View {
    return {
      document: () => protoJson('ContainerEventResponse', event),
      table: (wide) => this.#dayOf(event) + this.#line(event, object, wide),
      names: () => [nameOf(object) ?? event.containerId],
      order: () => [Number(event.createdAt)],
    }
  }

  #dayOf({createdAt}: ContainerEventResponse): string {
    const day = isTime(createdAt) ? rfc3339(createdAt).slice(0, 10) : this.#day
    if (day === this.#day) return ''
    this.#day = day
    return `${this.#paint('ended', day)}\n`
  }

  #line(event: ContainerEventResponse, object: EventObject | undefined, wide: boolean): string {
    const time = isTime(event.createdAt) ? rfc3339(event.createdAt).slice(11, 19) : noTime
    const id = shortId(event.containerId)
    const isPod = event.containerId === (object?.podId ?? event.podSandboxStatus?.id)
    const text = printable(`${isPod ? 'pod ' : ''}${eventText(event)}`)
    const end = wide ? `${gap}${id}` : ''
    const room = wide || this.#width === undefined ? Number.POSITIVE_INFINITY : this.#width - noTime.length
    const shownText = cutText(text, Math.max(leastText, room - leastName - 2 * gap.length), 'start')
    const nameRoom = Math.max(leastName, room - widthOf(shownText) - 2 * gap.length)
    const name = cutText(printable(nameOf(object) ?? id), nameRoom, 'end')
    this.#nameWidth = Math.max(this.#nameWidth, Math.min(widthOf(name), widestColumn))
    const blanks = ' '.repeat(Math.max(0, Math.min(this.#nameWidth, nameRoom) - widthOf(name)))
    return `${time}${gap}${name}${blanks}${gap}${this.#paint(eventMeaning(event), shownText)}${end}\n`
  }
}

const noTime = '--:--:--'
const gap = '  '
/** Columns that a name and what happened to it have on the narrowest terminal. */
const leastName = 12
const leastText = 14
/** From here on a long name moves what follows it in its own line only. */
const widestColumn = 40

function nameOf(object: EventObject | undefined): string | undefined {
  if (!object) return undefined
  const parts = [object.namespace, object.pod, ...(object.container === undefined ? [] : [object.container])]
  return parts.includes('') ? undefined : parts.join('/')
}

const words: Readonly<Record<string, string>> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'stopped',
  CONTAINER_DELETED_EVENT: 'removed',
}

function eventText({containerEventType, containerId, containersStatuses}: ContainerEventResponse): string {
  const word = words[containerEventType] ?? String(containerEventType)
  const status = statusIn({containerId, containersStatuses})
  switch (containerEventType) {
    case 'CONTAINER_STOPPED_EVENT':
      return status?.state === 'CONTAINER_EXITED' ? attemptText(exitText(status), status) : word
    case 'CONTAINER_STARTED_EVENT':
      return attemptText(word, status)
    default:
      return word
  }
}

function statusIn({
  containerId,
  containersStatuses,
}: Pick<ContainerEventResponse, 'containerId' | 'containersStatuses'>): ContainerStatus | undefined {
  return containersStatuses.find(({id}) => id === containerId)
}

function eventMeaning(event: ContainerEventResponse): Meaning | undefined {
  const status = statusIn(event)
  switch (event.containerEventType) {
    case 'CONTAINER_STARTED_EVENT':
      return (status?.metadata?.attempt ?? 0) > 0 ? 'warning' : 'running'
    case 'CONTAINER_STOPPED_EVENT':
      return status?.state === 'CONTAINER_EXITED' ? endingMeaning(status) : 'ended'
    case 'CONTAINER_DELETED_EVENT':
      return 'ended'
    default:
      return undefined
  }
}

/** The first attempt is nothing special, a later one is a restart. */
function attemptText(word: string, status: ContainerStatus | undefined): string {
  const attempt = status?.metadata?.attempt ?? 0
  return attempt > 0 ? `${word}, attempt ${attempt}` : word
}
