// What becomes of the records that a read of a shard passes: a list of outputs, which any encoder takes. record-json.ts writes them straight as JSON instead.
import type { RecordCursor } from '../../protocol/records/record.ts'
import type { Output } from './operation.ts'
import type { SequenceNumbers } from './sequence.ts'
import { WireTime } from './wire-time.ts'

/** Takes records one by one; the cursor moves on afterwards. */
export interface RecordSink {
  readonly count: number
  add(record: RecordCursor): void
  /** What was made of them: the `Records` member of an answer. */
  readonly made: unknown
}

/** How a stream's records are shown. */
export interface RecordDress {
  readonly numbers: SequenceNumbers
  readonly encryption: string | undefined
  /** Undefined where the member is left out. */
  keyOf(key: Buffer | null): string | undefined
}

const noData = Buffer.alloc(0)

/** The obvious sink. Data are views of what is stored. */
export class RecordList implements RecordSink {
  readonly made: Output[] = []
  readonly #dress: RecordDress

  constructor(dress: RecordDress) {
    this.#dress = dress
  }

  get count(): number {
    return this.made.length
  }

  add(record: RecordCursor): void {
    const { numbers, encryption, keyOf } = this.#dress
    this.made.push({
      SequenceNumber: numbers.at(record.offset, record.timestampMs),
      ApproximateArrivalTimestamp: new WireTime(record.timestampMs),
      // A null value, which deletes a key from a compacted topic, reads as an empty one: AWS knows no other.
      Data: record.value() ?? noData,
      PartitionKey: keyOf(record.key()),
      EncryptionType: encryption,
    })
  }
}
