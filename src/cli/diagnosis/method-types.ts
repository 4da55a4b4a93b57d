import {methodsOf, type ServiceName} from '../../client/descriptor.js'

export function serviceOf(method: string): ServiceName {
  return method in methodsOf('ImageService') ? 'ImageService' : 'RuntimeService'
}

export function requestType(method: string): string {
  return methodsOf(serviceOf(method))[method]?.requestType ?? ''
}

export function responseType(method: string): string {
  return methodsOf(serviceOf(method))[method]?.responseType ?? ''
}

/** Whether its answer is many messages. */
export function isStream(method: string): boolean {
  return methodsOf(serviceOf(method))[method]?.responseStream === true
}
