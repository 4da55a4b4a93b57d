import {defineConfig} from 'vitest/config'
import {aboutNode} from './test/support/about-node.js'
import {Report} from './test/support/report.js'
import {Sequencer} from './test/support/sequencer.js'

// No test is about how long something takes, so nothing waits for less than this: only what hangs gets there.
const patienceMs = 120_000

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      // CRISP_BIN names a standalone file: npm run test:standalone.
      ...(process.env.CRISP_BIN ? aboutNode() : ['test/standalone/**']),
      // About a folder of packages, which CRISP_PACKAGES names: npm run test:packages.
      ...(process.env.CRISP_PACKAGES ? [] : ['test/packages/**']),
      // About standalone files for several processors: npm run test:processors.
      ...(process.env.CRISP_PROCESSORS ? [] : ['test/processors/**']),
    ],
    // Most tests wait for processes of their own: more workers than cores keep the cores busy.
    maxWorkers: 3,
    // On one runtime for all files, each expects to be alone.
    fileParallelism: process.env.CRISP_TEST_ENDPOINT === undefined,
    // Those that run side by side in one file mostly pause, as the commands in them do.
    maxConcurrency: 8,
    sequence: {sequencer: Sequencer},
    globalSetup: ['test/support/announce.ts'],
    reporters: ['default', new Report()],
    slowTestThreshold: 10_000,
    setupFiles: ['test/support/own-home.ts', 'test/support/leftovers.ts'],
    testTimeout: patienceMs,
    hookTimeout: patienceMs,
    expect: {requireAssertions: true, poll: {timeout: patienceMs / 2, interval: 20}},
  },
})
