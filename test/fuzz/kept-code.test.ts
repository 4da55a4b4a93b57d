import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {type Random, rounds, seeded} from '../support/random.js'
import {isStandalone, runCli} from '../support/run-cli.js'

// What lies where the package keeps V8's code, damaged: the command answers as ever, and makes it anew.

const {count, seed} = rounds(24)
const commands = [['version'], ['ps', '-q'], ['--help'], ['images', '-o', 'json']]

test.skipIf(isStandalone)(
  `${count} damaged files of code from seed ${seed}: each answer is right, and the file is whole again`,
  async () => {
    const random = seeded(seed)
    const session = mkdtempSync(join(tmpdir(), 'crisp-session-'))
    await using runtime = await startFakeRuntime({
      ListContainers: {containers: []},
      ListImages: {images: []},
    })
    const run = (argv: readonly string[]) =>
      runCli(argv, {endpoint: runtime.endpoint, env: {XDG_RUNTIME_DIR: session}})
    try {
      const known = []
      for (const argv of commands) {
        const answer = await run(argv)
        expect(answer).toMatchObject({stderr: '', exitCode: 0})
        known.push({argv, answer})
      }
      const folder = join(session, 'crisp/code')
      const [build = ''] = readdirSync(folder)
      const pathOf = (argv: readonly string[]) =>
        join(folder, build, argv[0] === '--help' ? 'help' : (argv[0] as string))
      const wholes = known.map(({argv}) => readFileSync(pathOf(argv)))
      for (let round = 0; round < count; round++) {
        const {argv, answer} = random.of(known)
        const path = pathOf(argv)
        const whole = readFileSync(path)
        const bytes = damage(whole, random, wholes)
        if (bytes.equals(whole)) continue
        writeFileSync(path, bytes)
        expect(await run(argv), `round ${round}`).toEqual(answer)
        const anew = readFileSync(path)
        if (wholes.some((other) => other.equals(bytes))) continue
        expect(anew.equals(bytes), `round ${round}`).toBe(false)
        expect(anew.subarray(0, anew.length / 2).equals(anew.subarray(anew.length / 2))).toBe(true)
      }
    } finally {
      rmSync(session, {recursive: true})
    }
  },
  60_000 + count * 10_000,
)

function damage(whole: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  const bytes = Buffer.from(whole)
  const at = random.number(whole.length)
  const end = Math.min(whole.length, at + 1 + random.number(8_192))
  switch (random.number(7)) {
    // A write that was torn, a disk that was full, one that lost a page.
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes, bytes.subarray(at, end)])
    case 2:
      return bytes.fill(random.number(256), at, end)
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    // Another command's file, whole.
    case 4:
      return random.of(others)
    default:
      for (let flips = random.chance(0.5) ? 1 : 1 + random.number(64); flips > 0; flips--) {
        const place = random.number(bytes.length)
        bytes[place] = (bytes[place] as number) ^ (1 << random.number(8))
      }
      return bytes
  }
}
