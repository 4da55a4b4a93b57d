// Runs a command against a runtime, then writes the code that V8 has made of the libraries meanwhile.
import {writeFileSync} from 'node:fs'
import {startServer} from '../bench/demo-server.mjs'
import {compiledLibraries, compiledLibrariesFile} from '../dist/cli/libraries.js'
import {main} from '../dist/main.js'

const server = startServer()
try {
  await main(['-r', server.endpoint, 'ps', '-q'])
  writeFileSync(compiledLibrariesFile(), compiledLibraries())
} finally {
  server.stop()
}
