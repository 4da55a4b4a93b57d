import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import protobuf from 'protobufjs'
import {expect, test} from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const proto = 'proto/runtime/v1/api.proto'

test('names, numbers and types are those of the CRI', () => {
  const check = fileURLToPath(new URL('check-proto.mjs', import.meta.url))
  const {status, stdout, stderr} = spawnSync(process.execPath, [check, proto], {cwd: root, encoding: 'utf8'})
  expect({status, stdout, stderr}).toEqual({
    status: 0,
    stdout: '170 messages, 11 enums, 41 rpcs match\n',
    stderr: '',
  })
})

test('every element has a comment that says more than its name', () => {
  const parsed = protobuf.parse(readFileSync(`${root}/${proto}`, 'utf8'), {
    alternateCommentMode: true,
    preferTrailingComment: false,
  })
  const silent: string[] = []
  const check = (name: string, comment: string | null | undefined) => {
    if (!comment || comment.length < 12 || comment.includes('TODO')) silent.push(name)
  }
  const walk = (element: protobuf.ReflectionObject) => {
    if (element instanceof protobuf.Namespace) for (const nested of element.nestedArray) walk(nested)
    if (element instanceof protobuf.Type) {
      check(element.fullName, element.comment)
      for (const field of element.fieldsArray) check(field.fullName, field.comment)
    }
    if (element instanceof protobuf.Service) {
      check(element.fullName, element.comment)
      for (const method of element.methodsArray) check(method.fullName, method.comment)
    }
    if (element instanceof protobuf.Enum) {
      check(element.fullName, element.comment)
      for (const value of Object.keys(element.values))
        check(`${element.fullName}.${value}`, element.comments[value])
    }
  }
  walk(parsed.root)
  expect(silent).toEqual([])
})
