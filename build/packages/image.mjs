// An OCI image for both architectures, as a tar of its layout: the program, the C library that its file is linked with,
// and links to where a node's own files are in a debug pod.
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {libraryNotice} from './contents.mjs'
import {gzip, Part} from './part.mjs'
import {tarParts} from './tar.mjs'
import {byPath, file, program, symlink, withDirectories} from './tree.mjs'

const libraries = ['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0']
/** Debian's names of the architectures, and the packages that bring the C library of one onto a machine of the other. */
const machines = {
  amd64: {
    triplet: 'x86_64-linux-gnu',
    loader: 'ld-linux-x86-64.so.2',
    at: 'lib64',
    cross: 'libc6-amd64-cross',
  },
  arm64: {
    triplet: 'aarch64-linux-gnu',
    loader: 'ld-linux-aarch64.so.1',
    at: 'lib',
    cross: 'libc6-arm64-cross',
  },
}

/** `kubectl debug node/NAME` puts the node's root at /host. Its sockets, settings and logs are where they are on it. */
const nodePaths = [
  'etc/crictl.yaml',
  'run/containerd',
  'run/cri-dockerd.sock',
  'run/crio',
  'run/k0s',
  'run/k3s',
  'var/log/pods',
  'var/snap',
]

/** Where Debian has the C library of an architecture on this machine. */
export function libcOf(architecture) {
  const {triplet, loader, cross} = machines[architecture]
  const places = [
    {
      folder: `/lib/${triplet}`,
      package: `libc6:${architecture}`,
      copyright: '/usr/share/doc/libc6/copyright',
    },
    {folder: `/usr/${triplet}/lib`, package: cross, copyright: `/usr/share/doc/${cross}/copyright`},
  ]
  return places.find(({folder, copyright}) => existsSync(join(folder, loader)) && existsSync(copyright))
}

/** Why there can be no image, in one line; undefined if there can. */
export function libcMissing(architecture) {
  return libcOf(architecture)
    ? undefined
    : `Debian's C library for ${architecture} (package ${machines[architecture].cross})`
}

/** `programs`: the program's file by architecture. `documents`: the entries that every image holds. */
export function imageOf({programs, documents, version, date}) {
  const blobs = new Map()
  const store = (content, mediaType, more) => {
    const digest = sha256(content)
    blobs.set(`blobs/sha256/${digest}`, content)
    return {
      mediaType: `application/vnd.oci.image.${mediaType}`,
      digest: `sha256:${digest}`,
      size: content.length,
      ...more,
    }
  }
  const json = (value) => Buffer.from(JSON.stringify(value))
  const manifests = Object.entries(programs).map(([architecture, part]) => {
    const parts = tarParts(layerOf(architecture, part, documents), date)
    const layer = store(gzip(parts), 'layer.v1.tar+gzip')
    const config = {
      created: date.toISOString(),
      architecture,
      os: 'linux',
      config: {
        Entrypoint: ['/usr/local/bin/crisp'],
        Env: ['PATH=/usr/local/bin'],
        WorkingDir: '/',
        Labels: {
          'org.opencontainers.image.version': version,
          'org.opencontainers.image.licenses': 'Apache-2.0',
        },
      },
      rootfs: {type: 'layers', diff_ids: [`sha256:${sha256(...parts.map(({bytes}) => bytes))}`]},
      history: [{created: date.toISOString(), created_by: 'npm run build:packages'}],
    }
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: store(json(config), 'config.v1+json'),
      layers: [layer],
    }
    return store(json(manifest), 'manifest.v1+json', {platform: {architecture, os: 'linux'}})
  })
  const all = {schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests}
  const annotations = {
    'io.containerd.image.name': `localhost/crisp:${version}`,
    'org.opencontainers.image.ref.name': version,
  }
  const index = {...all, manifests: [store(json(all), 'index.v1+json', {annotations})]}
  const files = [
    file('index.json', json(index)),
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    ...[...blobs].map(([path, content]) => file(path, content)),
  ]
  return Buffer.concat(tarParts(withDirectories(files), date).map(({bytes}) => bytes))
}

function layerOf(architecture, part, documents) {
  const {triplet, loader, at} = machines[architecture]
  const {folder, package: name, copyright} = libcOf(architecture)
  const entries = [
    program('usr/local/bin/crisp', part),
    ...documents,
    ...libraries.map((library) => file(`lib/${triplet}/${library}`, readFileSync(join(folder, library)))),
    program(`lib/${triplet}/${loader}`, new Part(readFileSync(join(folder, loader)))),
    symlink(`${at}/${loader}`, `/lib/${triplet}/${loader}`),
    file(
      'usr/share/doc/libc6/copyright',
      libraryNotice({source: sourceOf(name), copyright: readFileSync(copyright)}),
    ),
    ...nodePaths.map((path) => symlink(path, `/host/${path}`)),
    symlink('var/run', '/run'),
  ]
  return withDirectories(entries).concat({path: 'tmp', mode: 0o1777}).sort(byPath)
}

/** The source package: of a package for another architecture it is the one that this was made from. */
function sourceOf(name) {
  const field = (words) => `$\{${words}}`
  const format = `${field('source:Package')} (= ${field('source:Version')})\t${field('Built-Using')}`
  const [own, madeFrom] = execFileSync('dpkg-query', ['-W', '-f', format, name], {encoding: 'utf8'}).split(
    '\t',
  )
  return /glibc \(= [^)]*\)/.exec(madeFrom)?.[0] ?? own
}

function sha256(...pieces) {
  return pieces.reduce((sum, piece) => sum.update(piece), createHash('sha256')).digest('hex')
}
