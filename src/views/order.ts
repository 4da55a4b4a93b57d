/** The key by which lists are sorted that begin with the newest. */
export function newestFirst({createdAt}: {createdAt: string}): number {
  return -Number(createdAt)
}
