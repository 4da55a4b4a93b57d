import type {CriClient} from '../client/connect.js'
import {printable} from '../errors/printable.js'
import {bytesText, type Units} from '../text/units.js'

/** A line on a terminal while images are fetched. */
export interface PullProgress extends Disposable {
  /** Before anything else is written to the terminal; the line comes back by itself. */
  clear(): void
  done(reference: string): void
}

const everyMs = 1_000
const clearLine = '\r\u001b[2K'

/**
 * CRI says nothing about a pull until it is done. What can be seen is the time, and how much fuller the filesystem of the
 * images has become, by whoever it was; runtimes measure it every ten seconds or so. The line says that it is a guess.
 */
export function showPullProgress(
  client: CriClient,
  references: readonly string[],
  stream: NodeJS.WriteStream,
  units: Units,
): PullProgress {
  const startedMs = performance.now()
  const left = new Set(references)
  let before: number | undefined
  let grown = 0
  let asking = false
  let shown = false
  const measure = async () => {
    if (asking) return
    asking = true
    try {
      const used = await usedBytes(client)
      before ??= used
      grown = used - before
    } catch {
      // A guess less; whatever is wrong, the pull itself will say.
    }
    asking = false
  }
  const draw = () => {
    void measure()
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    const text = progressText([...left], seconds, grown, units)
    stream.write(clearLine + text.slice(0, (stream.columns || 80) - 1))
    shown = true
  }
  const clear = () => {
    if (shown) stream.write(clearLine)
    shown = false
  }
  void measure()
  const timer = setInterval(draw, everyMs)
  return {
    clear,
    done: (reference) => left.delete(reference),
    [Symbol.dispose]: () => {
      clearInterval(timer)
      clear()
    },
  }
}

export function progressText(
  left: readonly string[],
  seconds: number,
  grownBytes: number,
  units: Units,
): string {
  const [first = ''] = left
  const what = left.length === 1 ? printable(first) : `${left.length} images`
  const growth = grownBytes > 0 ? `, image filesystem +${bytesText(grownBytes, units, 2)} (estimate)` : ''
  return `pulling ${what}: ${seconds}s${growth}`
}

async function usedBytes(client: CriClient): Promise<number> {
  const {imageFilesystems} = await client.image.imageFsInfo()
  return imageFilesystems.reduce((sum, {usedBytes}) => sum + Number(usedBytes?.value ?? 0), 0)
}
