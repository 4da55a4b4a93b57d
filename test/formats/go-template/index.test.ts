import {describe, expect, test} from 'vitest'
import {UsageError} from '../../../src/errors/errors.js'
import {parseGoTemplate} from '../../../src/formats/go-template/index.js'
import {inspected} from '../../support/inspected.js'

const result = (template: string) => parseGoTemplate(template).render(inspected)

describe('what people paste', () => {
  test.each([
    ['{{.info.pid}}', '4242'],
    ['{{.status.id}} {{.status.state}}', 'a1 CONTAINER_RUNNING'],
    ['{{ .status.image.image }}', 'docker.io/library/busybox:1.36'],
    [
      '{{range .status.mounts}}{{.hostPath}} -> {{.containerPath}}\n{{end}}',
      '/srv/data -> /data\n/srv/hosts -> /etc/hosts\n',
    ],
    ['{{index .status.labels "io.kubernetes.pod.name"}}', 'web-0'],
    [
      '{{range .info.runtimeSpec.linux.namespaces}}{{if eq .type "network"}}{{.path}}{{end}}{{end}}',
      '/proc/17/ns/net',
    ],
    ['{{(index .info.runtimeSpec.linux.namespaces 1).path}}', '/proc/17/ns/net'],
    ['{{range .info.config.envs}}{{.key}}={{.value}} {{end}}', 'PATH=/bin MODE=a=b '],
    ['{{json .status.metadata}}', '{"attempt":2,"name":"web"}\n'],
    ['{{.status.metadata.name | upper | printf "%-6s|"}}', 'WEB   |'],
    ['{{range $i, $m := .status.mounts}}{{if $i}},{{end}}{{$m.containerPath}}{{end}}', '/data,/etc/hosts'],
    [
      '{{range $key, $value := .status.labels}}{{$key}}={{$value}};{{end}}',
      'io.kubernetes.pod.name=web-0;io.kubernetes.pod.namespace=default;tier=<front>;',
    ],
    ['{{if .status.reason}}{{.status.reason}}{{else}}none{{end}}', 'none'],
    ['{{with .status.metadata}}{{.name}}/{{.attempt}}{{end}}', 'web/2'],
    ['{{len .status.mounts}} mounts', '2 mounts'],
    ['{{join .info.config.args " "}}', 'sleep 600'],
  ])('%s', (template, text) => expect(result(template)).toBe(text))
})

describe('how values print', () => {
  test.each([
    ['{{.status.metadata}}', 'map[attempt:2 name:web]'],
    ['{{.info.config.args}}', '[sleep 600]'],
    ['{{.status.resources}}|{{print .status.resources}}', '<no value>|<nil>'],
    ['{{index .status.labels "absent"}}', '<no value>'],
    [
      '{{.status.mounts}}',
      '[map[containerPath:/data hostPath:/srv/data readonly:false] map[containerPath:/etc/hosts hostPath:/srv/hosts readonly:true]]',
    ],
    ['{{.info.limit}} {{.info.ratio}} {{.info.privileged}}', '9223372036854771712 0.25 false'],
    ['{{json .info.limit}}{{json .status.labels.tier}}', '9223372036854771712\n"\\u003cfront\\u003e"\n'],
    ['{{.status.annotations}}{{json .status.annotations}}', 'map[]{}\n'],
    ["{{1e6}} {{1.5}} {{1000000}} {{0x1F}} {{017}} {{1_000}} {{'a'}}", '1e+06 1.5 1000000 31 15 1000 97'],
    ['{{"tab\\tquote\\" é \\u00e9"}} {{`raw\\t`}}', 'tab\tquote" é é raw\\t'],
  ])('%s', (template, text) => expect(result(template)).toBe(text))
})

