import {UserError} from '../../errors/errors.js'
import type {Units} from '../../text/units.js'
import type {ReadConfig} from './file.js'
import {readOwnSettings} from './own-file.js'
import {usersUnits} from './users-units.js'

/** As the user's own settings say, which are about more than this: a mistake in them does not stop a command here. */
export async function ownUnits(read: ReadConfig, note: (text: string) => void): Promise<Units | undefined> {
  const elsewhere = usersUnits()
  if (elsewhere) return elsewhere
  try {
    return (await readOwnSettings(process.env, read, note)).units
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    note(`ignoring ${error.message}`)
    return undefined
  }
}
