import {documentSchema, list, number, oneOf, text} from './parts.js'

export const restartSchema = documentSchema('What crisp restart shows', {
  restarted: list(
    {
      id: text('of the container that runs now'),
      previousId: text('of the one in whose place it is'),
      name: text('namespace/pod/container'),
      attempt: number('of the one that runs now'),
      by: oneOf('kubelet', 'crisp'),
    },
    'those that were restarted, in the order in which they were named',
  ),
})
