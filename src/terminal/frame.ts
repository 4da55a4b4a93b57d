const home = '\u001b[H'
const eraseLine = '\u001b[K'
const eraseBelow = '\u001b[J'

/**
 * Text over what the last frame left on the screen, without the flicker of clearing it first. Lines for which there
 * is no room are counted instead of scrolling the first ones away.
 */
export function frameText(text: string, rows: number | undefined): string {
  const lines = text.split('\n')
  const room = rows === undefined ? lines.length : Math.max(2, rows)
  const shown =
    lines.length <= room
      ? lines
      : [...lines.slice(0, room - 2), `(${lines.length - room + 1} more lines)`, '']
  return `${home}${shown.join(`${eraseLine}\n`)}${eraseBelow}`
}
