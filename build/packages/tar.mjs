// A tar archive as parts: root's files, all of one time.
import {Header} from 'tar'
import {Part, padding} from './part.mjs'

export function tarParts(entries, date) {
  return [
    ...entries.flatMap((entry) => [new Part(header(entry, date)), ...contentOf(entry)]),
    new Part(Buffer.alloc(1024)),
  ]
}

function header({path, mode, part, link}, date) {
  const type = link ? 'SymbolicLink' : part ? 'File' : 'Directory'
  const fields = {
    type,
    path: type === 'Directory' ? `${path}/` : path,
    linkpath: link,
    mode,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname: 'root',
    size: part?.bytes.length ?? 0,
    mtime: date,
  }
  const block = Buffer.alloc(512)
  if (new Header(fields).encode(block)) throw new Error(`${path} is too long for a header of tar`)
  return block
}

function contentOf({part}) {
  return part ? [part, new Part(padding(part.bytes.length, 512))] : []
}
