/** What the program on the node is told before it does anything: as JSON, in front of the frames. */
export interface Orders {
  /** Begins the marks of this run. */
  nonce: string
  /** The command line, as it would be typed there. */
  words: readonly string[]
  /** Beside the node's own. */
  environment: Readonly<Record<string, string>>
  /** What stdin, stdout and stderr of the user are. */
  terminals: {stdin: boolean; stdout?: TerminalFacts; stderr?: TerminalFacts}
  /** One of several nodes: views come as what they are made of, and are laid out here. */
  answers?: boolean
  /** Calls are traced, for a file of the user. */
  traced?: boolean
  /** In which the user wants sizes, where no flag says so. */
  units?: 'si' | 'iec'
  /** One of several nodes whose clocks are compared: it says its time, before it begins and whenever it is asked. */
  clock?: boolean
  /** The user's files that the command line names, by the path that is written there. */
  files: Readonly<Record<string, TravellingFile>>
  /** What the line copies into a container, which is asked for as a tar stream. */
  source?: {path: string; isFile: boolean}
  /** Of a command that is gone on with when the connection was lost: what was kept the last time. */
  resume?: {before?: readonly (readonly [string, string])[]; lostMs: number}
  /** Of a port-forward: stdin and stdout are a connection that came, or only whether any may come is asked. */
  connection?: 'carry' | 'check'
}

export interface TerminalFacts {
  columns: number
  rows: number
}

/** In base64, or why it could not be read. */
export type TravellingFile = {content: string} | {problem: string; code?: string}
