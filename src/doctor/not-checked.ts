/** Why a check cannot tell: nothing is known to be wrong, or right. */
export class NotChecked extends Error {
  override name = 'NotChecked'
}
