import {describe, expect, test} from 'vitest'
import type {Grammar} from '../../../src/cli/grammar.js'
import {allowedLine} from '../../../src/cli/tour/allowed.js'
import {manifest} from '../../support/in-process.js'

const grammar = manifest as unknown as Grammar
const ofLesson = (line: string) => allowedLine(line, 'lesson', grammar)
const ofTour = (line: string) => allowedLine(line, 'crisp', grammar)

describe('a lesson, which may be written by anybody', () => {
  test.each([
    ['crisp ps -a', ['ps', '--all=true', '--']],
    ['ps', ['ps', '--']],
    ['crictl pods --name ^web', ['pods', '--name=^web', '--']],
    [
      'crisp run -d --name a --env CRASH_CODE=7 busybox -- sleep 600',
      ['run', '--detach=true', '--name=a', '--env=CRASH_CODE=7', '--', 'busybox', 'sleep', '600'],
    ],
    ['exec a/b echo --rm -f /etc', ['exec', '--', 'a/b', 'echo', '--rm', '-f', '/etc']],
    ["inspect a -o 'jsonpath={.status.state}'", ['inspect', '--output=jsonpath={.status.state}', '--', 'a']],
    [
      'rmi --all-tags registry.crisp.demo/any:1.0',
      ['rmi', '--all-tags=true', '--', 'registry.crisp.demo/any:1.0'],
    ],
    ['call ContainerStatus container_id=abc', ['call', '--', 'ContainerStatus', 'container_id=abc']],
  ])('may run: %s', (line, argv) => {
    expect(ofLesson(line).argv).toEqual(argv)
  })

  // Programs of this machine, each by another door.
  test.each([
    'exec a sh',
    'exec -it a sh',
    'exec a sh -c "rm -rf ~"',
    'exec a /bin/sh',
    'exec a env sh',
    'exec -- a bash',
    'exec a',
    'exec --name a sh -c id',
    'run busybox sh -c id',
    'run busybox -- rm -rf /',
    'run --entrypoint sh busybox -- -c id',
    'run -e PATH=/tmp/evil busybox echo',
    'run -e LD_PRELOAD=/tmp/evil.so busybox echo',
    'run -e TICK_TEXT busybox echo',
    'run --env-file /etc/passwd busybox echo',
    'run --env ENV=/tmp/evil registry.crisp.demo/ticker:1.0',
    'run registry.crisp.demo/any:1.0 python3',
    'debug a',
    'enter a sh',
    'attach a',
  ])('runs no program but those that are listed: %s', (line) => {
    expect(() => ofLesson(line)).toThrow(/^not in|needs a command/)
  })

  // Files of this machine.
  test.each([
    'cp a:/etc/passwd .',
    'report /tmp/x.tar.gz',
    'checkpoint --export /etc/cron.d/x a',
    'runp /tmp/pod.yaml',
    'runp pod.yaml',
    'create a container.yaml',
    'run -f plan.yaml',
    'run /tmp/c.yaml /tmp/p.yaml',
    'run ./c.yaml ./p.yaml',
    'run ../c.yaml ../p.yaml',
    'run --log-directory /etc busybox',
    'run -v /:/host busybox',
    'run --device /dev/sda busybox',
    'run --authfile /root/.docker/config.json busybox',
    'pull --authfile /tmp/x busybox',
    'pull --creds-stdin busybox',
    'pull --pod-config /tmp/x busybox',
    'ps -o custom-columns-file=/etc/shadow',
    'ps -o go-template-file=/etc/shadow',
    'ps -o go-template-file --template /etc/shadow',
    'inspect a -o jsonpath-file=/etc/shadow',
    'logs /var/log/syslog',
    'exec a echo @/etc/shadow',
    'ps @/etc/shadow',
    'describe --kubelet-dir / a',
    'call RunPodSandbox /tmp/x.yaml',
    'call ListContainers /tmp/x.yaml',
    'call ListContainers -',
    'call ListContainers @x',
    'ps --trace-file /etc/cron.d/x',
    'ps --profile-cpu /etc/cron.d/x',
    'ps --profile-mem /etc/cron.d/x',
    'ps -c /tmp/crictl.yaml',
    'df',
    'doctor',
    'which 1',
    'processes a',
    'config --set debug=true',
    'completion bash',
    'init pod',
    'jsonschema run --pod',
  ])('reads and writes no file: %s', (line) => {
    expect(() => ofLesson(line)).toThrow(/^not in|^unknown/)
  })

  // Other runtimes, machines and settings.
  test.each([
    '-r unix:///run/containerd/containerd.sock ps',
    '--runtime-endpoint=unix:///run/crio/crio.sock ps',
    'ps -r demo',
    'ps --image-endpoint unix:///x',
    '-i unix:///x images',
    'ps --config x',
    'ps -N worker',
    '--node worker ps',
    'ps --nodes-file /tmp/nodes',
    'ps --node-mode tunnel',
    'inspect worker//web',
    'logs ssh://worker//web',
    'exec worker//web echo',
    'node ls',
    'demo --stop',
    'demo --user nobody',
    'tour --lesson /tmp/other.yaml',
    'ps --enable-tracing --tracing-endpoint evil:4317',
    'port-forward a 8080',
    'top',
    'update-runtime-config --pod-cidr 10.0.0.0/8',
    'call StopContainer container_id=a',
    'call UpdateRuntimeConfig',
    'call RuntimeService.ExecSync container_id=a cmd=sh',
  ])('reaches no other place: %s', (line) => {
    expect(() => ofLesson(line)).toThrow(/^not in/)
  })

  test.each(['ps; id', 'ps | sh', 'ps > /etc/x', 'ps & id', 'ps $(id)', 'ps `id`', "ps 'a"])(
    'no shell reads a line: %s',
    (line) => {
      expect(() => ofLesson(line)).toThrow(/^no shell reads this line|^a quote has no end/)
    },
  )
})

describe('who types in the tour itself', () => {
  test('may do in containers and to own files as they like', () => {
    expect(ofTour('exec -it a sh').argv).toEqual([
      'exec',
      '--interactive=true',
      '--tty=true',
      '--',
      'a',
      'sh',
    ])
    expect(ofTour('cp a:/x .').argv).toEqual(['cp', '--', 'a:/x', '.'])
  })

  test.each([
    '-r unix:///run/containerd/containerd.sock ps',
    'ps --node worker',
    'ps --config x',
    'inspect worker//web',
    'ps --trace-file x',
    'demo --stop',
    'node forget x',
    'config --set debug=true',
    'report',
    'tour',
  ])('is led to no other place: %s', (line) => {
    expect(() => ofTour(line)).toThrow(/^not in the tour/)
  })

  test.each([
    ['ps --help', ['ps', '--help']],
    ['help ps', ['help', 'ps']],
    ['help names', ['help', 'names']],
    ['--version', ['--version']],
  ])('gets help: %s', (line, argv) => {
    expect(ofTour(line)).toEqual({kind: 'help', verb: 'help', argv})
  })
})
