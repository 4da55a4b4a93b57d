const longLine = 500

/** A line whose very long words, in quotes or not, are cut where they make it longer than anybody reads. */
export function shorten(line: string): string {
  if (line.length <= longLine) return line
  return line.replace(/"[^"]*"|[^\s"]+/g, (word) => {
    const [beginning = ''] = /^.{0,100}/su.exec(word) ?? []
    const [end = ''] = /[":;,)]*$/.exec(word) ?? []
    return word.length <= beginning.length + end.length ? word : `${beginning}…${end}`
  })
}
