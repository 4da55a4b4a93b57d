import {expect, test} from 'vitest'
import {LineCopier} from '../../src/logs/line-copier.js'
import {LineAssembler} from '../../src/logs/lines.js'
import {startFakeNode} from '../support/fake-node.js'
import {runInProcess} from '../support/in-process.js'
import {record, stamp} from '../support/log-files.js'

const nul = (count: number) => '\0'.repeat(count)
const torn = `${stamp(1)} stdout F half`

const logs: [string, string, string[]][] = [
  ['behind a whole line', `${record(0, 'one')}${nul(5)}${record(2, 'two')}`, ['one', 'two']],
  ['behind half a line', `${torn}${nul(4096)}${record(2, 'two')}`, [`half${nul(4095)}`, 'two']],
  ['behind half a header', `${stamp(1)} std${nul(9)}${record(2, 'two', {stream: 'stderr'})}`, ['two']],
  [
    'longer than what is read at once',
    `${torn}${nul(3_000_000)}${record(2, 'two')}`,
    [`half${nul(2_999_999)}`, 'two'],
  ],
  ['twice', `${nul(3)}${record(0, 'one')}${nul(3)}${record(2, 'two')}`, ['one', 'two']],
  ['at the end', `${record(0, 'one')}${torn}${nul(3)}`, ['one', `half${nul(3)}`]],
  ['that the program wrote', record(0, `a${nul(2)}2026\0b\0`), [`a${nul(2)}2026\0b\0`]],
]

test.each(logs)('a run of NUL bytes %s swallows no line', async (_, text, lines) => {
  for (const pieceBytes of [1, 7, 1000, 262_144]) {
    if (text.length / pieceBytes > 10_000) continue
    const bytes = Buffer.from(text)
    const out: string[] = []
    const copier = new LineCopier({
      shared: true,
      write: async (_stream, written) => void out.push(Buffer.from(written).toString()),
    })
    const assembler = new LineAssembler({}, () => undefined)
    const assembled: string[] = []
    const collect = (found: readonly {content: Buffer; continued: boolean}[]) => {
      for (const {content, continued} of found)
        if (continued) assembled.push(`${assembled.pop()}${content}`)
        else assembled.push(`${content}`)
    }
    for (let at = 0; at < bytes.length; ) {
      const count = bytes.copy(copier.room(), 0, at, Math.min(bytes.length, at + pieceBytes))
      await copier.take(count)
      at += count
    }
    for (let at = 0; at < bytes.length; ) {
      const count = bytes.copy(assembler.room(), 0, at, Math.min(bytes.length, at + pieceBytes))
      collect(assembler.take(count))
      at += count
    }
    await copier.endLog()
    collect(assembler.endLog())
    expect(out.join('').replace(/\n$/, '').split('\n').map(brief)).toEqual(lines.map(brief))
    expect(assembled.map(brief)).toEqual(lines.map(brief))
  }
})

/** Without NUL bytes by the million in what a failure shows. */
function brief(line: string): string {
  return line.replace(/\0+/g, (run) => `<${run.length} NUL>`)
}

test('a run of NUL bytes in Docker’s log swallows no line', () => {
  const line = (text: string) => `${JSON.stringify({log: `${text}\n`, stream: 'stdout', time: stamp(1)})}\n`
  const bytes = Buffer.from(`${line('one')}${line('half').slice(0, 20)}${nul(500)}${line('two')}`)
  const assembler = new LineAssembler({}, () => undefined)
  bytes.copy(assembler.room())
  const lines = [...assembler.take(bytes.length), ...assembler.endLog()]
  expect(lines.map(({content}) => `${content}`)).toEqual(['one', 'two'])
})

test('behind a run of NUL bytes the last lines are counted as they are shown', async () => {
  const app = {pod: 'web-1', name: 'app'}
  await using node = await startFakeNode({containers: [app]})
  node.logs.write(
    'default_web-1_uid-web-1/app/0.log',
    `${record(0, 'one')}${torn}${nul(600_000)}${record(2, 'two')}${record(3, 'three')}`,
  )
  const tail = async (count: number) =>
    (await runInProcess(['logs', 'app', '--tail', `${count}`], node)).stdout
  expect(await tail(2)).toBe('two\nthree\n')
  expect(brief(await tail(3))).toBe('half<599999 NUL>\ntwo\nthree\n')
  expect((await runInProcess(['logs', 'app', '--grep', 'two'], node)).stdout).toBe('two\n')
})
