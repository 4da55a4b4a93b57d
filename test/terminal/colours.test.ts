import {describe, expect, test} from 'vitest'
import type {ContainerStatus} from '../../src/generated/cri.js'
import {logStyle, paint, tableStyle} from '../../src/terminal/colours.js'
import {nameColours, palette} from '../../src/terminal/palette.js'
import {callLine, traceLine} from '../../src/views/calls.js'
import {descriptionsView} from '../../src/views/description.js'
import {EventLines} from '../../src/views/events.js'

/** Of these terminals' dark and light themes. */
const backgrounds = {
  'xterm, dark': '#000000',
  'xterm, light': '#ffffff',
  'VS Code, Dark+': '#1e1e1e',
  'VS Code, Dark Modern': '#181818',
  'VS Code, Light+': '#ffffff',
  'Solarized, dark': '#002b36',
  'Solarized, light': '#fdf6e3',
}
/** What WCAG 2 asks for large text and signs; the words say the same. */
const leastContrast = 3

const levels = [0, 95, 135, 175, 215, 255]

/** Red, green and blue of one of xterm's fixed colours: a cube of six levels, and greys. */
function coloursOf(number: number): number[] {
  if (number >= 232) return Array<number>(3).fill(8 + 10 * (number - 232))
  const place = number - 16
  return [Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6].map((level) => levels[level] ?? 0)
}

