import {fromJSON, type ServiceDefinition} from '@grpc/proto-loader'
import type {ServiceName} from '../../client/descriptor.js'
import {descriptorJson} from '../../generated/descriptor.js'

/** How a server reads the requests of all methods of a service, and writes its answers. */
export function serviceDefinition(service: ServiceName): ServiceDefinition {
  definitions ??= fromJSON(JSON.parse(descriptorJson), {longs: String, enums: String, defaults: true})
  return definitions[`runtime.v1.${service}`] as ServiceDefinition
}

let definitions: ReturnType<typeof fromJSON> | undefined
