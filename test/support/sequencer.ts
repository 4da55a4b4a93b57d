import {relative, sep} from 'node:path'
import {BaseSequencer, type TestSpecification} from 'vitest/node'

/**
 * Begins with the files that wait most, for a real runtime or for many processes: one that comes last is waited for by
 * all workers. The rest is as it was.
 */
export class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isFirst = ({moduleId}: TestSpecification) =>
      waiting.some((place) => relative(this.ctx.config.root, moduleId).split(sep).join('/').startsWith(place))
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))]
  }
}

const waiting = ['test/containerd/', 'test/scenarios/', 'test/demo/']
