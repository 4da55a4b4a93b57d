import {spawnSync} from 'node:child_process'
import {lstatSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect} from 'vitest'
import {ContainerLog} from '../../../src/demo/processes/container-log.js'
import {testWith} from '../../support/needs.js'

testWith('root')('a log that is a device is written to, and never rotated away', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crisp-log-'))
  const device = join(directory, 'null')
  spawnSync('mknod', [device, 'c', '1', '3'])
  const log = await ContainerLog.open(device, {maxBytes: 10, maxFiles: 5}, 'containerd')
  await log.write('stdout', Buffer.from('longer than the limit of ten bytes\n'))
  await log.close()
  expect(readdirSync(directory)).toEqual(['null'])
  expect(lstatSync(device).isCharacterDevice()).toBe(true)
  rmSync(directory, {recursive: true})
})
