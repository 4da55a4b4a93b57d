import {describe, expect, test} from 'vitest'
import {methodsOf} from '../../src/client/descriptor.js'
import {callLine, type TracedMoment, traceLine} from '../../src/views/calls.js'

const methods = [...Object.keys(methodsOf('RuntimeService')), ...Object.keys(methodsOf('ImageService'))]
const call = {request: {containerId: 'abc'}, details: '', code: 0, durationMs: 1} as const
const moment = (more: Partial<TracedMoment> = {}): TracedMoment => ({
  ...{atMs: 0, service: 'runtime', method: 'StopContainer', took: 1, subject: 'a000000000000'},
  ...more,
})
const refused =
  'FailedPrecondition: failed to create containerd container: cannot mount "overlay" to /run/containerd/io.containerd.runtime.v2.task/k8s.io/a/rootfs: no space left on device'

describe.each<[string, (method: string) => string]>([
  ['a trace', (method) => traceLine(moment({method, ending: {text: 'OK', isFailure: false}}))],
  ['the list of a demo', (method) => callLine({...call, method}, 0)],
])('%s', (_, lineOf) => {
  test('has its columns in the same place for every method', () => {
    const ends = methods.map((method) => lineOf(method).indexOf('1.0 ms'))
    expect(new Set(ends).size).toBe(1)
  })
})

describe('where a terminal ends', () => {
  const ending = {text: refused, isFailure: true}

  test.each([40, 80, 120])('at %i columns a long reason goes on below, and no word is broken', (width) => {
    const lines = traceLine(moment({ending}), {width}).trimEnd().split('\n')
    const words = lines.join(' ').split(/ +/)
    expect(words.slice(-refused.split(' ').length)).toEqual(refused.split(' '))
    const tooLong = lines.filter((line, index) => {
      const isOneWord = !line.trim().includes(' ')
      return line.length > width && !isOneWord && !(index === 0 && width < 60)
    })
    expect(tooLong).toEqual([])
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {6}\S/)
  })

  test('the list of a demo does the same', () => {
    const text = callLine({...call, method: 'CreateContainer', code: 9, details: refused}, 0, {width: 80})
    const lines = text.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(2)
    expect(text.split(/\s+/)).toContain('"overlay"')
  })

  test('what fits stays as it is; in a pipe all of it is one line', () => {
    const short = moment({ending: {text: 'OK', isFailure: false}})
    expect(traceLine(short, {width: 80})).toBe(traceLine(short))
    expect(traceLine(moment({ending})).trimEnd()).not.toContain('\n')
  })

  test('each line of a failure is red, and not the blanks before it', () => {
    const paint = (meaning: string | undefined, text: string) => (meaning === 'failed' ? `<${text}>` : text)
    const [, second] = traceLine(moment({ending}), {paint, width: 80}).split('\n')
    expect(second).toMatch(/^ {6}<\S.*>$/)
  })
})
