import {documentSchema, list, number, oneOf, optional, text, truth} from '../views/schemas/parts.js'

const fields = list(
  {
    name: text("in the proto's style"),
    jsonName: text('in JSON'),
    type: text('such as "string", "list of Mount", "map of string to string"'),
    text: text('what it is for'),
    fields: optional({schema: {type: 'array', description: 'with --recursive: what is inside it, the same'}}),
  },
  '',
)
const message = {type: text('a message'), fields}

export const explainSchema = documentSchema('What crisp explain shows', {
  entries: list(
    {
      kind: oneOf('service', 'rpc', 'message', 'enum', 'field', 'value', 'verb', 'word', 'check'),
      name: text('by which it is explained again'),
      text: text('the explanation; of a verb its summary'),
      type: optional(text('of a field: its type')),
      jsonName: optional(text('of a field: its name in JSON')),
      number: optional(number('of a value: as it is on the wire')),
      request: optional(message),
      response: optional({...message, stream: truth('any number of messages')}),
      fields: optional(fields),
      values: optional(list({name: text(''), number: number('on the wire'), text: text('')}, '')),
      calls: optional(
        list(
          {
            method: optional(text('left out where the step is no call')),
            why: text(''),
            when: optional(text('where it is not always made')),
          },
          'of a verb: its calls in their order',
        ),
      ),
      sources: optional(list(oneOf('CRI', 'host'), 'of a check: whom it asks')),
      severity: optional(text('of a check: the worst that it finds')),
    },
    '',
  ),
})
