import {readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {
  type CompletableCommand,
  type CompletableFlag,
  positionOf,
} from '../../../src/cli/completion/position.js'

const {commands, globals} = JSON.parse(
  readFileSync(new URL('../../../dist/manifest.json', import.meta.url), 'utf8'),
) as {commands: CompletableCommand[]; globals: CompletableFlag[]}

function at(line: string) {
  const {kept, candidates, lookup} = positionOf(line.split(' '), commands, globals)
  return {kept, words: candidates.map(({word}) => word), lookup}
}

describe('words that are known', () => {
  test.each<[string, string[]]>([
    ['inspect', ['inspect', 'inspecti', 'inspectp']],
    ['image', ['images', 'imagefsinfo'].sort()],
    ['hel', ['help']],
    ['help exi', ['exit-codes']],
    ['ps --color a', ['auto', 'always']],
    ['nosuch', []],
    ['nosuch ', []],
    ['--run', ['--runtime-endpoint']],
    ['-D --deb', []],
    ['ps --st', ['--state']],
    ['ps -a --al', []],
    ['ps --label a=b --la', ['--label', '--latest', '--last']],
    ['ps --runt', ['--runtime-endpoint']],
    ['-t 5s ps --request', []],
    ['ps --state ', ['created', 'running', 'exited', 'unknown']],
    ['ps -s ex', ['exited']],
    ['ps -as ex', ['exited']],
    ['ps --state running --out', ['--output']],
    ['pods --state n', ['notready']],
    ['ps -o j', ['json', 'jsonl', 'jsonpath=']],
    ['ps -o custom', ['custom-columns=', 'custom-columns-file=']],
    ['ps -aqo y', ['yaml']],
    ['stats --sort m', ['mem', 'memory']],
    ['stats --units ', ['si', 'iec']],
    ['images -f d', ['dangling=true', 'dangling=false']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['completion zsh ', []],
    ['config --get de', ['debug']],
    ['config --set max', ['max-retries=']],
    ['config ti', ['timeout']],
    ['help inspecti', ['inspecti']],
    ['h inspecti', ['inspecti']],
    ['help ps ', []],
    ['version ', []],
    ['ps ', []],
    ['ps -- --st', []],
    ['attach --transport ', ['spdy', 'websocket']],
    ['exec -r w', ['websocket']],
    ['wait --for r', ['running', 'ready', 'removed', 'runtime']],
    ['runp --dry-run -o ', ['yaml', 'json']],
    ['logs --stream stdo', ['stdout']],
    ['init ', ['pod', 'container']],
    ['events --type st', ['started', 'stopped']],
    ['run jsonschema --c', ['--container', '--config', '--color']],
    ['run --dry', ['--dry-run']],
    ['exec web --', []],
    ['exec -t web ls -', []],
  ])('%s', (line, words) => {
    expect(at(line)).toEqual({kept: '', words, lookup: undefined})
  })

  test.each<[string, string, string[]]>([
    ['ps --state=e', '--state=', ['exited']],
    ['ps -state=e', '-state=', ['exited']],
    ['ps --output=go', '--output=', ['go-template']],
    ['ps -ao=go', '-ao=', ['go-template']],
    ['ps --nosuch=', '--nosuch=', []],
  ])('%s', (line, kept, words) => {
    expect(at(line)).toEqual({kept, words, lookup: undefined})
  })
})

describe('things that are looked up', () => {
  test.each<[string, ReturnType<typeof at>['lookup']]>([
    ['inspect ', 'container'],
    ['inspect a b', 'container'],
    ['inspect -o yaml ', 'container'],
    ['inspectp ', 'pod'],
    ['inspecti busy', 'image'],
    ['img ', 'image'],
    ['ps --pod ', 'pod'],
    ['ps -p ', 'pod'],
    ['ps --image ', 'image'],
    ['stats ', 'container'],
    ['stats a ', undefined],
    ['stats --id ', 'container'],
    ['statsp --id ', 'pod'],
    ['--config ', 'file'],
    ['-c ', 'file'],
    ['ps --config ', 'file'],
    ['-r ', 'socket'],
    ['exec ', 'running-container'],
    ['exec -it ', 'running-container'],
    ['attach ', 'running-container'],
    ['stop a ', 'running-container'],
    ['start ', 'created-container'],
    ['rm -f ', 'container'],
    ['stopp ', 'ready-pod'],
    ['port-forward ', 'ready-pod'],
    ['rmp ', 'pod'],
    ['rmi ', 'image'],
    ['wait ', 'container'],
    ['runp ', 'file'],
    ['ps -o custom-columns-file=', 'file'],
    ['inspect -o custom-columns-file=/tm', 'file'],
    ['create ', 'pod'],
    ['create web ', 'file'],
    ['create web c.yaml ', 'file'],
    ['attach --tls-ca ', 'file'],
    ['run --log-directory ', 'file'],
    ['run --workdir ', undefined],
    ['run -v ', 'file'],
    ['run --device ', 'file'],
    ['run --env-file ', 'file'],
    ['run -f ', 'file'],
    ['demo --socket ', 'file'],
    ['pods --namespace ', 'namespace'],
    ['run --namespace ', 'namespace'],
    ['events --pod ', 'pod'],
    ['logs ', 'container-or-pod'],
    ['describe ', 'container-or-pod'],
    ['cp ', 'container-path'],
    ['cp a ', 'container-path'],
    ['checkpoint --export ', 'file'],
  ])('%s', (line, lookup) => {
    expect(at(line)).toEqual({kept: '', words: [], lookup})
  })
})

test('completion shows descriptions, but no hidden flags', () => {
  const command: CompletableCommand = {
    id: 'do',
    aliases: [],
    summary: 'Do it',
    arguments: [],
    flags: [
      {name: 'open', type: 'boolean', description: 'seen'},
      {name: 'secret', type: 'boolean', hidden: true},
    ],
  }
  expect(positionOf(['do'], [command], []).candidates).toEqual([{word: 'do', hint: 'Do it'}])
  expect(positionOf(['do', '-'], [command], []).candidates).toEqual([{word: '--open', hint: 'seen'}])
})

test('after the first argument of a command like exec, no word is completed as a flag', () => {
  const exec: CompletableCommand = {
    id: 'exec',
    aliases: [],
    summary: '',
    argumentsEndFlags: true,
    arguments: [
      {name: 'container', complete: 'running-container'},
      {name: 'command', multiple: true},
    ],
    flags: [{name: 'tty', char: 't', type: 'boolean'}],
  }
  const of = (...words: string[]) => positionOf(['exec', ...words], [exec], [])
  expect(of('-').candidates).toEqual([{word: '--tty'}])
  expect(of('-t', '')).toMatchObject({lookup: 'running-container'})
  expect(of('web', '-')).toMatchObject({candidates: []})
  expect(of('web', '-')).not.toHaveProperty('lookup')
})

test('completion asks the runtime that the line names and omits names already typed', () => {
  expect(positionOf(['-r', '/a.sock', 'inspect', '--config=f', 'one', ''], commands, globals)).toMatchObject({
    globals: {'runtime-endpoint': '/a.sock', config: 'f'},
    taken: ['one'],
    lookup: 'container',
  })
})
