// What the batches and commits of every store have in common: collecting writes, and one notice per partition. How a commit is made is the
// store's own: memory-store.ts applies it, write-queue.ts makes it durable.
import type { AppendRequest, AppendResult, AppendWaiter, CommitNotice } from './log.ts'
import type { Batch, Key, Table } from './tables.ts'

/** One part of a batch. */
export type Write =
  | { do: 'put'; table: string; key: Key; row: unknown }
  | { do: 'delete'; table: string; key: Key }
  | { do: 'append'; request: AppendRequest }

/** A batch that only collects; `submit` takes the whole, or throws. Each batch can be committed once. */
export function collectBatch(submit: (writes: readonly Write[]) => Promise<AppendResult[]>): Batch {
  const writes: Write[] = []
  let committed = false
  const add = (write: Write): Batch => {
    if (committed) throw new Error('the batch was committed already')
    writes.push(write)
    return batch
  }
  const batch: Batch = {
    put: <Row>(table: Table<Row>, key: Key, row: Row) => add({ do: 'put', table: table.name, key, row }),
    delete: (table, key) => add({ do: 'delete', table: table.name, key }),
    append: (request) => add({ do: 'append', request }),
    commit: () => {
      if (committed) throw new Error('the batch was committed already')
      committed = true
      try {
        return submit(writes)
      } catch (error) {
        return Promise.reject(error)
      }
    },
  }
  return batch
}

/** One notice per partition, from the appends of a commit. */
export class Notices {
  readonly #byPartition = new Map<number, CommitNotice>()

  add(partition: number, endOffset: number, bytes: number): void {
    const known = this.#byPartition.get(partition)
    if (known) {
      known.endOffset = endOffset
      known.bytes += bytes
    } else this.#byPartition.set(partition, { partition, endOffset, bytes })
  }

  get list(): readonly CommitNotice[] {
    return [...this.#byPartition.values()]
  }
}

/** An append with a promise, of one without. */
export const promised = (append: (waiter: AppendWaiter) => void): Promise<AppendResult> => new Promise((stored, failed) => append({ stored, failed }))

/** Why no log could store this append; undefined where it can be stored. */
export function problemOf({ partition, bytes, offsetCount }: AppendRequest): RangeError | undefined {
  if (!Number.isSafeInteger(partition) || partition < 0) return new RangeError(`${partition} cannot be the number of a partition`)
  if (!Number.isSafeInteger(offsetCount) || offsetCount < 1) return new RangeError(`an append cannot take ${offsetCount} offsets`)
  if (bytes.length === 0) return new RangeError('an append carries no bytes')
  return undefined
}
