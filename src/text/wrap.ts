/** Words in lines of so many columns at most, with one blank between two of them; one that is longer stands alone. */
export function fillLines<Word>(
  words: readonly Word[],
  columns: number,
  widthOf: (word: Word) => number,
): Word[][] {
  const lines: Word[][] = [[]]
  let used = -1
  for (const word of words) {
    const width = widthOf(word)
    if (used + 1 + width > columns && lines.at(-1)?.length) {
      lines.push([])
      used = -1
    }
    lines.at(-1)?.push(word)
    used += 1 + width
  }
  return lines
}

/** The same of a text of narrow characters. Its own line breaks are blanks. */
export function wrapText(text: string, columns: number): string[] {
  return fillLines(text.split(/\s+/), columns, ({length}) => length).map((words) => words.join(' '))
}

/** The same, set in by so many of the columns; nothing for no text. */
export function indentText(text: string, indent: number, columns: number): string[] {
  return text === '' ? [] : wrapText(text, columns - indent).map((line) => ' '.repeat(indent) + line)
}

/** How much further in a message goes on in its next line. */
const step = 2

/**
 * A line of a message of narrow characters; where it goes on in the next one, that is set in. What is to be copied is
 * never broken, even where it is longer than a line: neither a word nor a command with its flags.
 */
export function wrapMessage(line: string, columns: number): string[] {
  if (line.length <= columns) return [line]
  const [blanks = ''] = /^ */.exec(line) ?? []
  const parts = commandsWhole(line.slice(blanks.length).split(' '))
  let more = step
  const widthOf = ({length}: string) => {
    // The first line has more room.
    const width = length - more
    more = 0
    return width
  }
  return fillLines(parts, columns - blanks.length - step, widthOf).map(
    (words, index) => blanks + (index === 0 ? '' : ' '.repeat(step)) + words.join(' ').trim(),
  )
}

/** What a command begins with, or what of it can be copied by itself. */
const begins = /^[("']*(?:sudo|crisp|crictl|systemctl|journalctl|--?[a-z][\w-]*)$/
/** All behind them is theirs, up to the end of that part of the sentence. */
const takesAll = /^[("']*(?:systemctl|journalctl)$/
/** What a command has besides plain words. */
const belongs = /^(?:[-A-Z<$"'.\d]|\w*[/=:@]\w)/
const over = /[,;:.?)]$/

/** Words, and commands as one each, as far as they can be told from what is said of them. */
function commandsWhole(words: readonly string[]): string[] {
  const parts: string[] = []
  let previous = ''
  let inside = false
  let all = false
  for (const word of words) {
    const isBegun = begins.test(previous)
    inside = word !== '' && !over.test(previous) && (isBegun || (inside && (all || belongs.test(word))))
    all = inside && (all || takesAll.test(previous))
    if (inside) parts.push(`${parts.pop()} ${word}`)
    else parts.push(word)
    previous = word
  }
  return parts
}
