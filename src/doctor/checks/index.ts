import type {Check} from '../check.js'
import {cgroups} from './cgroups.js'
import {clock} from './clock.js'
import {cni} from './cni.js'
import {conditions} from './conditions.js'
import {deprecations} from './deprecations.js'
import {disk} from './disk.js'
import {kubelet} from './kubelet.js'
import {pods} from './pods.js'
import {pulls} from './pulls.js'
import {responses} from './responses.js'
import {runtime} from './runtime.js'

/** What is asked first stands first. */
export const checks: readonly Check[] = [
  runtime,
  conditions,
  responses,
  cni,
  cgroups,
  kubelet,
  pods,
  disk,
  pulls,
  clock,
  deprecations,
]
