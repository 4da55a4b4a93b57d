import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {runCli} from '../../support/run-cli.js'

test('--node offers groups and hosts of ssh, with what it includes and without patterns', async () => {
  const home = mkdtempSync(join(tmpdir(), 'crisp-hosts-'))
  onTestFinished(() => rmSync(home, {recursive: true}))
  mkdirSync(join(home, '.ssh', 'conf.d'), {recursive: true})
  mkdirSync(join(home, '.config', 'crisp'), {recursive: true})
  writeFileSync(
    join(home, '.ssh', 'config'),
    'Include conf.d/*.conf\nHost worker-1 worker-* !worker-9\n  HostName 10.0.0.1\nhost="bastion"\nInclude config\n',
  )
  writeFileSync(join(home, '.ssh', 'conf.d', 'a.conf'), 'Host edge-1 edge-2\n')
  writeFileSync(join(home, '.ssh', 'conf.d', 'a.txt'), 'Host nowhere\n')
  writeFileSync(join(home, '.config', 'crisp', 'config.yaml'), 'nodes:\n  workers: worker-[1-8]\n')
  const env = {HOME: home, XDG_CONFIG_HOME: '', XDG_STATE_HOME: ''}
  const offered = async (...words: string[]) => {
    const {stdout} = await runCli(['__complete', 'fish', ...words], {env})
    return stdout.split('\n').map((line) => line.split('\t')[0])
  }
  const all = await offered('--node', '')
  for (const word of ['@workers', '@all', '@failed', 'edge-1', 'edge-2', 'worker-1', 'bastion'])
    expect(all).toContain(word)
  for (const word of ['worker-*', '!worker-9', 'nowhere']) expect(all).not.toContain(word)
  expect(await offered('-N', 'n1,@w')).toContain('n1,@workers')
})
