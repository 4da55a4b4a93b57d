import {describe, expect, test} from 'vitest'
import {UsageError} from '../../../src/errors/errors.js'
import {parseColumnsFile, parseCustomColumns, rowsOf} from '../../../src/formats/custom-columns.js'
import {parseJsonPath} from '../../../src/formats/jsonpath/index.js'
import {inspected, listed} from '../../support/inspected.js'

describe('of one object', () => {
  test.each([
    ['{.info.pid}', '4242'],
    ['{.status.id}', 'a1'],
    ['.status.id', 'a1'],
    ['status.id', 'a1'],
    ['$.status.id', 'a1'],
    ['@.status.id', 'a1'],
    ['{$.status.id}{@.status.state}', 'a1CONTAINER_RUNNING'],
    ["{['status']['id']} {[\"status\"].id}", 'a1 a1'],
    ['{.status.metadata}', '{"attempt":2,"name":"web"}'],
    ['{.status.labels.tier}', '<front>'],
    ['{.status.labels.io\\.kubernetes\\.pod\\.name}', 'web-0'],
    ["{.status.labels['io.kubernetes.pod.name']}", 'web-0'],
    ["{.status.labels['io\\.kubernetes\\.pod\\.namespace']}", 'default'],
    [
      '{.info.limit} {.info.ratio} {.info.privileged} {.status.resources}',
      '9223372036854771712 0.25 false null',
    ],
    ['{.status.absent}|{.status.reason}|', '||'],
    ['{.status.mounts[*].hostPath}', '/srv/data /srv/hosts'],
    ['{.status.mounts[0].containerPath}', '/data'],
    [
      '{range .status.mounts[*]}{.hostPath}:{.containerPath}{"\\n"}{end}',
      '/srv/data:/data\n/srv/hosts:/etc/hosts\n',
    ],
    ['{.info.runtimeSpec.linux.namespaces[?(@.type=="network")].path}', '/proc/17/ns/net'],
    ["{.info.config.envs[?(@.key=='MODE')].value}", 'a=b'],
    ['{.info.config.args}', '["sleep","600"]'],
    ['{.info.config.args[*]}', 'sleep 600'],
    ['{..pid}', '4242'],
    ['{.status..hostPath}', '/srv/data /srv/hosts'],
    ['{.status.metadata.*}', '2 web'],
    ['pid={.info.pid} name={.status.metadata.name}', 'pid=4242 name=web'],
    ['{ .info.pid }{"\\t"}{\'x\'}{"\\u00e9"}', '4242\txé'],
    ['{.status.mounts[?(@.readonly)].hostPath}', '/srv/data /srv/hosts'],
    ['{.status.mounts[?(@.readonly==true)].hostPath}', '/srv/hosts'],
    ['{.info.config.envs[?(@.key=="a]b)")].value}', ''],
    [
      '{}',
      JSON.stringify(inspected, (_, item) => (typeof item === 'bigint' ? 'big' : item)).replace(
        '"big"',
        '9223372036854771712',
      ),
    ],
  ])('%s', (expression, text) => expect(parseJsonPath(expression).render(inspected)).toBe(text))
})

