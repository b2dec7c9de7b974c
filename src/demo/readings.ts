// What a reader saw, in order, so that two readers can be compared: per partition (or shard) a running hash over offsets, keys and bytes.
import { createHash, type Hash } from 'node:crypto'

export class Readings {
  records = 0
  bytes = 0
  readonly #partitions = new Map<number, { hash: Hash; next: number }>()

  /** Takes the next record of a partition; false for one that came before. */
  add(partition: number, offset: number, key: Buffer, value: Buffer): boolean {
    let seen = this.#partitions.get(partition)
    if (!seen) this.#partitions.set(partition, (seen = { hash: createHash('sha256'), next: 0 }))
    if (offset < seen.next) return false
    seen.next = offset + 1
    // Lengths too, so that no byte can move from key to value unseen.
    seen.hash.update(`${offset}:${key.length}:${value.length}:`).update(key).update(value)
    this.records++
    this.bytes += key.length + value.length
    return true
  }

  /** Equal for two readers that saw the same records with the same bytes in the same order. */
  digest(): string {
    const digests = [...this.#partitions].sort(([a], [b]) => a - b).map(([partition, { hash }]) => `${partition}=${hash.copy().digest('hex')}`)
    return createHash('sha256').update(digests.join()).digest('hex')
  }
}
