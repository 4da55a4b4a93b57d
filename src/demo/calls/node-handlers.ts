import type * as cri from '../../generated/cri.js'
import type {Call, Handlers} from '../server/rpc.js'
import type {Runtime} from '../state/runtime.js'
import {runtimeHandlers} from '../state/runtime-handlers.js'

const ownName = 'crisp-demo'

export interface NodeFacts {
  version: string
  /** Whether one looks after the pods. */
  kubelet: boolean
}

/** The runtime as a whole: who it is, how it is, what it can do. */
export function nodeHandlers(runtime: Runtime, {version, kubelet}: NodeFacts) {
  let podCidr = ''
  return {
    version() {
      const {version: other} = runtime.behaviour
      return {
        version: '0.1.0',
        runtimeName: other?.name ?? ownName,
        // Whoever looks sees what it is.
        runtimeVersion: other ? `${other.release}+${ownName}` : version,
        runtimeApiVersion: 'v1',
      }
    },

    status({verbose}: cri.StatusRequest) {
      return {
        status: {
          conditions: [
            {type: 'RuntimeReady', status: true},
            {type: 'NetworkReady', status: true},
          ],
        },
        runtimeHandlers: runtimeHandlers.map((name) => ({
          name,
          features: {recursiveReadOnlyMounts: false, userNamespaces: false},
        })),
        features: {supplementalGroupsPolicy: false, userNamespacesHostNetwork: false},
        info: verbose
          ? {
              config: JSON.stringify({
                directory: runtime.directory,
                isolation: 'none: containers are processes of the user who runs the server',
                logRotation: runtime.rotation,
                podCidr,
                kubelet,
              }),
              node: JSON.stringify(process.version),
            }
          : {},
      }
    },

    runtimeConfig() {
      return {linux: {cgroupDriver: runtime.behaviour.cgroupDriver}}
    },

    updateRuntimeConfig({runtimeConfig}: cri.UpdateRuntimeConfigRequest) {
      podCidr = runtimeConfig?.networkConfig?.podCidr ?? podCidr
      return {}
    },

    getContainerEvents(_request: cri.GetEventsRequest, {signal}: Call) {
      return runtime.events.read(signal)
    },
  } satisfies Partial<Handlers>
}
