#!/usr/bin/env node
try {
  const {run} = await import('../dist/main.js')
  await run(process.argv.slice(2))
} catch (error) {
  if (error?.code !== 'EMFILE' && error?.code !== 'ENFILE') throw error
  process.stderr.write('crisp: too many open files: allow more, as with ulimit -n 1024\n')
  process.exitCode = 1
}
