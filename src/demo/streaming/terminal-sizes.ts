import type {TerminalSize} from './stream-io.js'

export interface TerminalSizes {
  /** What came on the resize stream. */
  take(chunk: Buffer): void
  end(): void
  /** Only the newest size that was not asked for yet; one reader. */
  readonly sizes: AsyncIterable<TerminalSize>
}

const unreadLimit = 1024
const sizeLimit = 65_535

/** Clients write one JSON object per size, some with a newline after it and some without. */
export function createTerminalSizes(): TerminalSizes {
  let text = ''
  let newest: TerminalSize | undefined
  let ended = false
  let wake = (): void => {}

  async function* follow(): AsyncGenerator<TerminalSize> {
    while (true) {
      if (newest) {
        const size = newest
        newest = undefined
        yield size
      } else if (ended) return
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  }

  return {
    take(chunk) {
      text += chunk.toString('latin1')
      for (const [document] of text.matchAll(/\{[^{}]*\}/g)) newest = parseSize(document) ?? newest
      text = text.slice(text.lastIndexOf('}') + 1).slice(-unreadLimit)
      wake()
    },
    end() {
      ended = true
      wake()
    },
    sizes: follow(),
  }
}

// Go's decoder takes names of any case.
function parseSize(document: string): TerminalSize | undefined {
  const columns = Number(/"width"\s*:\s*(\d+)/i.exec(document)?.[1])
  const rows = Number(/"height"\s*:\s*(\d+)/i.exec(document)?.[1])
  return isSize(columns) && isSize(rows) ? {columns, rows} : undefined
}

function isSize(value: number): boolean {
  return value >= 1 && value <= sizeLimit
}
