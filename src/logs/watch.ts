import {type FSWatcher, realpathSync, watch} from 'node:fs'
import {dirname} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'

/** While lines come, files are looked at this often: events for every single write would cost more. */
const busyMs = 10
/** So long after the last line the file system's events take over. */
const calmAfterMs = 300
/** With events: in case that one is lost. */
const pollMs = 1_000
const pollWithoutEventsMs = 200

/**
 * Says when to look at files again: often while something happens, else when the file system reports a change in
 * one of their directories, and at least once a second. Where it can't report they are looked at five times a
 * second. Whoever makes one closes it.
 */
export class LogWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher | undefined>()
  #directories = new Set<string>()
  #lastActiveMs = 0
  #wake = () => {}

  /** The files to watch from now on. */
  setPaths(paths: Iterable<string>): void {
    this.#directories = new Set([...paths].flatMap(directoriesOf))
    for (const [directory, watcher] of this.#watchers) {
      if (this.#directories.has(directory)) continue
      watcher?.close()
      this.#watchers.delete(directory)
    }
  }

  /** Something was read. */
  active(): void {
    this.#lastActiveMs = performance.now()
    this.close()
  }

  /** Resolves when it is time to look again; rejects with the signal's reason. */
  async change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (performance.now() - this.#lastActiveMs < calmAfterMs) {
      await sleep(busyMs, undefined, {signal})
      return
    }
    // What happened before the watch began has to be looked for.
    if (this.#watchMore()) return
    await this.#event(signal)
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher?.close()
    this.#watchers.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #event(signal: AbortSignal): Promise<void> {
    const blind = [...this.#watchers.values()].some((watcher) => !watcher)
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    try {
      await sleep(blind ? pollWithoutEventsMs : pollMs, undefined, {
        signal: AbortSignal.any([signal, woken.signal]),
      })
    } catch (error) {
      if (!woken.signal.aborted || signal.aborted) throw error
    } finally {
      this.#wake = () => {}
    }
  }

  /** True where something is watched that was not before. */
  #watchMore(): boolean {
    const before = this.#watchers.size
    for (const directory of this.#directories)
      if (!this.#watchers.has(directory)) this.#watchers.set(directory, this.#watch(directory))
    return this.#watchers.size > before
  }

  #watch(directory: string): FSWatcher | undefined {
    try {
      const watcher = watch(directory, () => this.#wake())
      watcher.on('error', () => {
        watcher.close()
        this.#watchers.set(directory, undefined)
      })
      return watcher
    } catch {
      // No such directory, no inotify, or none left: looking often does as well.
      return undefined
    }
  }
}

/** Of the file, and of what it is a link to. */
function directoriesOf(path: string): string[] {
  try {
    return [dirname(path), dirname(realpathSync(path))]
  } catch {
    // In the middle of a rotation.
    return [dirname(path)]
  }
}
