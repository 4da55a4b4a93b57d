// What a package puts onto a machine: a list of entries below a prefix, in the order of their paths. An entry is a file
// (`part`, `mode`), a symlink (`link`) or a directory (neither).
import {execFileSync} from 'node:child_process'
import {mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {delimiter, join, posix, resolve} from 'node:path'
import {Part} from './part.mjs'

/** Where shells look: below a prefix, such as /usr/local, and as Debian's own packages have it. */
const usualPlaces = {
  bash: 'share/bash-completion/completions/crisp',
  zsh: 'share/zsh/site-functions/_crisp',
  fish: 'share/fish/vendor_completions.d/crisp.fish',
}
const debianPlaces = {...usualPlaces, zsh: 'share/zsh/vendor-completions/_crisp'}

/** Everything but the program: man pages, completion and licences. */
export function surroundings(licenses) {
  const pages = readdirSync('man').map((name) =>
    file(`share/man/man1/${name}`, readFileSync(`man/${name}`), 'doc'),
  )
  const completions = completionScripts()
  const common = [
    ...pages,
    file('share/doc/crisp/CHANGELOG.md', readFileSync('CHANGELOG.md'), 'doc'),
    file('share/doc/crisp/third-party-licenses.txt', licenses, 'license'),
  ]
  const license = readFileSync('LICENSE')
  const scripts = (places) => Object.entries(completions).map(([shell, text]) => file(places[shell], text))
  return {
    usual: [...common, ...scripts(usualPlaces), file('share/doc/crisp/LICENSE', license, 'license')],
    debian: [...common, ...scripts(debianPlaces), file('share/doc/crisp/copyright', license, 'license')],
  }
}

export function file(path, content, kind) {
  return {path, kind, mode: 0o644, part: content instanceof Part ? content : new Part(content)}
}

export function program(path, part) {
  return {path, mode: 0o755, part}
}

export function symlink(path, link) {
  return {path, mode: 0o777, link}
}

export function below(prefix, entries) {
  return entries.map((entry) => ({...entry, path: posix.join(prefix, entry.path)})).sort(byPath)
}

/** With the directories that hold them, as far as `stands` does not say that they are there. */
export function withDirectories(entries, stands = () => false) {
  const paths = new Set()
  for (const {path} of entries)
    for (let up = posix.dirname(path); up !== '.' && up !== '/'; up = posix.dirname(up)) paths.add(up)
  const directories = [...paths].filter((path) => !stands(path)).map((path) => ({path, mode: 0o755}))
  return [...directories, ...entries].sort(byPath)
}

export function byPath(one, other) {
  return Buffer.compare(Buffer.from(one.path), Buffer.from(other.path))
}

/** As the program prints them where it is found on the PATH as crisp. */
function completionScripts() {
  const folder = mkdtempSync(join(tmpdir(), 'crisp-completion-'))
  try {
    const crisp = join(folder, 'crisp')
    symlinkSync(resolve('bin/run.js'), crisp)
    const env = {PATH: [folder, process.env.PATH].join(delimiter), HOME: folder}
    return Object.fromEntries(
      Object.keys(usualPlaces).map((shell) => [shell, execFileSync(crisp, ['completion', shell], {env})]),
    )
  } finally {
    rmSync(folder, {recursive: true})
  }
}
