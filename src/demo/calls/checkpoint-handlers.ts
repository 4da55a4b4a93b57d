import {constants} from 'node:fs'
import {open} from 'node:fs/promises'
import type * as cri from '../../generated/cri.js'
import {requireRunning} from '../processes/exec.js'
import {tarOf} from '../processes/tar.js'
import type {Handlers} from '../server/rpc.js'
import {requireOwnPlace} from '../state/own-paths.js'
import type {Runtime} from '../state/runtime.js'
import {goJson} from './go-json.js'
import {containerInfo} from './info.js'
import {containerStatus} from './records.js'

const contents =
  'The embedded runtime of crisp made this archive. It describes the container, but holds none of the memory of its ' +
  'processes: nothing can be restored from it.\n'

export function checkpointHandlers(runtime: Runtime) {
  return {
    /** An archive that looks like a real one from outside. What makes a real one, CRIU, needs root. */
    async checkpointContainer({containerId, location}: cri.CheckpointContainerRequest) {
      const container = runtime.containers.get(containerId)
      requireRunning(container)
      await requireOwnPlace(location, 'location')
      const archive = tarOf({
        README: contents,
        'config.dump': JSON.stringify(goJson('ContainerConfig', container.config)),
        'spec.dump': JSON.stringify(JSON.parse(containerInfo(runtime, container).info ?? '{}').runtimeSpec),
        'status.dump': JSON.stringify(containerStatus(container, runtime.behaviour)),
      })
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
      await using file = await open(location, flags, 0o600)
      await file.writeFile(archive)
      return {}
    },
  } satisfies Partial<Handlers>
}