describe('of a list', () => {
  test.each([
    ['{.containers[*].id}', 'a1 a2 a3'],
    ['{.containers[*].metadata.name}', 'web sidecar job'],
    ['{.containers[0].id} {.containers[-1].id} {.containers[-2:].id}', 'a1 a3 a2 a3'],
    [
      '{.containers[0:2].id} {.containers[1:].id} {.containers[:1].id} {.containers[::2].id} {.containers[0:3:2].id}',
      'a1 a2 a2 a3 a1 a1 a3 a1 a3',
    ],
    ['{.containers[1:1].id}|', '|'],
    ['{.containers[0,2].id}', 'a1 a3'],
    ["{.containers[*]['id','state']}", 'a1 a2 a3 CONTAINER_RUNNING CONTAINER_RUNNING CONTAINER_EXITED'],
    ['{.containers[?(@.state=="CONTAINER_EXITED")].id}', 'a3'],
    ['{.containers[?(@.state!="CONTAINER_EXITED")].id}', 'a1 a2'],
    ['{.containers[?(@.metadata.attempt>1)].id}', 'a1 a3'],
    [
      '{.containers[?(@.metadata.attempt>=2)].id} {.containers[?(@.metadata.attempt<2)].id} {.containers[?(@.metadata.attempt<=2)].id}',
      'a1 a3 a2 a1 a2',
    ],
    ['{.containers[?(@.createdAt>1795470734207885363)].id}', 'a2'],
    ['{.containers[?(@.createdAt=="99")].id}', 'a3'],
    ['{.containers[?(@.ports)].id}', 'a2 a3'],
    ['{.containers[?(@.labels.app)].id}', 'a1 a2'],
    ['{.containers[?(@.labels.app!="x")].id}', 'a1 a2'],
    ['{.containers[?(!@.ports)].id}', 'a1'],
    ['{.containers[?(@.labels.app=="web" && @.metadata.attempt==0)].id}', 'a2'],
    ['{.containers[?(@.metadata.name=="job" || @.metadata.name=="web")].id}', 'a1 a3'],
    ['{.containers[?((@.id=="a1" || @.id=="a2") && @.ports)].id}', 'a2'],
    ['{.containers[?(@.podSandboxId==$.containers[2].podSandboxId)].id}', 'a3'],
    ['{.containers[?(@.image.image < "c")].id}', 'a1'],
    ['{.containers[?(@.note==null)].id}', 'a3'],
    ['{.containers[*].ports[*]}', '80 443 22'],
    ['{.containers[?(@.ports[0]==80)].id}', 'a2'],
    ['{..ports}', '[80,443] [22]'],
    ['{..ports[0]}', '80 22'],
    ['{.containers..name}', 'web sidecar job'],
    ['{range .containers[*]}{.id}{range .ports[*]} {@}{end};{end}', 'a1;a2 80 443;a3 22;'],
    ['{range .containers[?(@.ports)]}{.metadata.name}={.ports[0]} {end}', 'sidecar=80 job=22 '],
    ['{range .absent[*]}{.id}{end}|', '|'],
    ['{range .containers[0:2]}{.id}{", "}{end}', 'a1, a2, '],
    ["{.containers[*].labels['a.b/c']}", 'dots'],
    ['{.containers[1].labels}', '{"app":"web"}'],
  ])('%s', (expression, text) => expect(parseJsonPath(expression).render(listed)).toBe(text))
})

describe('mistakes are said in one line, with line and column', () => {
  test.each([
    ['{.containers[9].id}', '1:14: there is no position 9 in a list of 3'],
    ['{.containers[2:1]}', '1:14: a slice from 2 to 1 goes backwards'],
    ['{.containers[::0]}', '1:14: the step of a slice is above 0'],
    ['{.containers', '1:1: this { has no }'],
    ['{.containers[}', "1:14: [}] is no index, slice, 'key' or ?(filter)"],
    ['{.containers[id]}', "1:14: [id] is no index, slice, 'key' or ?(filter)"],
    [
      '{containers}',
      '1:2: unexpected containers: a path begins with a dot, as {.containers}; other words are range and end',
    ],
    ['a\n{end}', '2:1: {end} without a {range}'],
    ['{range .containers[*]}{.id}', '1:1: this {range} has no {end}'],
    ['{.containers[?(@.id=1)]}', '1:20: = is no comparison: == != < <= > >='],
    ['{.containers[?(@.id==)]}', '1:22: unexpected ")"'],
    ['{.containers[?(@.id==1]}', '1:23: unexpected "]"'],
    ['{.containers[?(@.id=="a1)]}', '1:22: this quote has no end'],
    ['{.containers[?(@.id=="a1")}', '1:13: this filter has no ]'],
    ['{.containers[?(@.metadata==1)]}', '1:26: an object cannot be compared'],
    ['{.containers[?(@.id==1)]}', '1:20: text and a number cannot be compared'],
    ['{.containers[?(@..id=="x" || $..id=="x")]}', '1:35: a filter compares one value, here are several'],
    ['{.containers[0][0]}', '1:17: an object has no positions, only a list has'],
    ['{.containers[0].id "x"}', '1:20: text stands in braces of its own: {.a}{"\\n"}'],
    ['{.containers...id}', '1:15: unexpected "."'],
    ['{"\\q"}', '1:2: no such escape in "\\q"'],
  ])('%s', (expression, message) => {
    expect(complaint(() => parseJsonPath(expression).render(listed))).toEqual(message)
  })

  test('what finds or prints too much ends', () => {
    const limits = {steps: 1000, output: 1000}
    expect(complaint(() => parseJsonPath('{..*..*..*..*}', limits).render(inspected))).toMatch(
      /looks at more than 1000 values$/,
    )
    expect(complaint(() => parseJsonPath('{}{}{}', limits).render(inspected))).toMatch(
      /the output is longer than 1000 characters$/,
    )
    expect(complaint(() => parseJsonPath(`{.a[?(${'('.repeat(200)}`))).toMatch(/nested more than 100 deep$/)
  })
})