describe('actions', () => {
  test.each([
    ['a {{- 1 -}} b {{- /* gone */ -}} c {{/* gone */}}d', 'a1bc d'],
    ['{{- range .info.config.args}}\n{{.}}\n{{- end}}', '\nsleep\n600'],
    ['{{if eq .status.exitCode 0}}ok{{else if eq .status.exitCode 1}}one{{else}}more{{end}}', 'ok'],
    ['{{with .status.resources}}x{{else with .status.metadata}}{{.name}}{{else}}z{{end}}', 'web'],
    ['{{range .status.resources}}x{{else}}nothing{{end}}', 'nothing'],
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range .info.config.args}}{{if eq . "600"}}{{break}}{{end}}{{.}}{{end}}', 'sleep'],
    ['{{range .info.config.args}}{{if eq . "sleep"}}{{continue}}{{end}}{{.}}{{end}}', '600'],
    ['{{define "m"}}<{{.name}}>{{end}}{{template "m" .status.metadata}}', '<web>'],
    ['{{block "m" .status.metadata}}[{{.name}}]{{end}}{{template "m" .status.metadata}}', '[web][web]'],
    ['{{$n := 1}}{{if true}}{{$n = 2}}{{$n := 3}}{{$n}}{{end}}{{$n}}', '32'],
    ['{{with .status.metadata}}{{$.status.id}}{{end}}', 'a1'],
    ['{{define "t"}}{{if gt . 0}}{{.}}{{template "t" (slice "ab" . | len | eq 9)}}{{end}}{{end}}x', 'x'],
  ])('%s', (template, text) => expect(result(template)).toBe(text))
})

describe('functions', () => {
  test.each([
    [
      '{{eq "b" "a" "b"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1.5 2.5}}',
      'true true true true true false',
    ],
    [
      '{{eq .info.pid 4242}} {{eq .info.pid "4242"}} {{gt .info.pid 999}} {{lt .info.ratio 0.5}}',
      'true true true true',
    ],
    ['{{eq .status.resources nil}} {{eq .status.mounts nil}} {{eq true true}}', 'true false true'],
    ['{{and 1 0 .nosuch}} {{or "" "x" .nosuch}} {{not 0}} {{and true "y"}} {{1 | or 0}}', '0 x true y 1'],
    ['{{if and (eq .status.state "CONTAINER_RUNNING") (not .status.reason)}}up{{end}}', 'up'],
    ['{{index .info.config.args 1}} {{index .status "metadata" "name"}} {{index "abc" 1}}', '600 web 98'],
    [
      '{{slice .status.startedAt 0 10}} {{slice .info.config.args 1}} {{slice "hé" 0 1}}',
      '2026-01-02 [600] h',
    ],
    ['{{len "hé"}} {{len .status.metadata}} {{.info.config.args | len}}', '3 2 2'],
    ['{{print 1 2 "a" "b" 3}}|{{println "a" 1}}', '1 2ab3|a 1\n'],
    [
      '{{html "<a href=\'x\'>&"}} {{js "it\'s <b>"}} {{urlquery "a b/é"}}',
      "&lt;a href=&#39;x&#39;&gt;&amp; it\\'s \\u003Cb\\u003E a+b%2F%C3%A9",
    ],
    ['{{lower "AbC"}} {{upper "abc"}} {{title "aBcd of kubelet"}}', 'abc ABC ABcd Of Kubelet'],
    ['{{range split "a,b,c" ","}}[{{.}}]{{end}}', '[a][b][c]'],
    [
      '{{printf "%s|%10s|%-10s|%.2s|%q|%x" "web" "web" "web" "web" "web" "hi"}}',
      'web|       web|web       |we|"web"|6869',
    ],
    [
      '{{printf "%d|%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c|%U" 42 42 42 42 42 255 255 8 5 65 9786}}',
      '42|   42|42   |00042|+42|ff|FF|10|101|A|U+263A',
    ],
    ['{{printf "%v|%+v|%T|%t" .status.metadata 1 "x" true}}', 'map[attempt:2 name:web]|1|string|true'],
    [
      '{{printf "%f|%.2f|%8.3f|%e|%g|%.0f" 3.14159 2.5 2.5 12345.678 0.00001 2.5}}',
      '3.141590|2.50|   2.500|1.234568e+04|1e-05|2',
    ],
    [
      '{{printf "%d %s" "x" 3}}|{{printf "%d"}}|{{printf "a" 1}}|{{printf "%"}}|{{printf "%z" 1}}',
      '%!d(string=x) %!s(int=3)|%!d(MISSING)|a%!(EXTRA int=1)|%!(NOVERB)|%!z(int=1)',
    ],
    ['{{printf "%[2]s %[1]s|%[3]*d|%-*d|%%" "a" "b" 4 7 4 7}}', 'b a|   7|7   |%'],
    ['{{printf "%d of %.1f%%" .info.pid .info.ratio}}', '4242 of 0.2%'],
    [
      '{{printf "%v %q %d" .info.config.args .info.config.args .info.config.args}}',
      '[sleep 600] ["sleep" "600"] [%!d(string=sleep) %!d(string=600)]',
    ],
    [
      '{{printf "%#v" .status.metadata}} {{printf "%v %d" nil nil}}',
      'map[string]interface {}{"attempt":2, "name":"web"} <nil> %!d(<nil>)',
    ],
  ])('%s', (template, text) => expect(result(template)).toBe(text))
})

