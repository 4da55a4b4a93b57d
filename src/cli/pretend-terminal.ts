/** Text is laid out and coloured for a terminal of this size, although what it is written to is a pipe. */
export function pretendTerminal(stream: NodeJS.WriteStream, size: {columns: number; rows: number}): void {
  Object.assign(stream, {
    isTTY: true,
    ...size,
    // Libraries ask these of whatever says that it is a terminal.
    getWindowSize: () => [stream.columns, stream.rows],
    getColorDepth: () => 8,
    hasColors: () => true,
  })
}
