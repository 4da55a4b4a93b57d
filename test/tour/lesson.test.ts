import {expect, test} from 'vitest'
import {builtInTour, exampleLesson} from '../../src/generated/lessons.js'
import {parseLesson} from '../../src/tour/lesson.js'
import {stepText, typedText} from '../../src/tour/pages.js'
import {lessonSchema} from '../../src/tour/schema.js'

const parse = (text: string) => parseLesson({name: 'lesson.yaml', text})
const step = (more: string) => `title: T
steps:
- id: one
  title: One
  text: Text.
  command: crisp run -d --name a busybox
  check: {container: a, is: running}
- id: two
  title: Two
  text: Text.
${more}`

test.each([
  ['', 'lesson.yaml: is empty: a lesson has title and steps'],
  ['title: [', 'lesson.yaml:1: not YAML or JSON: '],
  ['- a', 'lesson.yaml:1: should have fields such as "title: …"'],
  ['title: T', 'lesson.yaml:1: steps: is missing'],
  ['title: T\nsteps: []', 'lesson.yaml:1: steps: there is none'],
  ['title: T\nstep: []', 'lesson.yaml:2: step: no such field, did you mean steps?'],
  ['title: T\ntitle: U\nsteps: []', 'lesson.yaml:2: title: stands there twice'],
  ['title: T\nnode: full\nsteps: []', 'lesson.yaml:2: node: "full" should be one of small, empty'],
  ['a: 1\n---\nb: 2', 'lesson.yaml:3: holds several documents: a lesson is one'],
  [step('  commnad: crisp ps\n'), 'lesson.yaml:11: steps[1].commnad: no such field, did you mean command?'],
  [step('  id: two\n'), 'lesson.yaml:11: steps[1].id: stands there twice'],
  [step('  command:\n'), 'lesson.yaml:11: steps[1].command: is empty'],
  [
    step('  command: [ps]\n'),
    'lesson.yaml:11: steps[1].command: should be a command line such as crisp ps -a',
  ],
  [
    step('  stop-after: 2h\n'),
    'lesson.yaml:11: steps[1].stop-after: "2h" should be more than nothing and at most 1m',
  ],
  [
    step('  stop-after: soon\n'),
    'lesson.yaml:11: steps[1].stop-after: "soon" is not a duration: write 10s, 1m30s or 500ms',
  ],
  [
    step('  needs: [on]\n'),
    'lesson.yaml:11: steps[1].needs: no step before it is called "on", did you mean one?',
  ],
  [step('  needs: two\n'), 'lesson.yaml:11: steps[1].needs: no step before it is called "two"'],
  [
    step('- {id: three, title: T, text: T, needs: two}\n'),
    'lesson.yaml:11: steps[2].needs: step two leaves nothing on the node that a check of it tells',
  ],
  [step('- {id: one, title: T, text: T}\n'), 'lesson.yaml:11: steps[2].id: another step is called one'],
  [
    step('- {id: Three!, title: T, text: T}\n'),
    'lesson.yaml:11: steps[2].id: "Three!" should be of a-z, 0-9 and -',
  ],
  [
    step('  check: {code: 0}\n'),
    'lesson.yaml:11: steps[1].check: without a command there is nothing to check',
  ],
  [
    step('  command: crisp ps\n  check:\n  - contaner: web\n    is: running\n'),
    'lesson.yaml:13: steps[1].check[0].contaner: no such field, did you mean container?',
  ],
  [
    step('  command: crisp ps\n  check: {pod: a, container: b, is: there}\n'),
    'lesson.yaml:12: steps[1].check[0]: is about pod and container: write one check for each',
  ],
  [
    step('  command: crisp ps\n  check: {pod: a, is: running}\n'),
    'lesson.yaml:12: steps[1].check[0]: is: "running" should be one of ready, not-ready, there, gone',
  ],
  [
    step('  command: crisp ps\n  check:\n  - code: 0\n  - container: b\n    is: runing\n'),
    'lesson.yaml:15: steps[1].check[1]: is: "runing" should be one of created, running, exited, there, gone: did you mean running?',
  ],
  [
    step('  command: crisp ps\n  check: {pod: a, is: ready, reason: Error}\n'),
    'lesson.yaml:12: steps[1].check[0]: reason: goes with container',
  ],
  [
    step('  command: crisp ps\n  check: {is: ready}\n'),
    'lesson.yaml:12: steps[1].check[0]: should be about a call, verb, pod, container, image or code',
  ],
  [
    step('  command: crisp ps\n  runtime: away\n  check: {pod: a, is: ready}\n'),
    'lesson.yaml:13: steps[1].check[0]: no runtime can be asked about a pod in this step',
  ],
  [
    `title: T\nsteps: &s [${'*s,'.repeat(3)}]`,
    'lesson.yaml:2: *s stands inside what it means: it would never end',
  ],
  [
    `x: &x {id: a, title: T, text: T}\ntitle: T\nsteps: [${'*x,'.repeat(101)}]`,
    'lesson.yaml:1: x: no such field: there are title, about, node, steps',
  ],
  [
    `title: T\nsteps: [&x {id: a, title: T, text: T},${'*x,'.repeat(100)}]`,
    'lesson.yaml:2: steps: has 101 entries, and 100 are the most',
  ],
  [`title: ${'T'.repeat(8_001)}`, 'lesson.yaml:1: title: is longer than 8000 characters'],
])('what is wrong with a file is told with its line: %#', (text, message) => {
  expect(() => parse(text)).toThrow(message)
})

