import {listOf, type View} from '../formats/view.js'

/** What was done to images by their names; `done` is the word for it: `Loaded`. */
export function imageNamesView(done: string, images: readonly {name: string; id: string}[]): View {
  return {
    ...listOf('images', images, ({name, id}) => ({name, id})),
    names: () => images.map(({name}) => name),
    table: () => images.map(({name}) => `${done}: ${name}\n`).join(''),
  }
}
