import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {Script} from 'node:vm'

// The libraries that nearly every command needs are one script of their own in the build, beside V8's compiled code of
// it: a sixth of a short command's time would be compiling them. The code was made by the build, lies where the script
// lies and is as trustworthy as that. V8 does without it where its version or flags are others.

/** Filled in by the build: the script's name without its suffix. */
declare const librariesName: string

type Libraries = Readonly<Record<string, () => unknown>>

let loaded: {script: Script; libraries: Libraries} | undefined

/** What `import` of the library would give. */
export function library(name: string): unknown {
  loaded ??= load()
  return loaded.libraries[name]?.()
}

/** V8's code of what has been called so far; for the build. */
export function compiledLibraries(): Buffer {
  loaded ??= load()
  return loaded.script.createCachedData()
}

/** Only for this version of Node. */
export function compiledLibrariesFile(): URL {
  return fileOf(`.${process.version}-${process.arch}.bin`)
}

function load(): {script: Script; libraries: Libraries} {
  const file = fileOf('.cjs')
  const cachedData = readIfThere(compiledLibrariesFile())
  const source = readFileSync(file, 'utf8')
  const script = new Script(source, {filename: file.href, ...(cachedData && {cachedData})})
  const evaluate = script.runInThisContext() as (require: NodeJS.Require) => Libraries
  return {script, libraries: evaluate(createRequire(file))}
}

function fileOf(suffix: string): URL {
  return new URL(`../${librariesName}${suffix}`, import.meta.url)
}

function readIfThere(file: URL): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
