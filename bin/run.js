#!/bin/sh
':' //; exec node -- "$0" "$@"
// A shell runs the line above. Without the -- Node takes an --env-file anywhere behind the script for its own and obeys
// the NODE_OPTIONS in that file. Not every env splits words (-S).
try {
  const {run} = await import('../dist/package.js')
  await run(process.argv.slice(2))
} catch (error) {
  if (error?.code !== 'EMFILE' && error?.code !== 'ENFILE') throw error
  process.stderr.write('crisp: too many open files: allow more, as with ulimit -n 1024\n')
  process.exitCode = 1
}