describe('custom columns', () => {
  const items = (listed as unknown as {containers: unknown[]}).containers
  test.each([
    [
      'ID:.id,NAME:.metadata.name',
      [
        ['a1', 'web'],
        ['a2', 'sidecar'],
        ['a3', 'job'],
      ],
    ],
    [
      'ID:{.id},PORTS:ports[*]',
      [
        ['a1', '<none>'],
        ['a2', '80,443'],
        ['a3', '22'],
      ],
    ],
    [
      'APP:.labels.app,NOTE:.note',
      [
        ['web', '<none>'],
        ['web', '<none>'],
        ['<none>', '<none>'],
      ],
    ],
    [
      "DOTS:.labels['a.b/c','app'],META:.metadata",
      [
        ['dots,web', 'map[attempt:2 name:web]'],
        ['web', 'map[attempt:0 name:sidecar]'],
        ['<none>', 'map[attempt:11 name:job]'],
      ],
    ],
    ['X:.labels[?(@.a=="b,c")]', 'jsonpath 1:9: an object cannot be filtered, only a list can'],
    ['ID', 'custom-columns: "ID" is not HEADER:PATH, as NAME:.metadata.name'],
    ['ID:', 'custom-columns: "ID:" is not HEADER:PATH, as NAME:.metadata.name'],
    ['ID:.id,', 'custom-columns: "" is not HEADER:PATH, as NAME:.metadata.name'],
  ])('%s', (specification, rows) => {
    if (Array.isArray(rows)) expect([...rowsOf(parseCustomColumns(specification), items)]).toEqual(rows)
    else expect(complaint(() => [...rowsOf(parseCustomColumns(specification), items)], /^$/)).toBe(rows)
  })
})

describe('the file of custom-columns-file', () => {
  test('headers over paths, with any space between them; what follows is not read', () => {
    const columns = parseColumnsFile('NAME:   A,B [x]\t(D\r\n.metadata.name {.id}  .nosuch .id\nmore\n')
    expect(columns.map(({header}) => header)).toEqual(['NAME:', 'A,B', '[x]', '(D'])
    expect([...rowsOf(columns, [{id: 'a', metadata: {name: 'web'}}])]).toEqual([['web', 'a', '<none>', 'a']])
  })

  test.each([
    ['NAME ID\n.id\n', '2 headers and 1 paths: the first line has the headers, the second a path for each'],
    ['NAME', '1 headers and 0 paths: the first line has the headers, the second a path for each'],
  ])('%j', (text, problem) =>
    expect(complaint(() => parseColumnsFile(text), /^custom-columns-file: /)).toBe(problem),
  )
})

function complaint(work: () => unknown, without = /^jsonpath /): string {
  try {
    work()
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(without, '')
    throw error
  }
  return 'no complaint'
}
