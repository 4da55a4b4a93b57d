// A .deb: an ar archive with the control file and the tree, both as compressed tar archives.
import {createHash} from 'node:crypto'
import {gzip, sizeOf} from './part.mjs'
import {tarParts} from './tar.mjs'
import {file, withDirectories} from './tree.mjs'

/** `fields` of the control file by name. Without scripts: nothing of the package runs as root by itself. */
export function debOf(fields, entries, date) {
  const control = {
    ...fields,
    'Installed-Size': Math.ceil(sizeOf(entries.flatMap(({part}) => part ?? [])) / 1024),
  }
  const lines = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`)
  const sums = entries
    .filter(({part}) => part)
    .map(({path, part}) => `${createHash('md5').update(part.bytes).digest('hex')}  ${path}\n`)
  const controlFiles = [file('control', lines.join('')), file('md5sums', sums.join(''))]
  return ar(
    {
      'debian-binary': Buffer.from('2.0\n'),
      'control.tar.gz': gzip(tarParts(dotted(controlFiles), date)),
      'data.tar.gz': gzip(tarParts(dotted(withDirectories(entries)), date)),
    },
    date,
  )
}

/** dpkg writes ./ before each path. */
function dotted(entries) {
  return [{path: '.', mode: 0o755}, ...entries.map((entry) => ({...entry, path: `./${entry.path}`}))]
}

function ar(members, date) {
  const seconds = Math.floor(date.getTime() / 1000)
  const pieces = Object.entries(members).flatMap(([name, content]) => [
    Buffer.from(
      `${name.padEnd(16)}${String(seconds).padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(content.length).padEnd(10)}\`\n`,
    ),
    content,
    Buffer.from(content.length % 2 === 1 ? '\n' : ''),
  ])
  return Buffer.concat([Buffer.from('!<arch>\n'), ...pieces])
}
