import {relative} from 'node:path'
import type {Reporter, TestCase, TestModule} from 'vitest/node'

/** Set where a test that is left out is a failure. */
export const noSkips = Boolean(process.env.CRISP_NO_SKIPS)

/** After all tests: the files that took longest, what was left out, and how it went in one plain line. */
export class Report implements Reporter {
  #root = ''
  #selected = false

  onInit({config}: Parameters<NonNullable<Reporter['onInit']>>[0]): void {
    this.#root = config.root
    this.#selected = config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: ReturnType<TestCase['result']>['state']) =>
      cases.filter((one) => one.result().state === state).length
    if (modules.length > 10) {
      const slowest = modules
        .map((module) => ({file: relative(this.#root, module.moduleId), ms: durationOf(module)}))
        .sort((a, b) => b.ms - a.ms)
        .slice(0, 10)
      console.log('The ten slowest files:')
      for (const {file, ms} of slowest) console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${file}`)
    }
    if (noSkips && !this.#selected) {
      const skipped = cases.filter((one) => one.result().state === 'skipped')
      for (const one of skipped) console.log(`Skipped, where CRISP_NO_SKIPS forbids it: ${one.fullName}`)
      if (skipped.length > 0) process.exitCode = 1
    }
    const brokenFiles = modules.filter((module) => module.errors().length > 0).length
    console.log(
      `${count('passed')} passed, ${count('failed') + brokenFiles + errors.length} failed, ${count('skipped')} skipped`,
    )
  }
}

function durationOf(module: TestModule): number {
  const {collectDuration, duration} = module.diagnostic()
  return collectDuration + duration
}
