/**
 * Runs `work` for every item, at most `limit` at a time, and gives the outcomes in the items' order. A failure does
 * not stop the others.
 */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const outcomes: PromiseSettledResult<Result>[] = new Array(items.length)
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next++
      try {
        outcomes[index] = {status: 'fulfilled', value: await work(items[index] as Item)}
      } catch (reason) {
        outcomes[index] = {status: 'rejected', reason}
      }
    }
  }
  await Promise.all(Array.from({length: Math.min(limit, items.length)}, worker))
  return outcomes
}
