// An .rpm, as format version 4 has it: a lead, a header of checksums, the header and a compressed cpio archive.
import {createHash} from 'node:crypto'
import {posix} from 'node:path'
import {gzip, Part, padding, sizeOf} from './part.mjs'

const types = {int16: 3, int32: 4, string: 6, binary: 7, strings: 8, text: 9}
const sizes = {int16: 2, int32: 4}
/** Numbers of architectures in the lead, which nothing reads any more. */
const leadArchitectures = {x86_64: 1, aarch64: 19, noarch: 255}
const fileKinds = {doc: 2, license: 128}
const less = 2
const equal = 8

/** `requires`: names, or [name, version] for exactly this one. Without scripts. */
export function rpmOf({name, version, architecture, summary, description, license, requires}, entries, date) {
  const seconds = Math.floor(date.getTime() / 1000)
  const archive = cpioParts(entries, seconds)
  const payload = gzip(archive)
  const files = entries.map(({path, mode, part, link, kind}) => ({
    directory: `${posix.dirname(`/${path}`)}/`,
    name: posix.basename(path),
    mode: typeBits({part, link}) | mode,
    size: part?.bytes.length ?? link?.length ?? 4096,
    digest: part ? sha256(part.bytes) : '',
    link: link ?? '',
    flags: fileKinds[kind] ?? 0,
  }))
  const directories = [...new Set(files.map(({directory}) => directory))]
  const all = (value) => files.map(() => value)
  const needs = [
    ['rpmlib(CompressedFileNames)', '3.0.4-1', less | equal | (1 << 24)],
    ['rpmlib(FileDigests)', '4.6.0-1', less | equal | (1 << 24)],
    ['rpmlib(PayloadFilesHavePrefix)', '4.0-1', less | equal | (1 << 24)],
    ...requires.map((need) => (typeof need === 'string' ? [need, '', 0] : [...need, equal])),
  ]
  const header = headerOf(63, {
    100: ['strings', ['C']],
    1000: ['string', name],
    1001: ['string', version],
    1002: ['string', '1'],
    1004: ['text', [summary]],
    1005: ['text', [description]],
    1006: ['int32', [seconds]],
    1007: ['string', 'localhost'],
    1009: ['int32', [files.reduce((sum, {size}) => sum + size, 0)]],
    1014: ['string', license],
    1016: ['text', ['Applications/System']],
    1021: ['string', 'linux'],
    1022: ['string', architecture],
    1028: ['int32', files.map(({size}) => size)],
    1030: ['int16', files.map(({mode}) => mode)],
    1033: ['int16', all(0)],
    1034: ['int32', all(seconds)],
    1035: ['strings', files.map(({digest}) => digest)],
    1036: ['strings', files.map(({link}) => link)],
    1037: ['int32', files.map(({flags}) => flags)],
    1039: ['strings', all('root')],
    1040: ['strings', all('root')],
    1044: ['string', `${name}-${version}-1.src.rpm`],
    1045: ['int32', all(0xffffffff)],
    1047: ['strings', [name]],
    1048: ['int32', needs.map(([, , flags]) => flags)],
    1049: ['strings', needs.map(([need]) => need)],
    1050: ['strings', needs.map(([, needed]) => needed)],
    1064: ['string', '4.18.0'],
    1095: ['int32', all(1)],
    1096: ['int32', files.map((_, index) => index + 1)],
    1097: ['strings', all('')],
    1112: ['int32', [equal]],
    1113: ['strings', [`${version}-1`]],
    1116: ['int32', files.map(({directory}) => directories.indexOf(directory))],
    1117: ['strings', files.map((file) => file.name)],
    1118: ['strings', directories],
    1124: ['string', 'cpio'],
    1125: ['string', 'gzip'],
    1126: ['string', '9'],
    1132: ['string', `${architecture}-linux`],
    5011: ['int32', [8]],
    5062: ['string', 'utf-8'],
    5092: ['strings', [sha256(payload)]],
    5093: ['int32', [8]],
    5097: ['strings', [sha256(...archive.map(({bytes}) => bytes))]],
  })
  const sums = headerOf(62, {
    269: ['string', hash('sha1', [header]).toString('hex')],
    273: ['string', sha256(header)],
    1000: ['int32', [header.length + payload.length]],
    1004: ['binary', hash('md5', [header, payload])],
    1007: ['int32', [sizeOf(archive)]],
  })
  return Buffer.concat([
    leadOf(`${name}-${version}-1`, architecture),
    sums,
    padding(sums.length, 8),
    header,
    payload,
  ])
}

