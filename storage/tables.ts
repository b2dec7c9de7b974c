// The contract of the small typed tables beside the log: everything that must survive and is not a record.
// Rows are msgpackr values; keys are tuples that sort by their parts. One batch may span rows of many tables and appends.
import type { AppendRequest, AppendResult } from './log.ts'

export type KeyPart = string | number
export type Key = readonly KeyPart[]

/** A named table. Declared once, beside the code that owns the rows; the store gives it meaning. */
export interface Table<Row> {
  readonly name: string
  /** Never present: carries the row's type. */
  readonly row?: Row
}

export const table = <Row>(name: string): Table<Row> => ({ name })

/** Writes that happen together or not at all. Order within a batch is kept. */
export interface Batch {
  put<Row>(table: Table<Row>, key: Key, row: Row): this
  delete(table: Table<unknown>, key: Key): this
  /** Joins an append to the batch; its result is at the same place in the commit's answer. */
  append(request: AppendRequest): this
  /** Settles when durable, with the results of the appends in order. Rejects as Log.append does. */
  commit(): Promise<AppendResult[]>
}

export interface Tables {
  get<Row>(table: Table<Row>, key: Key): Promise<Row | undefined>
  /** Rows whose key begins with `prefix`, in key order; all of them without one. `limit` bounds the answer. */
  list<Row>(table: Table<Row>, prefix?: Key, limit?: number): Promise<{ key: Key; row: Row }[]>
}
