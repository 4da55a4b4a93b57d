import type {Check} from '../check.js'
import {cgroupFolders} from './cgroup-folders.js'
import {cgroups} from './cgroups.js'
import {clock} from './clock.js'
import {cni} from './cni.js'
import {conditions} from './conditions.js'
import {crashes} from './crashes.js'
import {deprecations} from './deprecations.js'
import {disk} from './disk.js'
import {images} from './images.js'
import {kubelet} from './kubelet.js'
import {limits} from './limits.js'
import {logFolders} from './log-folders.js'
import {mounts} from './mounts.js'
import {namespaces} from './namespaces.js'
import {oom} from './oom.js'
import {pods} from './pods.js'
import {pressure} from './pressure.js'
import {pulls} from './pulls.js'
import {responses} from './responses.js'
import {runtime} from './runtime.js'
import {shims} from './shims.js'
import {upgrade} from './upgrade.js'

/** What is asked first stands first. */
export const checks: readonly Check[] = [
  runtime,
  conditions,
  responses,
  cni,
  cgroups,
  kubelet,
  pods,
  crashes,
  oom,
  disk,
  limits,
  pressure,
  images,
  pulls,
  clock,
  deprecations,
  shims,
  namespaces,
  mounts,
  cgroupFolders,
  logFolders,
  upgrade,
]
