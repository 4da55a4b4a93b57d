import {spawnSync} from 'node:child_process'
import {readdirSync, symlinkSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {removeLogFiles} from '../../src/logs/remove-files.js'
import {logDirectory} from '../support/log-files.js'

test('the log and its rotated files are removed; other files with the same prefix stay', async () => {
  using logs = logDirectory()
  const own = [
    'app',
    'app.20260102-000010',
    'app.20260102-000020',
    'app.20260102-000020.gz',
    'app.1',
    'app.2.gz',
  ]
  const others = [
    'app.20260102',
    'app.v2',
    'app.v2.20260102-000010',
    'app.yaml',
    'app.log',
    'application',
    'app.1234',
    'app.gz',
  ]
  for (const name of [...own, ...others]) logs.write(name, '')
  await removeLogFiles(join(logs.path, 'app'), (text) => expect.unreachable(text))
  expect(readdirSync(logs.path).sort()).toEqual(others.sort())
})

test('a symlink is removed and its target stays', async () => {
  using logs = logDirectory()
  logs.write('elsewhere/x.log', 'x')
  logs.write('elsewhere/x.log.1', 'x')
  symlinkSync('elsewhere/x.log', join(logs.path, '0.log'))
  await removeLogFiles(join(logs.path, '0.log'), (text) => expect.unreachable(text))
  expect(readdirSync(logs.path)).toEqual(['elsewhere'])
  expect(readdirSync(join(logs.path, 'elsewhere')).sort()).toEqual(['x.log', 'x.log.1'])
})

test('a device or pipe that a container logs to stays', async () => {
  using logs = logDirectory()
  spawnSync('mkfifo', [join(logs.path, '0.log')])
  await removeLogFiles(join(logs.path, '0.log'), (text) => expect.unreachable(text))
  expect(readdirSync(logs.path)).toEqual(['0.log'])
})
