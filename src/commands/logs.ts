import * as Args from '@oclif/core/args'
import {CriCommand} from '../cli/command.js'
import {logFlags, logRequest} from '../cli/flags/logs.js'
import {countText, sumUpAtEnd} from '../cli/sum-up.js'
import {showLogs} from '../log-session/show.js'
import {resumePoint} from '../node/resume-point.js'
import {countLines, processSink} from '../terminal/sink.js'

export default class Logs extends CriCommand {
  static override summary = 'Show the logs of containers, rotated files included'
  static override description =
    'Several containers are merged by time. crisp reads the files on this machine, which needs root on most nodes.'
  static override examples = [
    'crisp logs web',
    'crisp logs -f --tail 20 kube-system/coredns-x',
    'crisp logs --since "yesterday 14:00" --until "yesterday 14:10" etcd',
    'crisp logs --previous web-1/app',
    'crisp logs -l app=web --since 10m --grep error -C 3',
    'crisp logs -f --namespace ^kube-system$ -o json',
  ]

  static override args = {
    container: Args.string({
      multiple: true,
      complete: 'container-or-pod',
      description:
        'container or pod: ID, name, pod/name or namespace/pod/name; a pod means all its containers',
    }),
  }

  static override flags = logFlags

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Logs)
    const request = logRequest(args.container ?? [], flags)
    using client = await this.connect(flags)

    // Only there somebody is told how many: elsewhere no byte is looked at for it.
    const counted = request.follow && process.stdout.isTTY ? countLines(processSink()) : undefined
    using _ = counted && sumUpAtEnd(() => countText(counted.lines, 'line'), this.signal)
    await showLogs(request, {
      client,
      sink: counted ?? processSink(),
      resume: resumePoint(),
      style: (await this.tableStyle()) && (await import('../terminal/colours.js')).logStyle,
      signal: this.signal,
      note: (text) => this.note(text),
      fail: (error) => this.fail(error),
    })
  }
}
