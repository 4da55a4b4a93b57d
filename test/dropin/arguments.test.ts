import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type FlagSpec, globalsAfter, parseCommandLine} from '../../src/cli/argv.js'
import {clusterNode, type SeenNode, startNode} from '../support/cluster-node.js'
import {eventually} from '../support/eventually.js'
import {manifest} from '../support/in-process.js'
import {argumentLines, sameLines} from './argument-lines.js'
import {expectEffect, shownBy} from './effects.js'

// Habits of arguments that crictl's flag library allows and scripts use: lines with what crictl does, and every flag of
// every verb, so that a new one has them too.

let node: SeenNode
beforeAll(async () => {
  node = await startNode(clusterNode)
  await eventually(async () => expect((await node.run('crictl logs etcd')).stdout).toMatch(/last/))
})
afterAll(() => node[Symbol.asyncDispose]())

/** What a user sees and the runtime is asked. */
async function resultOf(line: string) {
  const shown = await shownBy(node, line)
  return {...shown, calls: shown.calls?.map(({method, request}) => ({method, request}))}
}

for (const [section, lines] of Object.entries(argumentLines))
  describe(section, () => {
    test.each(lines)('%s', (line, effect) => expectEffect(node, line, effect))
  })

for (const [section, lines] of Object.entries(sameLines))
  describe(section, () => {
    test.each(lines)('%s is %s', async (line, other) => {
      expect(await resultOf(line)).toEqual(await resultOf(other))
    })
  })

const flagsOf = (id: string): FlagSpec[] => {
  const own = manifest.commands.find((command) => command.id === id)?.flags ?? []
  return [...own, ...globalsAfter(own, manifest.globals)]
}
/** What a command is told, but for the flags that were empty. */
const parse = (argv: string[]) => ({
  ...parseCommandLine(argv, manifest.commands, manifest.globals),
  empty: [],
})

describe.each(manifest.commands.map(({id}) => id))('%s', (id) => {
  test('an empty text is not given, whatever flag it is of', () => {
    const texts = flagsOf(id).filter(({type, takesEmpty}) => type === 'option' && !takesEmpty)
    for (const {name, bare} of texts) {
      // One that may stand alone takes no word behind it.
      const nothing = bare === undefined ? [`--${name}`, ''] : [`--${name}=`]
      expect(parse([id, ...nothing]), name).toEqual(parse([id]))
      expect(parse([id, `--${name}=x`, `--${name}=`]), name).toEqual(
        texts.find((flag) => flag.name === name)?.multiple ? parse([id, `--${name}=x`]) : parse([id]),
      )
    }
  })

  test('one dash or two before a letter or a name', () => {
    for (const flag of flagsOf(id)) {
      const value = flag.type === 'option' ? ['x'] : []
      const long = parse([id, `--${flag.name}`, ...value])
      expect(parse([id, `-${flag.name}`, ...value]), flag.name).toEqual(long)
      if (flag.char === undefined) continue
      expect(parse([id, `-${flag.char}`, ...value]), flag.char).toEqual(long)
      expect(parse([id, `--${flag.char}`, ...value]), flag.char).toEqual(long)
    }
  })
})

const labelled = manifest.commands.filter(
  ({id, flags}) =>
    flags.some(({name}) => name === 'label') && !['run', 'events', 'top', 'wait', 'logs'].includes(id),
)
test.each(labelled.map(({id}) => id))('%s --label trims what stands between commas', async (id) => {
  const behind = id === 'exec' ? ' ls' : ''
  const result = await resultOf(`crictl ${id} --label ' x=1 , y=2 '${behind}`)
  expect(result).toEqual(await resultOf(`crictl ${id} --label x=1,y=2${behind}`))
  expect(JSON.stringify(result.calls)).toContain('{"x":"1","y":"2"}')
})

test('there are at least 120 of them', () => {
  const written = [...Object.values(argumentLines), ...Object.values(sameLines)].flat().length
  expect(written + 2 * manifest.commands.length + labelled.length).toBeGreaterThanOrEqual(120)
})