test('a whole lesson', () => {
  const text = step(
    '  command: ps\n  check: [{call: [ListContainers, StreamContainers]}, {code: 0}]\n  needs: one\n',
  )
  expect(parse(text)).toEqual({
    title: 'T',
    about: '',
    node: 'small',
    steps: [
      {
        id: 'one',
        title: 'One',
        text: 'Text.',
        command: {text: 'crisp run -d --name a busybox', place: 'steps[0].command', line: 6},
        check: [{container: 'a', is: 'running'}],
        hint: '',
        after: '',
        needs: [],
        undo: [],
        runtime: 'there',
      },
      {
        id: 'two',
        title: 'Two',
        text: 'Text.',
        command: {text: 'ps', place: 'steps[1].command', line: 11},
        check: [{call: ['ListContainers', 'StreamContainers']}, {code: 0}],
        hint: '',
        after: '',
        needs: ['one'],
        undo: [],
        runtime: 'there',
      },
    ],
  })
})

test('each step of ours fits a screen of 80 columns and 24 lines, with its command and the prompt', () => {
  const plain = {title: (text: string) => text, typed: (text: string) => text}
  const look = {width: 80, style: plain, paint: (_: unknown, text: string) => text}
  for (const text of [builtInTour, exampleLesson]) {
    const lesson = parse(text)
    for (const [index, {command}] of lesson.steps.entries()) {
      const shown = `${stepText(lesson, index, look)}\n${command ? typedText(command.text, look) : ''}`
      const lines = shown.split('\n')
      expect.soft(lines.length, lesson.steps[index]?.id).toBeLessThanOrEqual(24)
      expect
        .soft(Math.max(...lines.map((line) => line.length)), lesson.steps[index]?.id)
        .toBeLessThanOrEqual(80)
    }
  }
})

test('the schema has every field of the file, with what it is for', () => {
  const {properties, required} = lessonSchema() as {
    properties: Record<
      string,
      {description: string; items?: {properties: Record<string, {description: string}>}}
    >
    required: string[]
  }
  expect(Object.keys(properties)).toEqual(['title', 'about', 'node', 'steps'])
  expect(required).toEqual(['title', 'steps'])
  const fields = properties.steps?.items?.properties ?? {}
  expect(Object.keys(fields)).toContain('stop-after')
  expect(Object.values(fields).filter(({description}) => !description)).toEqual([])
})
