// A piece of a partition: what one commit brought to it, where that lies, and its bytes. Pieces become chunks: at once, or, when they are small, after a time in the
// journal with others. One object for each, all of one shape: there are hundreds in a commit.
import type { Journaled } from './journal.ts'
import type { ChunkFacts } from './segments.ts'

export class Piece implements ChunkFacts {
  readonly partition: number
  readonly baseOffset: number
  readonly endOffset: number
  position: number
  readonly maxTimestampMs: number
  runningMaxTimestampMs: number
  /** Its bytes, perhaps in parts; one view of the entry when it is in the journal. */
  runs: readonly Buffer[]
  readonly bytes: number
  /** Some of the runs are in memory that their owner uses again. */
  readonly reusable: boolean
  /** It is the first of its segment. */
  readonly roll: boolean
  /** Where in the journal it is kept; null where it is not. */
  entry: Journaled | null = null

  constructor(partition: number, facts: ChunkFacts, runs: readonly Buffer[], bytes: number, reusable: boolean, roll: boolean) {
    this.partition = partition
    this.baseOffset = facts.baseOffset
    this.endOffset = facts.endOffset
    this.position = facts.position
    this.maxTimestampMs = facts.maxTimestampMs
    this.runningMaxTimestampMs = facts.runningMaxTimestampMs
    this.runs = runs
    this.bytes = bytes
    this.reusable = reusable
    this.roll = roll
  }

  get offsetCount(): number {
    return this.endOffset - this.baseOffset
  }
}
