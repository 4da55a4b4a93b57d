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
