import {expect, test} from 'vitest'
import {connect} from '../../src/client/connect.js'
import {NodeSampler} from '../../src/node/sample.js'
import {startFakeRuntime} from '../support/fake-runtime.js'

test('lists are asked for when other containers run than before, and with every third sample', async () => {
  let running = ['a']
  await using runtime = await startFakeRuntime({
    ListPodSandbox: {items: []},
    ListContainers: () => ({containers: running.map((id) => ({id, state: 'CONTAINER_RUNNING'}))}),
    ListContainerStats: () => ({stats: running.map((id) => ({attributes: {id}}))}),
  })
  using client = connect({endpoint: runtime.endpoint})
  const sampler = new NodeSampler(client)
  const sample = async () => {
    const before = runtime.calls.length
    const {containers} = await sampler.sample()
    const listed = runtime.calls.slice(before).some(({method}) => method === 'ListContainers')
    return [containers.map(({id}) => id).join(), listed]
  }

  expect(await sample()).toEqual(['a', true])
  expect(await sample()).toEqual(['a', false])
  running = ['a', 'b']
  expect(await sample()).toEqual(['a,b', true])
  // One ends and another starts: as many as before.
  running = ['a', 'c']
  expect(await sample()).toEqual(['a,c', true])
  expect(await sample()).toEqual(['a,c', false])
  expect(await sample()).toEqual(['a,c', false])
  expect(await sample()).toEqual(['a,c', true])
})
