import {lstatSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {keepText, stateFolder} from '../../nodes/state-file.js'

// How far somebody has come, for the next time: a file in the user's state.

export interface Place {
  /** Where to go on. */
  step: string
  done: readonly string[]
}

const mostBytes = 256 * 1024
const mostLessons = 100

export class Progress {
  readonly #path: string
  readonly #lesson: string
  readonly #note: (text: string) => void
  #cannotWrite = false

  /** The lesson is the path of its file, `tour` for the built-in one. */
  constructor(environment: NodeJS.ProcessEnv, lesson: string, note: (text: string) => void) {
    this.#path = join(stateFolder(environment), 'tour.json')
    this.#lesson = lesson
    this.#note = note
  }

  /** undefined where it has not begun; a file that tells nothing is said. */
  read(): Place | undefined {
    return this.#readAll()[this.#lesson]
  }

  /** Says once where it can't be kept. */
  keep(place: Place): void {
    this.#write({...this.#readAll(true), [this.#lesson]: place})
  }

  /** The next time begins anew. */
  forget(): void {
    const {[this.#lesson]: gone, ...others} = this.#readAll(true)
    if (gone) this.#write(others)
  }

  #write(places: Record<string, Place>): void {
    if (this.#cannotWrite) return
    const latest = Object.entries(places).slice(-mostLessons)
    try {
      keepText(this.#path, JSON.stringify({lessons: Object.fromEntries(latest)}))
    } catch (error) {
      this.#cannotWrite = true
      this.#note(`your place is not kept for the next time: ${(error as Error).message}`)
    }
  }

  #readAll(quiet = false): Record<string, Place> {
    let text: string
    try {
      const entry = lstatSync(this.#path)
      // Nothing else is opened: a pipe would wait for ever.
      if (!entry.isFile() || entry.size > mostBytes) throw new Error('it is no file of a tour')
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      const {code = '', message} = error as NodeJS.ErrnoException
      if (!quiet && !['ENOENT', 'ENOTDIR'].includes(code)) this.#sayDamaged(message)
      return {}
    }
    try {
      return placesIn(JSON.parse(text))
    } catch {
      if (!quiet) this.#sayDamaged('it is damaged')
      return {}
    }
  }

  #sayDamaged(why: string): void {
    this.#note(`where you were is not known (${this.#path}: ${why}): the tour begins anew`)
  }
}

function placesIn(content: unknown): Record<string, Place> {
  const {lessons} = content as {lessons: Record<string, unknown>}
  const places = Object.entries(lessons).map(([lesson, place]): [string, Place] => {
    const {step, done} = place as Place
    if (typeof step !== 'string' || !Array.isArray(done) || !done.every((id) => typeof id === 'string'))
      throw new Error('not a place')
    return [lesson, {step, done}]
  })
  return Object.fromEntries(places)
}
