import {enumValues, type FieldDescriptor, messageFields, protoName} from '../client/descriptor.js'
import {plainValueOf} from './message.js'
import {shortEnumName} from './names.js'
import type {Rpc} from './requests.js'
import {containerStarter, type Fields, optional, podStarter, starterText, type Value} from './starter.js'

const place = {logDirectory: '/var/log/pods/default_example_1', cgroupParent: '/crisp/example'}
const metadata = {name: 'example', uid: '2dd1b8b0-6d1c-4f0a-9d6e-4f1f0b8d2c11', namespace: 'default'}

/** What a call does not do without, by its fields; the IDs are to be filled in. */
const needed: Readonly<Record<string, Value>> = {
  container_id: 'CONTAINER-ID',
  pod_sandbox_id: 'POD-ID',
  image: {image: 'docker.io/library/busybox:latest'},
  cmd: ['date'],
  port: [80],
  stdout: true,
  location: '/var/tmp/checkpoint.tar',
}

/** A request of this call to start from: what it needs, and all else behind a comment sign, each with its explanation. */
export function exampleText(rpc: Rpc, docs: Readonly<Record<string, string>>): string {
  return `${starterText(rpc.requestType, exampleFields(rpc), docs)}\n`
}

function exampleFields({name, requestType}: Rpc): Fields {
  if (name === 'RunPodSandbox') return {config: podStarter(place), runtime_handler: optional('runc')}
  if (name === 'CreateContainer')
    return {
      pod_sandbox_id: 'POD-ID',
      config: containerStarter({image: 'docker.io/library/busybox:latest'}),
      sandbox_config: {metadata, log_directory: place.logDirectory},
    }
  const fields = Object.entries(messageFields(requestType) ?? {}).map(([json, field]) => {
    const snake = protoName(json)
    if (snake === 'sandbox_config') return [snake, optional({metadata})]
    const value = needed[snake]
    return [snake, value ?? optional(sampleOf(field, snake, 0))]
  })
  return Object.fromEntries(fields)
}

function sampleOf(field: FieldDescriptor, name: string, depth: number): Value {
  if (field.keyType !== undefined) return {'example.com/key': 'value'}
  const one = singleSample(field, name, depth)
  return field.rule === 'repeated' ? [one] : one
}

function singleSample({type}: FieldDescriptor, name: string, depth: number): Value {
  const plain = plainValueOf[type]
  if (plain !== undefined) return type.endsWith('64Value') ? 1000 : 'example'
  const fields = messageFields(type)
  if (fields) {
    if (depth === 3) return {}
    const inner = Object.entries(fields).map(([json, field]) => [
      protoName(json),
      sampleOf(field, protoName(json), depth + 1),
    ])
    return Object.fromEntries(inner)
  }
  const values = enumValues(type)
  if (values) return shortEnumName(type, Object.keys(values)[0] ?? '')
  switch (type) {
    case 'bool':
      return true
    case 'string':
      return samples[name] ?? 'example'
    case 'bytes':
      return 'example'
    default:
      return 10
  }
}

const samples: Readonly<Record<string, string>> = {
  id: 'ID',
  pod_sandbox_id: 'POD-ID',
  container_id: 'CONTAINER-ID',
  pod_cidr: '10.244.1.0/24',
  version: 'v1',
}
