export type ObjectKind = 'container' | 'pod' | 'image'

/** One of several things that a reference may mean. */
export interface Candidate {
  id: string
  name: string
}

/** What a file in YAML or JSON holds: `configuration` of a pod or a container. */
export type FileKind = 'configuration' | 'plan' | 'request' | 'lesson'

/** What went wrong between the runtime and a registry. */
export type PullProblem =
  | 'signature refused'
  | 'registry unreachable'
  | 'registry untrusted'
  | 'unknown image'
  | 'credentials refused'
  | 'credentials wanted'
  | 'too many requests'
  | 'disk full'
  | 'invalid reference'

/**
 * What is known of a failure that a user can put right, for whoever words it: the error's message states the fact, and
 * `cli/failures` adds the fix, which names flags and commands. A new kind goes here and there, no further.
 */
export type Facts =
  /** `second` is the command that the second word would be. */
  | {about: 'unknown command'; words: readonly string[]; second?: string | undefined}
  | {about: 'unknown flag'; verb: string; flag: string}
  | {about: 'missing object'; object: ObjectKind; reference: string; nearest: () => readonly string[]}
  | {about: 'ambiguous reference'; object: ObjectKind; reference: string; candidates: readonly Candidate[]}
  | {about: 'running object'; object: 'container' | 'pod'; reference: string}
  | {about: 'existing pod'; namespace: string; name: string}
  | {about: 'answer without an ID'; method: string}
  | {about: 'shared event queue'; runtimeVersion: string}
  | {about: 'pull'; image: string; problem: PullProblem; host: string; reason: string; said: string}
  | {about: 'slow pull'; image: string}
  | {about: 'credentials file'; path: string; code: string | undefined}
  | {about: 'log file'; path: string; code: string | undefined}
  | {about: 'configuration file'; holds: FileKind; code: string | undefined}
  | {about: "other users' processes"}
  | {about: 'missing command'; command: string | undefined}
  | {about: 'command time limit'; seconds: number}
  | {about: 'large exec answer'}
  | {about: 'created container'}
  | {about: 'exited container'; exitCode: number; finishedAt: string}
  | {about: 'dropped stdin'}
  | {about: 'no tar'; container: string}
  | {about: 'values of the reader'; container: string}
  | {about: 'device in a container'; container: string; path: string}
