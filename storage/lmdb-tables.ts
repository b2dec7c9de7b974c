// Rows in LMDB: reads, and what a batch writes. The rows share the tree, and so the transactions, with the log.
import { problemOf, type Write } from './batch.ts'
import { afterPrefix, encodeTuple, rowKey, storedRowKey, storedRowParts } from './keys.ts'
import type { LmdbEnvironment } from './lmdb-environment.ts'
import type { AppendResult } from './log.ts'
import { packRow, unpackRow } from './rows.ts'
import type { Key, Tables } from './tables.ts'
import type { Write as QueuedWrite } from './write-queue.ts'

/** `reading` runs a read, or rejects where the store is closed. */
export function createLmdbTables(environment: LmdbEnvironment, reading: <Result>(look: () => Result) => Promise<Result>): Tables {
  return {
    get: <Row>(table: { name: string }, key: Key) =>
      reading(() => {
        const bytes = environment.view(storedRowKey(rowKey(table.name, key)))
        return bytes && unpackRow<Row>(bytes)
      }),
    list: <Row>(table: { name: string }, prefix: Key = [], limit?: number) =>
      reading(() => {
        const start = storedRowKey(encodeTuple([table.name, ...prefix]))
        const found: { key: Key; row: Row }[] = []
        if (limit === 0) return found
        const range = { start, end: afterPrefix(start), ...(limit === undefined ? {} : { limit }) }
        for (const { key, value } of environment.entries(range)) found.push({ key: storedRowParts(key), row: unpackRow<Row>(value) })
        return found
      }),
  }
}

/** Room that a row takes beside its bytes. */
const rowOverheadBytes = 64

/** A batch as one write. Encoded here and now: a row that its owner changes later is stored as it was, and what cannot be stored changes nothing. */
export function batchWrite(writes: readonly Write[]): QueuedWrite<AppendResult[]> {
  let bytes = 0
  const steps = writes.map((write) => {
    if (write.do === 'append') {
      const problem = problemOf(write.request)
      if (problem) throw problem
      bytes += write.request.bytes.length
      return write.request
    }
    const row = { key: storedRowKey(rowKey(write.table, write.key)), value: write.do === 'put' ? packRow(write.row) : null }
    bytes += rowOverheadBytes + row.key.length + (row.value?.length ?? 0)
    return row
  })
  return {
    kind: 'add',
    bytes,
    apply: (plan) => {
      const results: AppendResult[] = []
      for (const step of steps) {
        if ('key' in step) plan.row(step.key, step.value)
        else results.push(plan.append(step))
      }
      return results
    },
  }
}
