import {protoJson} from '../client/proto-json.js'
import {printable} from '../errors/printable.js'
import type {View} from '../formats/view.js'
import type {VersionResponse} from '../generated/cri.js'

export function versionView(response: VersionResponse): View {
  return {
    document: () => protoJson('VersionResponse', response),
    names: () => [response.runtimeName],
    // Two spaces behind each label, as crictl prints them.
    table: () =>
      [
        ['Version', response.version],
        ['RuntimeName', response.runtimeName],
        ['RuntimeVersion', response.runtimeVersion],
        ['RuntimeApiVersion', response.runtimeApiVersion],
      ]
        .map(([label, value]) => `${label}:  ${printable(value ?? '')}\n`)
        .join(''),
  }
}
