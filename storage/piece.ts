// A piece of a partition: what one commit brought to it, where that lies, and its bytes. Pieces become chunks: at once, or, when they are small, after a time in the
// journal with others. One object for each, all of one shape: there are hundreds in a commit.
import type { Journaled } from './journal.ts'
import type { ChunkFacts } from './segments.ts'

const noRuns: readonly Buffer[] = []

export class Piece implements ChunkFacts {
  readonly partition: number
  readonly baseOffset: number
  readonly endOffset: number
  position: number
  readonly maxTimestampMs: number
  runningMaxTimestampMs: number
  /** Its bytes, perhaps in parts, until they are in the journal. */
  #runs: readonly Buffer[]
  readonly bytes: number
  /** Some of the runs are in memory that their owner uses again. */
  readonly reusable: boolean
  /** It is the first of its segment. */
  readonly roll: boolean
  /** Where in the journal it is kept; null where it is not. */
  #entry: Journaled | null = null
  /** Where in the entry its bytes begin. */
  #entryAt = 0

  constructor(partition: number, facts: ChunkFacts, runs: readonly Buffer[], bytes: number, reusable: boolean, roll: boolean) {
    this.partition = partition
    this.baseOffset = facts.baseOffset
    this.endOffset = facts.endOffset
    this.position = facts.position
    this.maxTimestampMs = facts.maxTimestampMs
    this.runningMaxTimestampMs = facts.runningMaxTimestampMs
    this.#runs = runs
    this.bytes = bytes
    this.reusable = reusable
    this.roll = roll
  }

  get offsetCount(): number {
    return this.endOffset - this.baseOffset
  }

  get entry(): Journaled | null {
    return this.#entry
  }

  /** Empty when it is in the journal. */
  get runs(): readonly Buffer[] {
    return this.#runs
  }

  /** It is in the journal now: no view of it is made before somebody asks, as tens of thousands may lie there. */
  keptIn(entry: Journaled, at: number): void {
    this.#entry = entry
    this.#entryAt = at
    this.#runs = noRuns
  }

  /** Its bytes in the journal, as they lie there: whoever keeps this keeps the entry from being used again, and says so there. */
  get view(): Buffer {
    return this.#entry!.value!.subarray(this.#entryAt, this.#entryAt + this.bytes)
  }

  /** Answers where its bytes end. */
  copyTo(into: Buffer, at: number): number {
    if (this.#entry) return at + this.#entry.value!.copy(into, at, this.#entryAt, this.#entryAt + this.bytes)
    for (let n = 0; n < this.#runs.length; n++) {
      into.set(this.#runs[n]!, at)
      at += this.#runs[n]!.length
    }
    return at
  }
}
