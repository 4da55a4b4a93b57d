import {ownCommand} from '../../text/own-command.js'

// What the built-in images run: a few lines of shell each, since a node's worth of them should cost little. They end
// at once on SIGTERM: a shell runs its trap only between commands, hence the waiting for a sleep in the background.

const pause = 'sleep "$1" & wait $!'
const polite = "trap 'echo stopping; exit 0' TERM INT"

export const tickerScript = `${polite}
tick() { ${pause}; }
n=0
while :; do
  n=$((n + 1))
  echo "\${TICK_TEXT:-tick} $n"
  tick "\${TICK_SECONDS:-1}"
done`

export const crasherScript = `echo "connecting to \${DATABASE:-db.example:5432}"
sleep "\${CRASH_AFTER_SECONDS:-0.1}"
echo "fatal: no route to \${DATABASE:-db.example:5432}" >&2
exit "\${CRASH_CODE:-1}"`

export const sleeperScript = 'exec sleep 2147483647'

/** Listens in its pod alone: port-forward leads to the sockets in this directory, named for the pod's ports. */
export const podPortsVariable = 'CRISP_POD_PORTS'

/** The web server as a program of its own; standalone there is no other JavaScript than crisp's own to run it. */
export function webCommand(): string[] {
  const own = ownCommand(process)
  return own.length === 1 ? [...own, 'demo', '--page'] : [process.execPath, '-e', webProgram]
}

export function runWebProgram(): void {
  new Function('require', webProgram)(process.getBuiltinModule)
}

const webProgram = `
const {createServer} = require('node:http')
const {join} = require('node:path')
const {rmSync} = require('node:fs')
const port = process.env.PORT || '8080'
const path = join(process.env.${podPortsVariable}, port + '.sock')
rmSync(path, {force: true})
const server = createServer((request, response) => {
  console.log(request.method + ' ' + request.url + ' 200')
  response.setHeader('content-type', 'text/plain')
  response.end((process.env.WEB_TEXT || 'hello from ' + process.env.HOSTNAME) + '\\n')
})
server.listen(path, () => console.log('listening on port ' + port + ' of the pod'))
process.on('SIGTERM', () => { console.log('stopping'); process.exit(0) })
`
