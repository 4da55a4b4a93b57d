/** What is used of Bun, the JavaScript runtime inside standalone files. */
declare const Bun:
  | {file(descriptor: number): {stream(): ReadableStream<Uint8Array>}; gc(sync: boolean): void}
  | undefined

/** In a standalone file; undefined where Node runs the program. What differs between the two asks here. */
export const bun = typeof Bun === 'undefined' ? undefined : Bun
