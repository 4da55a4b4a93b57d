import type {CriClient} from '../client/connect.js'
import {RpcError, rpcCode} from '../errors/errors.js'
import type {RuntimeConfigResponse} from '../generated/cri.js'

/** undefined where the runtime does not have the call. */
export async function runtimeConfigIfTold(client: CriClient): Promise<RuntimeConfigResponse | undefined> {
  try {
    return await client.runtime.runtimeConfig()
  } catch (error) {
    if (error instanceof RpcError && error.code === rpcCode.unimplemented) return undefined
    throw error
  }
}
