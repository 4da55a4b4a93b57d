import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {type CompletableCommand, type CompletableFlag, positionOf} from '../../src/cli/completion/position.js'
import {answer, typedLine} from '../../src/cli/completion/shells.js'
import {rounds, seeded} from '../support/random.js'

const {commands, globals} = JSON.parse(
  readFileSync(new URL('../../dist/manifest.json', import.meta.url), 'utf8'),
) as {commands: CompletableCommand[]; globals: CompletableFlag[]}

const {count, seed} = rounds(10_000)

test(`${count} half-typed lines from seed ${seed}: a Tab never ends in a stack trace`, () => {
  const random = seeded(seed)
  const pieces = [
    ...commands.map(({id}) => id),
    ...globals.map(({name}) => `--${name}`),
    ...[
      '-',
      '--',
      '---',
      '=',
      '-=',
      '--=x',
      '-it',
      '-itx',
      '-o',
      '-ojson',
      '',
      ' ',
      'help',
      '\u0000',
      'e\u0301',
    ],
    ...["'", '"', '\\', '|', '$(', '`', '#'],
  ]
  for (let round = 0; round < count; round++) {
    const words = Array.from({length: random.number(7)}, () => random.of(pieces))
    const line = words.join(random.chance(0.5) ? ' ' : '')
    const typed = typedLine('bash', [line, ' =:'])
    const position = positionOf(typed.words, commands, globals)
    expect(position.kept + position.part, line).toBe(typed.words.at(-1))
    answer('bash', position.kept, position.part, position.candidates, typed.raw)
  }
})