function luminance(colours: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = colours.map((value) => {
    const part = value / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: readonly number[], other: readonly number[]): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

describe.each(Object.entries(backgrounds))('on %s', (_, background) => {
  const behind = (background.match(/[0-9a-f]{2}/g) ?? []).map((hex) => Number.parseInt(hex, 16))

  test.each([...Object.entries(palette), ...nameColours.map((number) => ['name', number] as const)])(
    '%s (%i) can be read',
    (_name, number) => expect(contrast(coloursOf(number), behind)).toBeGreaterThanOrEqual(leastContrast),
  )
})

const failed = '\u001b[38;5;196m'
const warning = '\u001b[38;5;136m'
const running = '\u001b[38;5;28m'
const ended = '\u001b[38;5;244m'
const end = '\u001b[39m'

const status = (state: object) =>
  ({
    id: 'c',
    createdAt: '0',
    startedAt: '0',
    finishedAt: '0',
    message: '',
    reason: '',
    mounts: [],
    labels: {},
    ...state,
  }) as unknown as ContainerStatus

describe('each meaning has its colour, the same everywhere', () => {
  test.each([
    ['STATE', 'Running', running],
    ['STATE', 'Ready', running],
    ['STATE', 'Exited', ended],
    ['STATE', 'NotReady', warning],
    ['STATE', 'Unknown', failed],
    // What ps and pods say of how it ended.
    ['STATE', 'Exited (0)', ended],
    ['STATE', 'Exited (1)', failed],
    ['STATE', 'Exited (137, OOMKilled)', failed],
    ['STATE', 'CrashLoop 6×', failed],
    ['STATE', 'Ready, CrashLoop 6×', failed],
    ['STATUS', 'FALSE', failed],
    // doctor
    ['SEVERITY', 'broken', failed],
    ['SEVERITY', 'warning', warning],
    ['RESULT', 'ok', running],
    ['RESULT', 'failed', failed],
    // df
    ['USE', 'Running, mounts shop/models:2', running],
    ['USE', 'Exited', ended],
    // timeline
    ['WHAT', 'started', running],
    ['WHAT', 'started, attempt 2', warning],
    ['WHAT', 'exited with 0, attempt 2', ended],
    ['WHAT', 'exited with 143 (SIGTERM)', failed],
    ['WHAT', 'killed, out of memory (137)', failed],
    ['WHAT', 'out of memory, attempt 2', failed],
    ['WHAT', 'Error syncing pod: back-off 10s', failed],
    ['EXIT', '1', failed],
    ['EXIT', '0', ended],
    ['REASON', 'OOMKilled', failed],
    ['REASON', 'Completed', ended],
    ['MEM % OF LIMIT', '93.10', warning],
  ])('in tables: %s %s', (title, text, colour) =>
    expect(tableStyle.cell(title, text)).toBe(colour + text + end),
  )

  test.each([
    ['STATE', 'Created'],
    ['STATUS', 'TRUE'],
    ['SEVERITY', 'info'],
    ['USE', 'of 2 containers'],
    ['USE', 'unused'],
    ['WHAT', 'created'],
    ['WHAT', 'pod created, attempt 1'],
    ['WHAT', 'first log line'],
    ['EXIT', ''],
    ['NAME', 'Running'],
    ['MEM % OF LIMIT', '89.99'],
    ['MEM % OF LIMIT', '-'],
  ])('and what means nothing has none: %s %s', (title, text) =>
    expect(tableStyle.cell(title, text)).toBe(text),
  )

  test('in events', () => {
    const shown = (containerEventType: string, state: object) =>
      new EventLines({paint})
        .view(
          {
            containerId: 'c',
            containerEventType: containerEventType as 'CONTAINER_STOPPED_EVENT',
            createdAt: '0',
            podSandboxStatus: null,
            containersStatuses: [status(state)],
          },
          undefined,
        )
        .table(false)
    expect(shown('CONTAINER_STARTED_EVENT', {})).toContain(`${running}started${end}`)
    expect(shown('CONTAINER_STARTED_EVENT', {metadata: {name: 'c', attempt: 2}})).toContain(
      `${warning}started, attempt 2${end}`,
    )
    expect(shown('CONTAINER_STOPPED_EVENT', {state: 'CONTAINER_EXITED', exitCode: 1})).toContain(
      `${failed}exited with 1${end}`,
    )
    expect(shown('CONTAINER_STOPPED_EVENT', {state: 'CONTAINER_EXITED', exitCode: 0})).toContain(
      `${ended}exited with 0${end}`,
    )
  })

  test('in descriptions', () => {
    const shown = (state: object) =>
      descriptionsView(
        [
          {
            kind: 'container',
            name: 'default/web/app',
            status: status(state),
            process: {} as never,
            pod: undefined,
            earlier: [],
            stats: undefined,
          },
        ],
        // As chalk's, which prints all that it is given.
        {nowMs: 0, paint, strong: (...texts: string[]) => `<${texts.join(' ')}>`},
      ).table(false)
    expect(shown({state: 'CONTAINER_RUNNING'})).toMatch(/^<container default\/web\/app>\n/)
    expect(shown({state: 'CONTAINER_RUNNING'})).toMatch(/State +\u001b\[38;5;28mrunning/)
    expect(shown({state: 'CONTAINER_EXITED', exitCode: 1})).toMatch(/State +\u001b\[38;5;196mexited with 1/)
    expect(shown({state: 'CONTAINER_EXITED', exitCode: 0})).toMatch(/State +\u001b\[38;5;244mexited with 0/)
  })

  test("in the demo's list of calls", () => {
    const call = {method: 'Version', request: {}, details: 'gone', messages: 1, durationMs: 1}
    const line = callLine({...call, code: 14}, 0, {paint})
    expect(line).toBe(
      `${ended}00:00:00.000${end}  Version                    ${ended}   1.0 ms${end}  ${failed}Unavailable: gone${end}\n`,
    )
    expect(callLine({...call, code: 0}, 0, {paint})).not.toContain(failed)
  })

  test('in the lines of --trace', () => {
    const line = (text: string, isFailure: boolean) =>
      traceLine(
        {atMs: 0, service: 'runtime', method: 'Version', subject: '', took: 1, ending: {text, isFailure}},
        {paint},
      )
    expect(line('Unavailable: gone', true)).toContain(`${failed}Unavailable: gone${end}`)
    expect(line('OK', false)).not.toContain(failed)
    expect(line('OK', false)).toContain(`${ended}   1.0 ms${end}`)
  })

  test('in logs, what was searched for', () => {
    expect(logStyle.match('x')).toBe(`\u001b[1m${failed}x${end}\u001b[22m`)
  })
})
