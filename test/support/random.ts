/** Choices that a seed repeats (mulberry32). */
export interface Random {
  /** From 0 up to but not including `below`. */
  number(below: number): number
  of<Item>(items: readonly Item[]): Item
  chance(part: number): boolean
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const number = (below: number) => Math.floor(next() * below)
  return {
    number,
    of: (items) => items[number(items.length)] as (typeof items)[number],
    chance: (part) => next() < part,
  }
}

/** How many rounds, and from which seed: FUZZ_ROUNDS and FUZZ_SEED, else few and always the same. */
export function rounds(few: number): {count: number; seed: number} {
  const {FUZZ_ROUNDS, FUZZ_SEED} = process.env
  return {
    count: Number(FUZZ_ROUNDS ?? few),
    seed: Number(FUZZ_SEED ?? (FUZZ_ROUNDS === undefined ? 1 : Date.now() % 2 ** 31)),
  }
}

/** The text with some of its characters gone, doubled, moved or replaced. */
export function mutated(text: string, random: Random, alphabet: readonly string[]): string {
  let result = text
  for (let edits = 1 + random.number(3); edits > 0; edits--) {
    const at = random.number(result.length + 1)
    const end = Math.min(result.length, at + 1 + random.number(6))
    const middle = random.of([
      '',
      random.of(alphabet),
      result.slice(at, end).repeat(2),
      random.of(alphabet) + result.slice(at, end),
    ])
    result = result.slice(0, at) + middle + result.slice(end)
  }
  return result
}
