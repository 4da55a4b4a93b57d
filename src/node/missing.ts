import type {CriClient} from '../client/connect.js'
import {lookUpImage} from '../client/names.js'
import {missingObject, RpcError, rpcCode} from '../errors/errors.js'
import {containerStatus, podStatus} from './details.js'
import {tellsMissingAsUnknown} from './runtimes.js'

type Missable = 'container' | 'pod' | 'image'

/** What a call about an object failed with; a NotFoundError where the runtime does not say that the object is gone. */
export async function missingIfGone(
  client: CriClient,
  error: unknown,
  object: Missable,
  {id, word = id}: {id: string; word?: string},
): Promise<unknown> {
  if (!(error instanceof RpcError) || error.code !== rpcCode.unknown) return error
  try {
    if (!tellsMissingAsUnknown(await client.runtime.version())) return error
    return (await isThere(client, object, id)) ? error : missingObject(object, word)
  } catch {
    // The runtime went away meanwhile, or the command was ended: the first failure stays what it is.
    return error
  }
}

async function isThere(client: CriClient, object: Missable, id: string): Promise<boolean> {
  switch (object) {
    case 'container':
      return (await containerStatus(client, id)) !== undefined
    case 'pod':
      return (await podStatus(client, id)) !== undefined
    case 'image':
      return Boolean((await lookUpImage(client, id)).image)
  }
}
