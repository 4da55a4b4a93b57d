import type {Units} from '../../text/units.js'

let units: Units | undefined

/** From now on sizes are in these, whatever settings there are here: those of the user are elsewhere. */
export function setUsersUnits(given: Units): void {
  units = given
}

export function usersUnits(): Units | undefined {
  return units
}
