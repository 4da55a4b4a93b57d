import {documentSchema, list, number, oneOf, optional, text} from './parts.js'

export const diskSchema = documentSchema('What crisp df shows', {
  sources: list(oneOf('CRI', 'host'), 'whom it asks: the runtime, and its files on this machine'),
  store: {
    schema: {
      type: ['object', 'null'],
      description: 'how the runtime keeps layers; null where its files could not be read',
      required: ['layers', 'sharesLayers', 'folders'],
      properties: {
        layers: {type: 'string', description: 'overlayfs, native, overlay, …'},
        sharesLayers: {type: 'boolean', description: 'false: each layer is a whole copy of those below it'},
        folders: {type: 'array', items: {type: 'string'}},
      },
    },
  },
  totals: {
    imageBytes: number('shared layers once'),
    layers: number('layers, and what was pulled for them'),
    writableBytes: number('of containers and sandboxes'),
    logBytes: number('rotated ones too'),
    otherBytes: number('of nothing that the CRI lists'),
  },
  frees: {
    pruneBytes: number('by removing images that no container was made from'),
    pruneImages: number(''),
    exitedBytes: number('by removing exited containers, with their logs'),
    exitedContainers: number(''),
  },
  withoutStore: optional(text('why sizes are those that the runtime tells')),
  notCounted: list(text(''), 'what is not in these figures'),
  usage: list(
    {
      kind: oneOf('image', 'container', 'logs', 'pod', 'other'),
      id: text('of the image, container or pod'),
      name: text(''),
      attempt: optional(number('of a container or pod, by which those of one name are told apart')),
      bytes: number('on the disk, in whole blocks'),
      aloneBytes: optional(number('of an image: what no other image has')),
      usedBy: optional(number('of an image: containers made from it')),
      state: optional(text('as the CRI names it')),
      imageVolumes: optional(list(text(''), 'images that are mounted in the container')),
      source: oneOf('CRI', 'host'),
    },
    'the largest first of each kind',
  ),
})
