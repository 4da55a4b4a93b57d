import {expect, test} from 'vitest'
import {callsText, type TracedCall} from '../../src/tour/pages.js'

const look = {
  width: 80,
  style: {title: (text: string) => text, typed: (text: string) => text},
  paint: (_: unknown, text: string) => text,
}
const ok = (method: string): TracedCall => ({service: 'RuntimeService', method, status: 'OK', durationMs: 1})
const shown = (verb: string, events: readonly TracedCall[]) => callsText(verb, events, new Set(), look)

test('the same call several times is told once, with how often', () => {
  const events = ['ListContainers', 'ContainerStatus', 'ContainerStatus', 'ContainerStatus', 'ListPodSandbox']
  const text = shown('ps', events.map(ok))
  expect(text.match(/^runtime \w+/gm)).toEqual([
    'runtime ListContainers',
    'runtime ContainerStatus',
    'runtime ListPodSandbox',
  ])
  expect(text).toContain('    and 2 more ContainerStatus\n')
})

test('a reason is that of the call in its place, and not of another runtime or of a failure', () => {
  const text = shown('create', ['ListPodSandbox', 'CreateContainer', 'ListPodSandbox', 'Version'].map(ok))
  expect(text).toContain('to find the pod by its name')
  expect(text).toContain('to say so where a kubelet runs this node')
  expect(text).toContain('to leave that out where the kubelet is that of a demo')
  expect(text).not.toContain('CRI-O')
})

test('a failure that is too long for its line is broken at words', () => {
  const text = shown('run', [
    {
      ...ok('PullImage'),
      status: 'NotFound',
      details: 'registry.crisp.demo/shel:1.0: the registry has no such image',
      request: {image: {image: 'registry.crisp.demo/shel:1.0'}},
    },
  ])
  for (const line of text.split('\n')) expect(line.length).toBeLessThan(80)
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'NotFound: registry.crisp.demo/shel:1.0: the registry has no such image',
  )
})

test('a state fits on the line of its call', () => {
  const event = {
    ...ok('ContainerStatus'),
    request: {containerId: '6f1d7f036a0e36f1d7f036a0e3'},
    response: {status: {state: 'CONTAINER_EXITED'}},
  }
  expect(shown('describe', [event])).toMatch(
    /^runtime ContainerStatus +1.0 ms {2}OK {2}6f1d7f036a0e3 {2}-> EXITED$/m,
  )
})
