// The fields of a lesson's file: what reads them and the JSON schema are made of the same table.

export type Shape = Readonly<Record<string, Field>>

export interface WordField {
  kind: 'text' | 'command' | 'duration' | 'number'
  what: string
  words?: readonly string[]
}

export type Field = {
  description: string
  required?: boolean
  /** Where nothing is written. */
  preset?: unknown
  /** In the value that is read, where the file has another. */
  name?: string
} & (WordField | {kind: 'list'; item: Field; alone?: 'scalar' | 'mapping'} | {kind: 'mapping'; shape: Shape})

const text = (description: string, more: {required?: boolean; preset?: string} = {}): Field => ({
  kind: 'text',
  what: 'a text',
  description,
  ...more,
})
const oneOf = (words: readonly string[], description: string, preset?: string): Field => ({
  kind: 'text',
  what: `one of ${words.join(', ')}`,
  words,
  description,
  ...(preset === undefined ? {} : {preset}),
})
const number = (description: string): Field => ({kind: 'number', what: 'a whole number', description})
const duration = (description: string, name: string): Field => ({
  kind: 'duration',
  what: 'a duration such as 5s',
  description,
  name,
})
const command = (description: string): Field => ({
  kind: 'command',
  what: 'a command line such as crisp ps -a',
  description,
})
const words = (item: Field, description: string, preset?: readonly string[]): Field => ({
  kind: 'list',
  alone: 'scalar',
  item,
  description,
  ...(preset ? {preset} : {}),
})

const check: Shape = {
  call: words(text(''), 'the command made one of these calls, such as RunPodSandbox'),
  answer: text('how it was answered, as gRPC names it, such as NotFound; OK if not written'),
  about: text('the container, pod or image that the call was about'),
  verb: words(text(''), 'the command was one of these, such as logs, and did not fail'),
  pod: text('NAME or NAMESPACE/NAME of a pod'),
  container: text('NAME, POD/NAME or NAMESPACE/POD/NAME of a container'),
  image: text('an image'),
  is: text(
    'what became of it: a pod is ready, not-ready, there or gone; a container created, running, exited, there or gone; an image there or gone',
  ),
  code: number('exit code of the container, or of the command where the check is about nothing else'),
  reason: text('why the container has ended, such as OOMKilled'),
  attempt: number('at least this attempt of the container'),
  within: duration('how long it may take; 2s if not written', 'withinMs'),
  hint: text('said where this does not hold'),
}

const step: Shape = {
  id: {...text('a name, of a-z, 0-9 and -'), required: true},
  title: {...text('one line'), required: true},
  text: {...text('what is to be learnt: Markdown, a few lines'), required: true},
  command: command('the command that Enter types: a verb of crisp and its words'),
  check: {
    kind: 'list',
    alone: 'mapping',
    item: {kind: 'mapping', shape: check, description: ''},
    description: 'what must be so after the command; without it any command will do',
    preset: [],
  },
  hint: text('said after a wrong answer, and by hint', {preset: ''}),
  after: text('said when it is done', {preset: ''}),
  needs: words(text(''), 'earlier steps whose work has to be there', []),
  undo: words(
    command(''),
    'commands that are run silently before the step, where what it brings about is there already or something in its way; they may fail',
    [],
  ),
  'stop-after': duration(
    'the command is ended after so long where nobody can press Ctrl-C (--non-interactive)',
    'stopAfterMs',
  ),
  runtime: oneOf(['there', 'away'], "away: the runtime's socket is gone for this step", 'there'),
}

const lesson: Shape = {
  title: {...text('one line'), required: true},
  about: text('what it is for, in a sentence or two', {preset: ''}),
  node: oneOf(['small', 'empty'], 'what is on its node: that of crisp demo, or nothing but images', 'small'),
  steps: {
    kind: 'list',
    item: {kind: 'mapping', shape: step, description: ''},
    description: 'in their order',
    required: true,
  },
}

export const fieldsOf = {
  lesson: {kind: 'mapping', shape: lesson, description: ''} satisfies Field,
}

/** JSON Schema of a lesson's file. */
export function lessonSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A lesson for crisp tour --lesson',
    ...schemaOf(fieldsOf.lesson),
  }
}

function schemaOf(field: Field): object {
  const {description} = field
  return {...(description === '' ? {} : {description}), ...typeOf(field)}
}

function typeOf(field: Field): object {
  switch (field.kind) {
    case 'mapping': {
      const required = Object.entries(field.shape).filter(([, inner]) => inner.required)
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(field.shape).map(([name, inner]) => [name, schemaOf(inner)]),
        ),
        ...(required.length > 0 ? {required: required.map(([name]) => name)} : {}),
        additionalProperties: false,
      }
    }
    case 'list': {
      const items = schemaOf(field.item)
      const list = {type: 'array', items}
      return field.alone ? {anyOf: [list, items]} : list
    }
    case 'number':
      return {type: 'integer', minimum: 0}
    default:
      return field.words ? {enum: field.words} : {type: 'string', minLength: 1}
  }
}
