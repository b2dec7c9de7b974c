// A stream's shards, prepared for routing and naming: which open shard takes a hash key, and each shard's sequence numbers.
// Computed once per state of a stream's shards. Pure.
import type { Shard } from '../engine/shards.ts'
import { hashKeyHex } from './hash-key.ts'
import { SequenceNumbers } from './sequence.ts'
import { shardIdOf } from './shard-id.ts'

/** A shard with what the AWS door needs of it at every record. */
export interface StreamShard {
  readonly shard: Shard
  readonly id: string
  readonly numbers: SequenceNumbers
  /** The last hash key of the range, as hash-key.ts spells it. */
  readonly endHex: string
}

export class ShardMap {
  /** All shards, by index. */
  readonly all: readonly StreamShard[]
  /** Open ones, by hash key; together they cover every hash key. */
  readonly open: readonly StreamShard[]
  readonly #byIndex: ReadonlyMap<number, StreamShard>

  constructor(shards: readonly Shard[]) {
    this.all = shards
      .map((shard) => ({
        shard,
        id: shardIdOf(shard.index),
        numbers: new SequenceNumbers(shard.index, shard.createdMs),
        endHex: hashKeyHex(shard.hashEnd),
      }))
      .sort((a, b) => a.shard.index - b.shard.index)
    this.open = this.all.filter(({ shard }) => shard.endOffset === null).sort((a, b) => (a.endHex < b.endHex ? -1 : 1))
    this.#byIndex = new Map(this.all.map((entry) => [entry.shard.index, entry]))
  }

  get(index: number): StreamShard | undefined {
    return this.#byIndex.get(index)
  }

  /** The open shard that takes a hash key. */
  route(hashHex: string): StreamShard {
    let low = 0
    let high = this.open.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.open[middle]!.endHex < hashHex) low = middle + 1
      else high = middle
    }
    return this.open[low]!
  }

  /** The shard that an offset of a partition belongs to. */
  holding(partition: number, offset: number): StreamShard {
    const holds = ({ shard }: StreamShard): boolean =>
      shard.partition === partition && shard.startOffset <= offset && (shard.endOffset === null || offset < shard.endOffset)
    const found = this.all.find(holds)
    if (!found) throw new Error(`no shard holds offset ${offset} of partition ${partition}`)
    return found
  }

  /** The shards that go on where this one ended. */
  childrenOf(index: number): StreamShard[] {
    return this.all.filter(({ shard }) => shard.parents.includes(index))
  }
}

const known = new WeakMap<readonly Shard[], ShardMap>()

/** The prepared form of a topic's shards; a reshard gives the topic a new array. */
export function shardMapOf(shards: readonly Shard[]): ShardMap {
  let map = known.get(shards)
  if (!map) known.set(shards, (map = new ShardMap(shards)))
  return map
}
