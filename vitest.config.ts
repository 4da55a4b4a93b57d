import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most tests wait for processes of their own: more workers than cores keep the cores busy.
    maxWorkers: 3,
    globalSetup: ['test/support/containerd/announce.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
