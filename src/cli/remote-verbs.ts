/** They end with the code of a command that runs elsewhere, and goes on when they are cut off. */
export const remoteVerbs: ReadonlySet<string> = new Set(['attach', 'debug', 'enter', 'exec', 'run'])
