import type {Subject} from './subject.js'

export type Severity = 'info' | 'warning' | 'broken'

/** Whom a check asks. */
export type Source = 'CRI' | 'host'

/** Something that is not as it should be. */
export interface Finding {
  severity: Severity
  /** One line: what is wrong. */
  what: string
  /** What it is about, where it is about one thing: a container, a pod, an image, a path. */
  object?: string
  /** What shows it, a line each. */
  evidence: readonly string[]
  /** What to do about it. */
  fix: string
}

/** One thing that can be wrong with a node, in a file of its own in `checks/`. */
export interface Check {
  /** One word of its own, by which it is chosen, ignored and explained. */
  name: string
  /** What it looks at, as half a sentence. */
  about: string
  sources: readonly Source[]
  /** The worst that it finds. */
  severity: Severity
  /** What `explain doctor/NAME` says: why it matters, how it is found, what it may mistake. */
  explanation: string
  /** Whether there is reason to run it, where nobody chose it by name; there always is, if left out. */
  isAsked?: (subject: Subject) => boolean
  /**
   * Throws NotChecked where it cannot tell. Has an end of its own: what is asked of the runtime has deadlines, and
   * whatever else takes too long is left behind.
   */
  run: (subject: Subject) => Promise<readonly Finding[]>
}
