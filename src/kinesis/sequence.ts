// Sequence numbers: AWS's 56-digit layout with the Kafka offset as its sequence index, so that one is decoded from the other and
// no index is kept. Pure. From the top, in hex digits: 2 | 9 second of the shard's creation | 1 low digit of the shard index |
// 16 sequence index (below 2^63) | 00 | 9 second of the record | 8 shard index | 2 (version). Order is by offset within a shard.
// A shard's creation is dated two seconds back, as AWS does it, and records later than that; a number dated exactly then is no
// record's: it stands just before the record at its offset. A shard's first number and continuation numbers are of that kind.
import { SequenceDigits } from './sequence-digits.ts'

/** What a sequence number says. */
export interface Position {
  /** Second of the shard's creation: tells a shard from one of the same index in another stream. */
  readonly shardCreatedS: number
  readonly shardIndex: number
  /** Infinity at the end of a closed shard. */
  readonly offset: number
  /** The number stands before the record at `offset`, and is not that record's. */
  readonly before: boolean
}

/** AWS ends a closed shard at the largest index; every offset is below it. */
const indexMax = (1n << 63n) - 1n
const secondsMax = 2 ** 36 - 1
const shardIndexMax = 2 ** 31 - 1
const creationDatedBackS = 2

const offsetShift = 80n
const recordSecondShift = 36n
/** 2 and 0 in the two top digits: what every second below 2^32 gives, and AWS's own check of the version. */
const layoutStart = 2n << 184n
const layoutEnd = 3n << 184n

/** Milliseconds -> the second that the layout carries: within its 36 bits, whatever a Kafka producer stamped. */
const secondOf = (ms: number): number => Math.max(0, Math.min(secondsMax, Math.floor(ms / 1000)))
const creationSecondOf = (createdMs: number): number => Math.max(0, secondOf(createdMs) - creationDatedBackS)

/** Makes the sequence numbers of one shard; what does not change from record to record is computed once. */
export class SequenceNumbers {
  readonly #fixed: bigint
  readonly #createdS: number
  readonly #run: SequenceDigits = new SequenceDigits((offset, second) => this.#number(BigInt(offset), second))

  constructor(shardIndex: number, shardCreatedMs: number) {
    const index = BigInt(shardIndex)
    this.#createdS = creationSecondOf(shardCreatedMs)
    this.#fixed = layoutStart | (BigInt(this.#createdS) << 148n) | ((index & 15n) << 144n) | (index << 4n) | 2n
  }

  /** The record at `offset`, which arrived at `timestampMs`. */
  at(offset: number, timestampMs: number): string {
    return this.#run.text(offset, this.secondOf(timestampMs))
  }

  /** The same as ASCII digits, `sequenceDigits` of them; answers where they end. */
  write(into: Buffer, at: number, offset: number, timestampMs: number): number {
    return this.#run.write(into, at, offset, this.secondOf(timestampMs))
  }

  /** The second that the number of a record carries. */
  secondOf(timestampMs: number): number {
    return Math.max(secondOf(timestampMs), this.#createdS + 1)
  }

  /** Just before the record at `offset`, whenever it arrives. */
  before(offset: number): string {
    return this.#number(BigInt(offset), this.#createdS)
  }

  /** The end of a closed shard: above every record of it. */
  end(closedMs: number): string {
    return this.#number(indexMax, this.secondOf(closedMs))
  }

  #number(index: bigint, second: number): string {
    return (this.#fixed | (index << offsetShift) | (BigInt(second) << recordSecondShift)).toString()
  }
}

/** Reads a sequence number; null when it is not one that this layout gives. */
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
  const shardCreatedS = Number(bits(148n, 36n))
  return {
    shardCreatedS,
    shardIndex,
    offset: index > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(index),
    before: Number(bits(recordSecondShift, 36n)) <= shardCreatedS,
  }
}

/** Whether a sequence number was given out by the shard that was created then. */
export const cameFrom = (position: Position, shardIndex: number, shardCreatedMs: number): boolean =>
  position.shardIndex === shardIndex && position.shardCreatedS === creationSecondOf(shardCreatedMs)

/** The first offset whose record's number is not below (`AT`), or is above (`AFTER`), the one that was read. */
export function offsetFrom({ offset, before }: Position, type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER'): number {
  return Math.min(type === 'AT_SEQUENCE_NUMBER' || before ? offset : offset + 1, Number.MAX_SAFE_INTEGER)
}
