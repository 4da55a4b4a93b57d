import {createHash} from 'node:crypto'
import {crasherScript, sleeperScript, tickerScript, webCommand} from '../processes/programs.js'

/** An image as its registry has it. */
export interface ImageDefinition {
  /** `sha256:…` of what it holds. */
  readonly id: string
  readonly digest: string
  readonly tags: readonly string[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly sizeBytes: number
  readonly createdAt: string
  readonly labels: Readonly<Record<string, string>>
  readonly pinned: boolean
  /** Its tag has moved on to a newer one: only the digest leads to it. */
  readonly superseded: boolean
  /** `user:password` that the registry asks for. */
  readonly credentials: string | undefined
}

export const demoRegistry = 'registry.crisp.demo'

interface Outline {
  tags: string[]
  entrypoint?: string[]
  command?: string[]
  sizeBytes: number
  about: string
  pinned?: boolean
  superseded?: boolean
  credentials?: string
}

const shell = (script: string): string[] => ['/bin/sh', '-c', script]

const outlines: readonly Outline[] = [
  {
    about: 'a shell of this machine',
    tags: [
      `${demoRegistry}/shell:1.0`,
      `${demoRegistry}/shell:latest`,
      'docker.io/library/busybox:1.36',
      'docker.io/library/busybox:latest',
    ],
    command: ['/bin/sh'],
    sizeBytes: 2_126_432,
  },
  {
    about: 'a web server on port 8080 of its pod',
    tags: [`${demoRegistry}/web:1.0`, `${demoRegistry}/web:latest`],
    entrypoint: webCommand(),
    sizeBytes: 41_208_913,
  },
  {
    about: 'prints a line every second',
    tags: [`${demoRegistry}/ticker:1.0`, `${demoRegistry}/ticker:1`, `${demoRegistry}/ticker:latest`],
    entrypoint: shell(tickerScript),
    sizeBytes: 2_127_010,
  },
  {
    about: 'an older ticker',
    tags: [`${demoRegistry}/ticker:0.9`],
    entrypoint: shell(tickerScript),
    sizeBytes: 2_126_988,
    superseded: true,
  },
  {
    about: 'fails soon after it starts',
    tags: [`${demoRegistry}/crasher:1.0`, `${demoRegistry}/crasher:latest`],
    entrypoint: shell(crasherScript),
    sizeBytes: 2_126_700,
  },
  {
    about: 'does nothing for ever',
    tags: [`${demoRegistry}/sleeper:1.0`, `${demoRegistry}/sleeper:latest`],
    entrypoint: shell(sleeperScript),
    sizeBytes: 2_126_512,
  },
  {
    about: 'has no command: the container says what runs',
    tags: [`${demoRegistry}/any:1.0`, `${demoRegistry}/any:latest`],
    sizeBytes: 1_024,
  },
  {about: 'holds a pod together', tags: [`${demoRegistry}/pause:3.10`], sizeBytes: 319_824, pinned: true},
  {
    about: 'wants the user name demo and the password demo',
    tags: [`${demoRegistry}/private/shell:1.0`],
    command: ['/bin/sh'],
    sizeBytes: 2_126_433,
    credentials: 'demo:demo',
  },
]

/** Every image that can be pulled. */
export const catalogue: readonly ImageDefinition[] = outlines.map((outline) => {
  const content = JSON.stringify([outline.about, outline.tags[0]])
  return {
    id: `sha256:${sha256(content)}`,
    digest: `sha256:${sha256(`manifest ${content}`)}`,
    tags: outline.tags,
    entrypoint: outline.entrypoint ?? [],
    command: outline.command ?? [],
    sizeBytes: outline.sizeBytes,
    createdAt: '2026-01-05T08:00:00Z',
    labels: {'org.opencontainers.image.description': outline.about},
    pinned: outline.pinned ?? false,
    superseded: outline.superseded ?? false,
    credentials: outline.credentials,
  }
})

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
