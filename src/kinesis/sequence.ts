// Sequence numbers: AWS's 56-digit layout with the Kafka offset as its sequence index, so that one is decoded from the other and
// no index is kept. Pure. From the top, in hex digits: 2 | 9 second of the shard's creation | 1 low digit of the shard index |
// 16 sequence index (below 2^63) | 00 | 9 second of the record | 8 shard index | 2 (version). Order is by offset within a shard.

/** What a sequence number says. */
export interface Position {
  /** Second of the shard's creation: tells a shard from one of the same index in another stream. */
  readonly shardCreatedS: number
  readonly shardIndex: number
  readonly offset: number
}

/** AWS ends a closed shard at the largest index; every offset is below it. */
const indexMax = (1n << 63n) - 1n
const secondsMax = 2 ** 36 - 1
const shardIndexMax = 2 ** 31 - 1

const offsetShift = 80n
const recordSecondShift = 36n
/** 2 and 0 in the two top digits: what every second below 2^32 gives, and AWS's own check of the version. */
const layoutStart = 2n << 184n
const layoutEnd = 3n << 184n

/** Milliseconds -> the second that the layout carries: within its 36 bits, whatever a Kafka producer stamped. */
const secondOf = (ms: number): number => Math.max(0, Math.min(secondsMax, Math.floor(ms / 1000)))

/** Makes the sequence numbers of one shard; what does not change from record to record is computed once. */
export class SequenceNumbers {
  readonly #fixed: bigint
  readonly #createdMs: number

  constructor(shardIndex: number, shardCreatedMs: number) {
    this.#createdMs = shardCreatedMs
    const index = BigInt(shardIndex)
    this.#fixed = layoutStart | (BigInt(secondOf(shardCreatedMs)) << 148n) | ((index & 15n) << 144n) | (index << 4n) | 2n
  }

  /** The record at `offset`, which arrived at `timestampMs`. A Kafka producer's time before the shard's creation counts as that: the shard's first number stays the least. */
  at(offset: number, timestampMs: number): string {
    const second = secondOf(Math.max(timestampMs, this.#createdMs))
    return (this.#fixed | (BigInt(offset) << offsetShift) | (BigInt(second) << recordSecondShift)).toString()
  }

  /** The end of a closed shard: above every record of it. */
  end(closedMs: number): string {
    return (this.#fixed | (indexMax << offsetShift) | (BigInt(secondOf(closedMs)) << recordSecondShift)).toString()
  }
}

/** Reads a sequence number; null when it is not one that this layout gives. An end-of-shard number reads as offset Infinity. */
export function parseSequenceNumber(text: string): Position | null {
  // 2^184 has 56 digits; more than 57 cannot be in the layout, and BigInt need not look at them.
  if (text.length > 57 || !/^\d+$/.test(text)) return null
  const value = BigInt(text)
  if (value < layoutStart || value >= layoutEnd) return null
  const bits = (shift: bigint, width: bigint): bigint => (value >> shift) & ((1n << width) - 1n)
  const shardIndex = Number(bits(4n, 32n))
  const index = bits(offsetShift, 64n)
  const versioned = bits(0n, 4n) === 2n && bits(72n, 8n) === 0n && shardIndex <= shardIndexMax && bits(144n, 4n) === BigInt(shardIndex & 15)
  if (!versioned || index > indexMax) return null
  const offset = index > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(index)
  return { shardCreatedS: Number(bits(148n, 36n)), shardIndex, offset }
}

/** Whether a sequence number was given out by the shard that was created then. */
export const cameFrom = (position: Position, shardIndex: number, shardCreatedMs: number): boolean =>
  position.shardIndex === shardIndex && position.shardCreatedS === secondOf(shardCreatedMs)
