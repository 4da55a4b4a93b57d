import {describe, expect, test} from 'vitest'
import {
  type CommandSpec,
  type FlagSpec,
  type Invocation,
  parseCommandLine,
  parserWords,
} from '../../src/cli/argv.js'
import {UsageError} from '../../src/errors/errors.js'

const globals: FlagSpec[] = [
  {name: 'runtime-endpoint', char: 'r', type: 'option'},
  {name: 'image-endpoint', char: 'i', type: 'option'},
  {name: 'request-timeout', char: 't', type: 'option', aliases: ['timeout']},
  {name: 'debug', char: 'D', type: 'boolean', allowNo: true},
]
const commands: CommandSpec[] = [
  {
    id: 'ps',
    aliases: [],
    flags: [
      {name: 'all', char: 'a', type: 'boolean'},
      {name: 'quiet', char: 'q', type: 'boolean'},
      {name: 'last', char: 'n', type: 'option'},
      {name: 'output', char: 'o', type: 'option'},
      {name: 'label', type: 'option', multiple: true},
      {name: 'resolve-image-path', char: 'r', type: 'boolean'},
    ],
  },
  {
    id: 'exec',
    aliases: [],
    argumentsEndFlags: true,
    flags: [
      {name: 'interactive', char: 'i', type: 'boolean'},
      {name: 'tty', char: 't', type: 'boolean'},
      {name: 'timeout', type: 'option'},
      {name: 'transport', char: 'r', type: 'option'},
    ],
  },
  {id: 'images', aliases: ['image', 'img'], flags: []},
  {id: 'pull', aliases: [], flags: [{name: 'pull-timeout', type: 'option', aliases: ['pt']}]},
]

const words = (invocation: Invocation) =>
  invocation.kind === 'command' ? [invocation.id, ...parserWords(invocation)].join(' ') : invocation.kind
const parse = (line: string) => parseCommandLine(line === '' ? [] : line.split(' '), commands, globals)

describe('a crictl command line becomes one that oclif reads', () => {
  const lines: [string, string][] = [
    ['ps', 'ps --'],
    ['ps -a', 'ps --all --'],
    ['ps -aq', 'ps --all --quiet --'],
    ['ps -all', 'ps --all --'],
    ['ps --all=true', 'ps --all --'],
    ['ps -all=T', 'ps --all --'],
    ['ps --all --all=false', 'ps --'],
    ['ps --debug=false', 'ps --no-debug --'],
    ['-D ps --debug=F', 'ps --no-debug --'],
    ['-D ps --no-debug', 'ps --no-debug --'],
    ['ps -a=false', 'ps --'],
    ['ps -n 5', 'ps --last=5 --'],
    ['ps -n=5', 'ps --last=5 --'],
    ['ps -n5', 'ps --last=5 --'],
    ['ps -an5', 'ps --all --last=5 --'],
    ['ps -last 5', 'ps --last=5 --'],
    ['ps -n -1', 'ps --last=-1 --'],
    ['ps -o json -o yaml', 'ps --output=yaml --'],
    ['ps -ojson', 'ps --output=json --'],
    ['ps -qo json', 'ps --quiet --output=json --'],
    ['ps -o jsonpath={.a}=b', 'ps --output=jsonpath={.a}=b --'],
    ['ps --label a=b --label c=d', 'ps --label=a=b --label=c=d --'],
    ['ps one -a two', 'ps --all -- one two'],
    ['ps -- -a', 'ps -- -a'],
    ['ps -', 'ps -- -'],
    ['-r sock ps -r', 'ps --runtime-endpoint=sock --resolve-image-path --'],
    ['--runtime-endpoint=sock ps', 'ps --runtime-endpoint=sock --'],
    ['-runtime-endpoint sock ps', 'ps --runtime-endpoint=sock --'],
    ['ps --runtime-endpoint sock', 'ps --runtime-endpoint=sock --'],
    ['ps -i img.sock', 'ps --image-endpoint=img.sock --'],
    ['-t 5s -D ps', 'ps --request-timeout=5s --debug --'],
    ['--timeout 5s ps --timeout=7s', 'ps --request-timeout=7s --'],
    ['-t 5s exec -it c sh', 'exec --request-timeout=5s --interactive --tty -- c sh'],
    ['--timeout 5s exec --timeout 9 c ls', 'exec --request-timeout=5s --timeout=9 -- c ls'],
    ['exec c ls -la --help', 'exec -- c ls -la --help'],
    ['exec -it c -- sh -c x', 'exec --interactive --tty -- c -- sh -c x'],
    ['exec -i=false c cat', 'exec -- c cat'],
    ['img', 'images --'],
    ['pull -pt 5s x', 'pull --pull-timeout=5s -- x'],
  ]
  test.each(lines)('%s', (line, written) => {
    expect(words(parse(line))).toBe(written)
  })
})

describe('help and version', () => {
  const lines: [string, object][] = [
    ['', {kind: 'help'}],
    ['-h', {kind: 'help'}],
    ['--help', {kind: 'help'}],
    ['help', {kind: 'help'}],
    ['h', {kind: 'help'}],
    ['help ps', {kind: 'help', command: 'ps', inFull: true}],
    ['help img', {kind: 'help', command: 'images', inFull: true}],
    ['-h ps', {kind: 'help', command: 'ps'}],
    ['ps -h', {kind: 'help', command: 'ps'}],
    ['ps x --help', {kind: 'help', command: 'ps'}],
    ['ps help', {kind: 'help', command: 'ps'}],
    ['ps h', {kind: 'help', command: 'ps'}],
    ['ps -- help', {kind: 'command', id: 'ps', given: [], empty: [], arguments: ['help']}],
    ['exec --help', {kind: 'help', command: 'exec'}],
    ['--version', {kind: 'version'}],
    ['-v', {kind: 'version'}],
  ]
  test.each(lines)('%j', (line, invocation) => expect(parse(line)).toEqual(invocation))
})

describe('a mistake in the command line is reported in one line', () => {
  const lines: [string, string][] = [
    ['pss', 'unknown command "pss": did you mean ps? (crisp help all)'],
    ['frobnicate', 'unknown command "frobnicate" (crisp help all)'],
    ['help nosuch', 'unknown command "nosuch" (crisp help all)'],
    ['--bogus ps', 'unknown flag --bogus before the command (crisp --help)'],
    ['ps --quite', 'unknown flag --quite for ps: did you mean --quiet? (crisp ps --help)'],
    ['ps -z', 'unknown flag -z for ps (crisp ps --help)'],
    ['ps -o', '-o needs a value'],
    ['ps --all=perhaps', '--all=perhaps: a switch is true or false'],
  ]
  test.each(lines)('%s', (line, text) => {
    expect(() => parse(line)).toThrow(UsageError)
    expect(() => parse(line)).toThrow(expect.objectContaining({message: text}))
  })
})
