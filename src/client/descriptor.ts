import {descriptorJson} from '../generated/descriptor.js'
import {snakeCase} from '../text/case.js'

/** The parts of protobufjs' JSON form that our proto uses. */
export interface FieldDescriptor {
  type: string
  id: number
  rule?: 'repeated'
  keyType?: string
  options?: Record<string, unknown>
}
interface TypeDescriptor {
  fields: Record<string, FieldDescriptor>
  nested?: Record<string, EnumDescriptor>
}
interface EnumDescriptor {
  values: Record<string, number>
}
interface MethodDescriptor {
  requestType: string
  responseType: string
  responseStream?: boolean
}
interface ServiceDescriptor {
  methods: Record<string, MethodDescriptor>
}
type Descriptor = TypeDescriptor | EnumDescriptor | ServiceDescriptor

export type ServiceName = 'RuntimeService' | 'ImageService'

let parsed: Record<string, Descriptor> | undefined

/** Every message, enum and service of the package by its name. */
function elements(): Record<string, Descriptor> {
  parsed ??= JSON.parse(descriptorJson).nested.runtime.nested.v1.nested as Record<string, Descriptor>
  return parsed
}

/** Every message and enum, an enum inside a message as `Message.Enum`, in the proto's order. */
export function typeNames(): string[] {
  return Object.entries(elements()).flatMap(([name, element]) => {
    if ('methods' in element) return []
    const inner = 'fields' in element ? Object.keys(element.nested ?? {}) : []
    return [name, ...inner.map((nested) => `${name}.${nested}`)]
  })
}

/** A message's fields by their JSON names, in the proto's order; undefined for anything but a message. */
export function messageFields(name: string): Record<string, FieldDescriptor> | undefined {
  const element = elements()[name]
  return element && 'fields' in element ? element.fields : undefined
}

/** An enum's numbers by their names; a nested one is named `Message.Enum`. */
export function enumValues(name: string): Record<string, number> | undefined {
  const [outer = '', inner] = name.split('.')
  const element = elements()[outer]
  if (inner !== undefined) return element && 'fields' in element ? element.nested?.[inner]?.values : undefined
  return element && 'values' in element ? element.values : undefined
}

export function methodsOf(service: ServiceName): Record<string, MethodDescriptor> {
  return (elements()[service] as ServiceDescriptor).methods
}

/** The few that the proto does not write in its own style. */
const irregularNames: Readonly<Record<string, string>> = {
  CDIDevices: 'CDI_devices',
  uidMappings: 'uidMappings',
  gidMappings: 'gidMappings',
}

/** A field's name in JSON, `runAsUser`, as the proto writes it. */
export function protoName(jsonName: string): string {
  return irregularNames[jsonName] ?? snakeCase(jsonName)
}
