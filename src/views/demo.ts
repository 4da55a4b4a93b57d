import {programName} from '../text/program.js'

function warningOfRoot(): string {
  return `
  ITS CONTAINERS ARE PROCESSES OF ROOT ON THIS MACHINE, WITHOUT ANY ISOLATION.
  What one of them does, it does to this machine: files it removes are gone here.
  "${programName()} demo --user NAME" runs server and containers as somebody else.
`
}

/** In one line, what root should know before it runs anything there. */
export function demoOfRoot(): string {
  return `the embedded runtime runs as root and isolates nothing: what a container does, it does to this machine (${programName()} demo --user NAME runs it as another user)`
}

/** What to do with a runtime that has just come up. */
export function demoIntroduction(reference: string, socketPath: string, {ofRoot}: {ofRoot: boolean}): string {
  const crisp = `${programName()} -r ${reference}`
  return `The embedded runtime serves the CRI on ${socketPath} until Ctrl-C.
${ofRoot ? warningOfRoot() : 'Its containers are ordinary processes of yours: there is no isolation at all.'}
In another terminal:

  ${crisp} pods
  ${crisp} ps -a
  ${crisp} logs orders
  ${crisp} exec toolbox/shell date
  ${crisp} stats

CRI calls as they come:
`
}
