import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import type {Grammar} from '../../src/cli/grammar.js'
import {lessonVerbs, programs, variables} from '../../src/cli/tour/allowed.js'
import {checkedLesson} from '../../src/cli/tour/lesson-file.js'
import {manifest} from '../support/in-process.js'

const page = readFileSync(new URL('../../docs/tour.md', import.meta.url), 'utf8')

test('the lesson on the page is one', () => {
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []
  const lesson = checkedLesson({name: 'docs/tour.md', text}, 'lesson', manifest as unknown as Grammar)
  expect(lesson.steps.map(({id}) => id)).toEqual(['sleeper', 'stop'])
})

test('the page lists what a lesson may run, and nothing else', () => {
  const [, list = ''] = /### What a lesson may run\n(.*)/s.exec(page) ?? []
  const words = (text: string) => [...text.matchAll(/`([\w-]+)`/g)].map(([, word]) => word)
  const [verbs = '', , inside = ''] = list.split('\n- ').slice(1)
  expect(words(verbs)).toEqual(Object.keys(lessonVerbs))
  expect(words(inside)).toEqual([...programs, ...variables])
})

test('every flag that a lesson may have is one', () => {
  const {commands} = manifest
  const known = new Set(commands.flatMap(({flags}) => flags.map(({name}) => name)))
  for (const [verb, flags] of Object.entries(lessonVerbs)) {
    expect(commands.map(({id}) => id)).toContain(verb)
    expect(flags.filter((flag) => !known.has(flag))).toEqual([])
  }
})

const lessonOf = (lines: string) => `title: T
steps:
- id: a
  title: A
  text: Text.
${lines}`

test.each([
  ['  command: crisp rn -d busybox', '6: steps[0].command: unknown command "rn": did you mean'],
  [
    '  command: crisp run --nam a busybox',
    '6: steps[0].command: unknown flag --nam for run: did you mean --name?',
  ],
  ['  command: crisp run busybox slep 60', ' sleep, true, uname, whoami); did you mean sleep?'],
  [
    '  command: crisp ps\n  check:\n  - code: 0\n  - call: ExecSnyc',
    '9: steps[0].check[1].call: there is no call "ExecSnyc", did you mean ExecSync?',
  ],
  [
    '  command: crisp ps\n  check:\n  - verb:\n    - exce',
    '9: steps[0].check[0].verb: there is no verb "exce", did you mean exec?',
  ],
  [
    '  command: crisp ps\n  check:\n  - call: Exec\n    answer: Okay',
    '9: steps[0].check[0].answer: there is no answer "Okay": there are ',
  ],
])('a mistake is told with its line and the nearest name: %s', (lines, message) => {
  const source = {name: 'l.yaml', text: lessonOf(lines)}
  expect(() => checkedLesson(source, 'lesson', manifest as unknown as Grammar)).toThrow(message)
})
