import {exitCode, UserError} from '../../errors/errors.js'
import {concurrently} from '../../node/concurrently.js'
import {askForCopies, askToRemove} from '../../nodes/copies.js'
import {forgetNode, type KnownNode, knownNodes} from '../../nodes/known-nodes.js'
import {closeConnection, isConnected, SshConnection, type SshOptions} from '../../nodes/ssh.js'
import type {NodeCopies} from '../../views/nodes.js'
import {writeMessage} from '../messages.js'

const atOnce = 32

/** Those, or every one that is known. */
type Named = readonly string[] | 'all'

/** The nodes on which something of crisp may lie. */
export class KnownNodes {
  readonly #surroundings: SshOptions
  readonly #sudo: boolean

  /** With `sudo` also those of root are meant where none is known to be there. */
  constructor(signal: AbortSignal, sudo: boolean) {
    this.#surroundings = {environment: process.env, uid: process.getuid?.() ?? 0, stop: signal, batch: true}
    this.#sudo = sudo
  }

  #nodes(destinations: Named): KnownNode[] {
    const known = knownNodes(this.#surroundings.environment)
    if (destinations === 'all') return known
    return [...new Set(destinations)].map(
      (word) =>
        known.find(({destination}) => destination === word) ?? {
          destination: word,
          sudo: false,
        },
    )
  }

  names(destinations: Named): string[] {
    return this.#nodes(destinations).map(({destination}) => destination)
  }

  ask(destinations: Named): Promise<PromiseSettledResult<NodeCopies>[]> {
    return concurrently(this.#nodes(destinations), atOnce, async ({destination, sudo}) => {
      // Asked before: the question itself connects.
      const connected = await isConnected(destination, this.#surroundings)
      const connection = await SshConnection.open(destination, this.#surroundings)
      const copies = await askForCopies(connection, false)
      const ofRoot = sudo || this.#sudo ? await askForCopies(connection, true) : []
      const paths = new Set(copies.map(({path}) => path))
      return {
        node: destination,
        connected,
        copies: [...copies, ...ofRoot.filter(({path}) => !paths.has(path))],
      }
    })
  }

  /** A node that is not reached stays known, but for `force`. Gives the names that are forgotten. */
  forget(destinations: Named, force: boolean): Promise<PromiseSettledResult<string>[]> {
    return concurrently(this.#nodes(destinations), atOnce, async ({destination, sudo}) => {
      try {
        const connection = await SshConnection.open(destination, this.#surroundings)
        await askToRemove(connection, false)
        if (sudo || this.#sudo) await askToRemove(connection, true)
      } catch (error) {
        if (!force)
          throw new UserError(`${(error as Error).message}: its copies stay there (--force forgets them)`, {
            exitCode: error instanceof UserError ? error.exitCode : exitCode.failed,
            cause: error,
          })
        writeMessage(`${(error as Error).message}: its copies stay there`)
      }
      await closeConnection(destination, this.#surroundings).catch(() => undefined)
      forgetNode(this.#surroundings.environment, destination)
      return destination
    })
  }
}
