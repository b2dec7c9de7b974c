// Chance as a parameter: ids, epochs and jitter come from here, so that a seeded run can be replayed.
import { randomFillSync, randomInt } from 'node:crypto'

/** A source of chance. */
export interface Random {
  /** `count` fresh random bytes. */
  bytes(count: number): Buffer
  /** A whole number from 0 up to, not including, `end` (at most 2^48 - 1). */
  integer(end: number): number
}

/** The system's cryptographic source. */
export const systemRandom: Random = {
  bytes: (count) => randomFillSync(Buffer.allocUnsafe(count)),
  integer: (end) => randomInt(end),
}

/** The same numbers for the same seed (splitmix32). For tests and simulations, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  return {
    bytes(count) {
      const out = Buffer.alloc(count)
      for (let i = 0; i < count; i++) out[i] = next() & 0xff
      return out
    },
    integer: (end) => Math.floor(((next() * 0x200000 + (next() >>> 11)) / 2 ** 53) * end),
  }
}
