const pieceLength = 65_536

export function linesOf(texts: readonly string[]): string {
  return [...linePieces(texts)].join('')
}

/** The same piece by piece. */
export function* linePieces(texts: Iterable<string>): Generator<string> {
  let piece = ''
  for (const text of texts) {
    piece += `${text}\n`
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  yield piece
}
