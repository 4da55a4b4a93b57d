// JSON Schema of what `-o json` shows: what is here stays as it is, more may come.

const text = (description: string) => ({type: 'string', description})
const sources = {
  type: 'array',
  items: {enum: ['CRI', 'host']},
  description: 'whom the check asks: the runtime, or files and processes of the node',
}
const severity = {enum: ['info', 'warning', 'broken']}

export const examinedSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'What crisp doctor found',
  type: 'object',
  required: ['endpoint', 'runtime', 'result', 'checks', 'findings'],
  properties: {
    endpoint: {type: ['string', 'null'], description: 'socket of the runtime; null where none answered'},
    runtime: {
      type: ['object', 'null'],
      required: ['name', 'version'],
      properties: {name: text('as Version says'), version: text('as Version says')},
    },
    result: {enum: ['ok', 'info', 'warning', 'broken'], description: 'the worst of the findings'},
    checks: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'sources', 'result'],
        properties: {
          name: text('as --only takes it'),
          sources,
          result: {
            enum: ['ok', 'info', 'warning', 'broken', 'not checked', 'failed'],
            description: '"failed" is a fault of crisp itself',
          },
          reason: text('why it was not checked, or how it failed'),
        },
      },
    },
    findings: {
      type: 'array',
      description: 'the worst first',
      items: {
        type: 'object',
        required: ['check', 'severity', 'what', 'sources', 'evidence', 'fix'],
        properties: {
          check: text('the check that found it'),
          severity,
          what: text('what is wrong'),
          object: text('the container, pod, image or path that it is about'),
          sources,
          evidence: {type: 'array', items: {type: 'string'}, description: 'what shows it'},
          fix: text('what to do about it'),
        },
      },
    },
  },
} as const