function leadOf(name, architecture) {
  const lead = Buffer.alloc(96)
  lead.writeUInt32BE(0xedabeedb)
  lead.writeUInt8(3, 4)
  lead.writeUInt16BE(leadArchitectures[architecture], 8)
  lead.write(name.slice(0, 65), 10)
  lead.writeUInt16BE(1, 76)
  lead.writeUInt16BE(5, 78)
  return lead
}

/** Entries by their tags' numbers, all within the region that the checksums cover. */
function headerOf(region, values) {
  const index = []
  const store = []
  let offset = 0
  for (const [tag, [type, value]] of Object.entries(values)) {
    const gap = padding(offset, sizes[type] ?? 1)
    const content = encode(type, value)
    offset += gap.length
    index.push(indexEntry(tag, types[type], offset, type === 'binary' ? content.length : countOf(value)))
    store.push(gap, content)
    offset += content.length
  }
  const count = index.length + 1
  const start = Buffer.alloc(16)
  start.writeUInt32BE(0x8eade801)
  start.writeUInt32BE(count, 8)
  start.writeUInt32BE(offset + 16, 12)
  return Buffer.concat([
    start,
    indexEntry(region, types.binary, offset, 16),
    ...index,
    ...store,
    indexEntry(region, types.binary, -16 * count, 16),
  ])
}

function indexEntry(tag, type, offset, count) {
  const entry = Buffer.alloc(16)
  entry.writeUInt32BE(Number(tag))
  entry.writeUInt32BE(type, 4)
  entry.writeInt32BE(offset, 8)
  entry.writeUInt32BE(count, 12)
  return entry
}

function countOf(value) {
  return Array.isArray(value) ? value.length : 1
}

function encode(type, value) {
  if (type === 'binary') return value
  const size = sizes[type]
  if (!size)
    return Buffer.from(
      [value]
        .flat()
        .map((text) => `${text}\0`)
        .join(''),
    )
  const bytes = Buffer.alloc(size * value.length)
  for (const [place, number] of value.entries()) bytes.writeUIntBE(number, size * place, size)
  return bytes
}

function cpioParts(entries, seconds) {
  const parts = entries.flatMap(({path, mode, part, link}, index) =>
    cpioEntry(`./${path}`, {
      inode: index + 1,
      mode: typeBits({part, link}) | mode,
      seconds,
      content: part ?? new Part(link ?? ''),
    }),
  )
  return [...parts, ...cpioEntry('TRAILER!!!', {inode: 0, mode: 0, seconds: 0, content: new Part('')})]
}

function cpioEntry(name, {inode, mode, seconds, content}) {
  const size = content.bytes.length
  const numbers = [inode, mode, 0, 0, 1, seconds, size, 0, 0, 0, 0, name.length + 1, 0]
  const head = Buffer.from(
    `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${name}\0`,
  )
  return [new Part(head), new Part(padding(head.length, 4)), content, new Part(padding(size, 4))]
}

function typeBits({part, link}) {
  return link === undefined ? (part ? 0o100000 : 0o040000) : 0o120000
}

function sha256(...pieces) {
  return hash('sha256', pieces).toString('hex')
}

function hash(algorithm, pieces) {
  return pieces.reduce((sum, piece) => sum.update(piece), createHash(algorithm)).digest()
}
