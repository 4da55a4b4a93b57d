import type {Seed} from '../../src/demo/index.js'

const image = 'registry.crisp.demo/shell:1.0'
const command = ['/bin/sleep', '1000000']

/** A container with tar, and `bare`, in which no program is found: its files are reached by way of the node. */
export const copySeed: Seed = {
  images: [image],
  pods: [
    {
      name: 'pod',
      containers: [
        {name: 'shell', image, command},
        {name: 'bare', image, command, env: {PATH: '/nowhere'}},
      ],
    },
  ],
}

/** Those that can be copied from and to; the way over the node takes root. */
export const copyContainers = process.getuid?.() === 0 ? ['shell', 'bare'] : ['shell']
