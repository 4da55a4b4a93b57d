import {mutated, type Random} from '../support/random.js'

const operands = [
  '.',
  '$',
  '$x',
  '.info',
  '.info.pid',
  '.info.ratio',
  '.info.limit',
  '.status.labels',
  '.status.mounts',
  '.status.metadata.name',
  '.status.resources',
  '.status.exitCode',
  '.nosuch',
  '"text"',
  '`raw`',
  "'c'",
  '0',
  '1',
  '-7',
  '2.5',
  '1e3',
  '0x1f',
  'true',
  'false',
  'nil',
]
const functionNames =
  'and or not eq ne lt le gt ge len index slice call print println printf html js urlquery json lower upper title join split'.split(
    ' ',
  )
const formats = [
  '%v',
  '%d',
  '%s',
  '%q',
  '%x',
  '%5.2f|%-8v',
  '%[2]v %[1]v',
  '%*d',
  '%T %t',
  '%#v',
  '%+08d',
  '%',
  '%!',
  '%U%c',
]

/** A template as one writes them, now and then with a letter wrong. */
export function randomTemplate(random: Random): string {
  const text = nodes(random, 3)
  return random.chance(0.3) ? mutated(text, random, alphabet) : text
}

const alphabet = [
  ...'{}()|.$"`\'-= \n%,:',
  '{{',
  '}}',
  '{{-',
  '-}}',
  '{{end}}',
  '{{else}}',
  'range',
  'é',
  '\u0000',
  '9'.repeat(20),
]

function nodes(random: Random, depth: number): string {
  return Array.from({length: 1 + random.number(3)}, () => node(random, depth)).join('')
}

function node(random: Random, depth: number): string {
  const open = random.of(['{{', '{{', '{{- '])
  const close = random.of(['}}', '}}', ' -}}'])
  const action = (text: string) => `${open}${text}${close}`
  const inside = () => (depth > 0 ? nodes(random, depth - 1) : 'x')
  switch (random.number(depth > 0 ? 12 : 4)) {
    case 0:
      return random.of(['text', ' ', '\n', 'a{b}c', ''])
    case 4:
    case 5:
      return `${action(`if ${pipeline(random, 2)}`)}${inside()}${otherwise(random, inside)}{{end}}`
    case 6:
      return `${action(`with ${random.of(['', '$x := '])}${pipeline(random, 2)}`)}${inside()}${otherwise(random, inside)}{{end}}`
    case 7:
    case 8: {
      const variables = random.of(['', '', '$x := ', '$i, $x := '])
      const body = random.chance(0.2)
        ? `${inside()}{{if ${pipeline(random, 1)}}}{{${random.of(['break', 'continue'])}}}{{end}}`
        : inside()
      return `${action(`range ${variables}${pipeline(random, 2)}`)}${body}${otherwise(random, inside)}{{end}}`
    }
    case 9:
      return `{{define "${random.of(['a', 'b'])}"}}${inside()}{{end}}`
    case 10:
      return action(`template "${random.of(['a', 'b'])}" ${random.of(['', '.', '.info', '$'])}`)
    case 11:
      return `{{block "${random.of(['a', 'b', 'c'])}" .}}${inside()}{{end}}`
    default:
      return action(
        random.chance(0.2) ? `$x ${random.of([':=', '='])} ${pipeline(random, 2)}` : pipeline(random, 3),
      )
  }
}

function otherwise(random: Random, inside: () => string): string {
  return random.chance(0.3)
    ? `{{else${random.chance(0.3) ? ` if ${pipeline(random, 1)}` : ''}}}${inside()}`
    : ''
}

function pipeline(random: Random, depth: number): string {
  const piped = random.chance(0.25)
    ? ` | ${random.of(functionNames)}${random.chance(0.5) ? ` ${operand(random, 0)}` : ''}`
    : ''
  return `${random.chance(0.4) ? operand(random, depth) : call(random, depth)}${piped}`
}

function call(random: Random, depth: number): string {
  if (random.chance(0.25)) {
    const values = Array.from({length: random.number(4)}, () => operand(random, depth - 1))
    return [
      'printf',
      JSON.stringify(random.of(formats) + random.of(['', random.of(formats)])),
      ...values,
    ].join(' ')
  }
  const count = random.of([0, 1, 1, 2, 2, 3])
  return [random.of(functionNames), ...Array.from({length: count}, () => operand(random, depth - 1))].join(
    ' ',
  )
}

function operand(random: Random, depth: number): string {
  return depth > 0 && random.chance(0.25)
    ? `(${pipeline(random, depth - 1)})${random.of(['', '', '.name'])}`
    : random.of(operands)
}

const steps = [
  '.containers',
  '.metadata.name',
  '.id',
  '.labels',
  '.ports',
  '[*]',
  '[0]',
  '[-1]',
  '[0:2]',
  '[::2]',
  '[0,1]',
  "['id','state']",
  '..',
  '..name',
  '.*',
  '[9]',
  "['a.b/c']",
  '.a\\.b/c',
]
const conditions = [
  '@.id=="a1"',
  '@.ports',
  '@.metadata.attempt>1',
  '!@.note',
  '@.createdAt<=99',
  '$.x',
  '@.id==@.id',
  'true',
  '@..id!=null',
  '(@.id)',
]

/** A JSONPath expression as one writes them, now and then with a letter wrong. */
export function randomPath(random: Random): string {
  const text = pathParts(random, 2)
  return random.chance(0.3) ? mutated(text, random, pathAlphabet) : text
}

const pathAlphabet = [
  ...'{}[]().,*?@$\'"\\=!<>&|: -',
  '..',
  '{end}',
  '{range ',
  '?(',
  'é',
  '\n',
  '7',
  '9'.repeat(20),
]

function pathParts(random: Random, depth: number): string {
  return Array.from({length: 1 + random.number(3)}, () => {
    switch (random.number(depth > 0 ? 6 : 4)) {
      case 0:
        return random.of(['text', '{"\\n"}', "{'x'}", '{3}', ' '])
      case 4:
        return `{range ${path(random)}}${pathParts(random, depth - 1)}{end}`
      case 5:
        return random.of([path(random), path(random).slice(1)])
      default:
        return `{${path(random)}}`
    }
  }).join('')
}

function path(random: Random): string {
  return Array.from({length: 1 + random.number(4)}, () =>
    random.chance(0.2)
      ? `[?(${random.of(conditions)}${random.chance(0.3) ? random.of([' && ', '||', ' ']) + random.of(conditions) : ''})]`
      : random.of(steps),
  ).join('')
}
