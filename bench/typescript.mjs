// The tests' own runtimes are TypeScript, which the oldest Node that crisp runs on cannot load by itself.
import {mkdtempSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {build} from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The exports of a file of this repository, by its path from the root. */
export async function importTypeScript(path) {
  // Below the repository, so that its packages are found from there.
  const directory = mkdtempSync(join(root, 'node_modules', '.bench-'))
  try {
    const outfile = join(directory, 'module.mjs')
    await build({
      entryPoints: [join(root, path)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20.19',
      packages: 'external',
      logLevel: 'error',
      plugins: [withoutVitest],
    })
    return await import(pathToFileURL(outfile))
  } finally {
    rmSync(directory, {recursive: true})
  }
}

/** A harness that names its suite by itself needs no suite here; what waits as tests do waits. */
const withoutVitest = {
  name: 'without vitest',
  setup(bundle) {
    bundle.onResolve({filter: /^vitest$/}, ({path}) => ({path, namespace: 'stub'}))
    bundle.onLoad({filter: /.*/, namespace: 'stub'}, () => ({
      contents: `export const describe = {skipIf: () => undefined}
export const vi = {
  async waitFor(ask, {timeout, interval}) {
    for (const start = performance.now(); ; await new Promise((resolve) => setTimeout(resolve, interval)))
      try {
        return await ask()
      } catch (error) {
        if (performance.now() - start > timeout) throw error
      }
  },
}`,
    }))
  },
}
