import {chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {findOnPath, findRootProgram} from '../../../src/node/host/root-programs.js'
import {isMet} from '../../support/needs.js'

const directory = mkdtempSync(join(tmpdir(), 'crisp-programs-'))
afterAll(() => rmSync(directory, {recursive: true}))

/** A folder with a program `tool` in it. */
function folder(name: string): string {
  const path = join(directory, name)
  mkdirSync(path)
  writeFileSync(join(path, 'tool'), '#!/bin/sh\n', {mode: 0o755})
  return path
}

const search = (folders: readonly string[], user: number | undefined) =>
  findOnPath('tool', {PATH: folders.join(delimiter)}, user)

test('whoever is not root has what the PATH has', () => {
  expect(search([folder('any')], 1000)).toEqual({path: 'tool'})
})

describe.skipIf(!isMet('root'))('for root', () => {
  const own = folder('own')
  const folderOfOthers = folder('folder-of-others')
  const programOfOthers = folder('program-of-others')
  const writable = folder('writable')
  const linked = folder('linked')
  rmSync(join(linked, 'tool'))
  symlinkSync(join(programOfOthers, 'tool'), join(linked, 'tool'))
  chmodSync(writable, 0o777)
  if (isMet('root')) {
    chownSync(folderOfOthers, 65_534, 65_534)
    chownSync(join(programOfOthers, 'tool'), 65_534, 65_534)
  }

  test('what others may change is passed over', () => {
    const foreign = [folderOfOthers, programOfOthers, writable, linked]
    for (const each of foreign) expect(search([each], 0)).toEqual({why: 'foreign'})
    expect(search([...foreign, own], 0)).toEqual({path: join(own, 'tool')})
  })

  const id = '0123456789abcdef'.repeat(4)
  test.each([
    'io.containerd.runtime.v2.task/k8s.io/web/rootfs/bin',
    'io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/bin',
    `overlay/${id}/merged/bin`,
    `overlay/${id}/diff/bin`,
    `overlay2/${id}/diff/bin`,
    `vfs/dir/${id}/bin`,
    'pods/uid/volumes/kubernetes.io~empty-dir/data',
    'pods/uid/volume-subpaths/data/web/0',
  ])('root’s file in %s is not the node’s', (inside) => {
    mkdirSync(join(directory, inside), {recursive: true})
    const file = join(directory, inside, 'tool')
    writeFileSync(file, '#!/bin/sh\n', {mode: 0o755})
    expect(findRootProgram(file)).toEqual({why: 'foreign'})
    const link = join(own, id.slice(0, 8))
    symlinkSync(file, link)
    expect(findRootProgram(link)).toEqual({why: 'foreign'})
    rmSync(link)
  })

  test('what k3s has unpacked for the node is', () => {
    const unpacked = folder(id)
    expect(findRootProgram(join(unpacked, 'tool'))).toEqual({path: join(unpacked, 'tool')})
  })

  test('a folder that is not absolute is none', () => {
    expect(search(['.', '', own], 0)).toEqual({path: join(own, 'tool')})
  })

  test('what is nowhere is missing', () => {
    expect(search([directory, ''], 0)).toEqual({why: 'missing'})
  })
})
