// Sequence numbers that this broker did not give out: AWS's older layouts, and those of other streams. AWS reads all of them before it
// refuses, and its texts say what it read (checked there by kinesalite's tests). Pure. Our own numbers are sequence.ts's.

/** What AWS reads in a number. */
export interface ForeignNumber {
  readonly version: 0 | 1 | 2
  /** Negative where the top bit of its 32 is set. */
  readonly shardIndex: number
  /** Second of the record; version 0 has none. */
  readonly recordS: number | null
}

/** Seconds from here on (the year 2477) are no creation time to AWS. */
const creationSecondEnd = 16_025_175_000

/** Null where AWS calls the number invalid. */
export function readForeignNumber(text: string): ForeignNumber | null {
  if (text.length > 57 || !/^\d+$/.test(text)) return null
  let value = BigInt(text)
  // The shortest layout starts with a 1 that small numbers lack.
  if (value < 1n << 124n) value += 1n << 124n
  const hex = value.toString(16)
  const part = (from: number, to: number): number => Number.parseInt(hex.slice(from, to), 16)
  const created = part(1, 10)
  if (value < 1n << 129n) return created < creationSecondEnd ? { version: 0, shardIndex: part(28, 32), recordS: null } : null
  if (value <= 1n << 185n || value >= 3n << 184n) return null
  const shardIndex = part(38, 46) | 0
  switch (hex.at(-1)) {
    case '1':
      return { version: 1, shardIndex, recordS: part(13, 22) }
    case '2':
      // A sequence index is below 2^63.
      return part(11, 12) <= 7 && created < creationSecondEnd ? { version: 2, shardIndex, recordS: part(29, 38) } : null
    default:
      return null
  }
}
