import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'

// What a standalone file (CRISP_BIN) has no part in, so that it is left out where the tests run on one.

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Tests that start crisp, and are of Node. Those that put something into Node itself run it there (`crispCommandWith`). */
const ofNode: Readonly<Record<string, string>> = {
  'test/cli/startup.test.ts': 'what Node loads',
  'test/docs/examples.test.ts': 'the library',
  'test/package/package.test.ts': 'the package for npm',
}

/** These start crisp; whatever imports none of them tests code, not a program. */
const starters = ['test/support/run-cli.ts', 'test/support/in-process.ts', 'test/demo/tour.test.ts'].map(
  (path) => join(root, path),
)

/** The test files to leave out. */
export function aboutNode(): string[] {
  return [...Object.keys(ofNode), ...testsOfCode()]
}

/** In one line. */
export function aboutNodeText(): string {
  const named = Object.entries(ofNode).map(([file, why]) => `${file} (${why})`)
  return `not of a standalone file: ${named.join(', ')}, and ${testsOfCode().length} files that start no crisp`
}

function testsOfCode(): string[] {
  return readdirSync(join(root, 'test'), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(root, 'test', name))
    .filter((path) => !startsCrisp(path))
    .map((path) => relative(root, path))
}

function startsCrisp(path: string, seen = new Set<string>()): boolean {
  if (starters.includes(path)) return true
  if (seen.has(path)) return false
  seen.add(path)
  const imports = readFileSync(path, 'utf8').matchAll(/ from '(\.[^']*)\.js'/g)
  return [...imports]
    .map(([, name = '']) => join(dirname(path), `${name}.ts`))
    .filter((imported) => imported.startsWith(join(root, 'test/')) && existsSync(imported))
    .some((imported) => startsCrisp(imported, seen))
}