describe('mistakes are said in one line, with line and column', () => {
  test.each([
    [
      '{{.info.pidd}}',
      '1:3: no "pidd" in .info: did you mean pid? ({{index .info "pidd"}} allows for its absence)',
    ],
    [
      '{{.status.metadata.zzz}}',
      '1:3: no "zzz" in .status.metadata: there are attempt, name ({{index .status.metadata "zzz"}} allows for its absence)',
    ],
    [
      '{{.status.mounts.hostPath}}',
      '1:3: .status.mounts is a list and has no "hostPath": {{range .status.mounts}} walks it, {{index .status.mounts 0}} picks one',
    ],
    ['{{.status.resources.linux}}', '1:3: .status.resources is nothing and has no "linux"'],
    ['a\n  {{if .status}}b', '2:3: this {{if}} has no {{end}}'],
    ['{{end}}', '1:1: {{end}} without an if, range, with, define or block'],
    ['{{if 1}}a{{else}}b{{else}}c{{end}}', '1:19: a second {{else}} for one {{if}}'],
    ['{{nosuch .status}}', '1:3: there is no function "nosuch"'],
    ['{{$x}}', '1:3: there is no variable $x'],
    ['{{.status', '1:1: this {{ has no }}'],
    ['{{"abc}}', '1:3: this string has no end'],
    ['{{(.status}}', '1:11: unclosed ('],
    ['{{.status)}}', '1:10: unexpected )'],
    ['{{1a}}', '1:4: unexpected "a" after 1'],
    ['{{/* note }}', '1:1: a comment must end right before }}: {{/* … */}}'],
    ['{{break}}', '1:1: {{break}} outside of {{range}}'],
    ['{{template "nosuch"}}', '1:1: no template is named "nosuch"'],
    ['{{index .status.mounts 7}}', '1:3: index: there is no position 7: they end at 1'],
    ['{{len 3}}', '1:3: len: a number has no length'],
    ['{{lt true false}}', '1:3: lt: true or false and true or false have no order'],
    ['{{eq .status.id 1}}', '1:3: eq: text and a number cannot be compared'],
    ['{{not}}', '1:3: not takes 1 argument, here it has 0'],
    ['{{.status.id 3}}', '1:3: .status.id is a value, not a function: it takes no arguments'],
    ['{{call .status}}', '1:3: call: an object is no function'],
    ['{{range .status.id}}{{end}}', '1:9: range needs a list, an object or a whole number, this is text'],
    [
      `{{printf "${'%999999d'.repeat(20)}"${' 1'.repeat(20)}}}`,
      '1:3: printf: makes more than 16777216 characters',
    ],
    ['{{if 1}}'.repeat(300), expect.stringMatching(/^1:\d+: nested more than 200 deep$/)],
    ['('.repeat(300).replace('(', '{{('), expect.stringMatching(/^1:\d+: /)],
  ])('%s', (template, message) => expect(complaint(() => result(template))).toEqual(message))
})

test.each([
  ['{{define "x"}}{{template "x"}}{{end}}{{template "x"}}', '1:15: more than 100 actions inside one another'],
  ['{{range 9999999999}}{{end}}', '1:9: the template takes more than 1000 steps'],
  ['{{$x := "a"}}{{range 40}}{{$x = print $x $x}}{{end}}', '1:33: print is given more than 1250 characters'],
  ['{{range 900}}{{$x := printf "%1000d" 1}}{{end}}', '1:22: the template takes more than 1000 steps'],
  ['{{range 20}}{{printf "%1000d" 1}}{{end}}', '1:15: the output is longer than 10000 characters'],
])('%s ends', (template, message) => {
  const bounded = parseGoTemplate(template, {steps: 1000, output: 10_000, depth: 100})
  expect(complaint(() => bounded.render(inspected))).toBe(message)
})

test('templates may include themselves as deep as the bound allows', () => {
  const template = parseGoTemplate(
    '{{define "x"}}{{if .}}{{template "x" (slice . 1)}}.{{end}}{{end}}{{template "x" .}}',
  )
  expect(template.render('a'.repeat(400))).toBe('.'.repeat(400))
})

function complaint(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(/^template /, '')
    throw error
  }
  return 'no complaint'
}
