import {documentSchema, list, text} from './parts.js'

export const imageNamesSchema = (verb: string) =>
  documentSchema(`What crisp ${verb} shows`, {
    images: list(
      {name: text('in full, with registry and tag'), id: text("the runtime's ID of the image")},
      'in the order in which they were done',
    ),
  })
