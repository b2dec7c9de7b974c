// A store in memory, for tests and for --memory. Writes of one turn of the event loop are one commit, applied in order; nothing survives.
import { collectBatch, Notices, problemOf, promised, type Write } from './batch.ts'
import type { AppendRequest, AppendResult, CommitNotice, Log } from './log.ts'
import { MemoryPartitions } from './memory-log.ts'
import { MemoryRows, rowText } from './memory-tables.ts'
import { packRow } from './rows.ts'
import type { Store, StoreFigures, StoreOptions } from './store.ts'
import type { Tables } from './tables.ts'

/** Opens an empty store. `flush` and `recentBytesMax` mean nothing here. */
export function openMemoryStore(options: StoreOptions): Store {
  const partitions = new MemoryPartitions(options)
  const rows = new MemoryRows()
  const commits = new Commits()
  const { submit } = commits

  const append = (request: AppendRequest, notices: Notices): AppendResult => {
    const result = partitions.append(request)
    commits.figures.appends++
    commits.figures.appendedBytes += request.bytes.length
    notices.add(request.partition, result.baseOffset + request.offsetCount, request.bytes.length)
    return result
  }

  /** Encoded when it is asked for: a row that its owner changes later is stored as it was, and what cannot be stored changes nothing. */
  const prepare = (write: Write): ((notices: Notices) => AppendResult | undefined) => {
    if (write.do === 'append') {
      const problem = problemOf(write.request)
      if (problem) throw problem
      return (notices) => append(write.request, notices)
    }
    const text = rowText(write.table, write.key)
    const row = write.do === 'put' ? packRow(write.row) : undefined
    return () => {
      if (row) rows.put(text, row)
      else rows.delete(text)
      return undefined
    }
  }

  const log: Log = {
    append: (request) => promised((waiter) => log.appendFor(request, waiter)),
    appendFor: (request, waiter) => {
      const problem = problemOf(request)
      if (problem) waiter.failed(problem)
      else submit((notices) => append(request, notices)).then(waiter.stored.bind(waiter), waiter.failed.bind(waiter))
    },
    read: (requests) => commits.reading(() => requests.map((request) => partitions.read(request))),
    bounds: (partition) => commits.reading(() => partitions.bounds(partition)),
    offsetForTime: (partition, timestampMs) => commits.reading(() => partitions.offsetForTime(partition, timestampMs)),
    offsetOfMaxTimestamp: (partition) => commits.reading(() => partitions.offsetOfMaxTimestamp(partition)),
    setSegmentPolicy: (partition, policy) => partitions.setPolicy(partition, policy),
    trim: (partition, beforeOffset) => submit(() => partitions.trim(partition, beforeOffset)),
    retain: (partition, policy, nowMs) => submit(() => partitions.retain(partition, policy, nowMs)),
    segments: (partition) => commits.reading(() => partitions.segments(partition)),
    replace: (replacement) => submit(() => partitions.replace(replacement)),
    drop: (partition) => submit(() => partitions.drop(partition)),
    onCommit: (listener) => commits.listeners.push(listener),
  }

  const tables: Tables = {
    get: (table, key) => commits.reading(() => rows.get(table, key)),
    list: (table, prefix = [], limit = Number.POSITIVE_INFINITY) => commits.reading(() => rows.list(table, prefix, limit)),
  }

  return {
    log,
    tables,
    batch: () =>
      collectBatch((writes) => {
        const steps = writes.map(prepare)
        return submit((notices) => {
          for (const write of writes) if (write.do === 'append') partitions.checkWritable(write.request.partition)
          return steps.map((step) => step(notices)).filter((result) => result !== undefined)
        })
      }),
    figures: (): StoreFigures => ({ ...commits.figures, refusedWrites: 0, fileBytes: 0, freeBytes: 0, recentBytes: partitions.bytes }),
    onCommitMeasured: (listener) => commits.measured.push(listener),
    clear: () =>
      submit(() => {
        partitions.clear()
        rows.clear()
      }),
    close: () => commits.close(),
  }
}

/** Gathers the writes of a turn and settles them together. */
class Commits {
  readonly listeners: ((notices: readonly CommitNotice[]) => void)[] = []
  readonly measured: ((seconds: number, appends: number, bytes: number) => void)[] = []
  readonly figures = { commits: 0, commitSeconds: 0, appends: 0, appendedBytes: 0 }
  /** Each applies one write, then gives back what answers it. */
  #waiting: ((notices: Notices) => () => void)[] = []
  #closed = false

  submit = <Result>(change: (notices: Notices) => Result): Promise<Result> => {
    if (this.#closed) return Promise.reject(new Error('the store is closed'))
    if (this.#waiting.length === 0) queueMicrotask(() => this.#commit())
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push((notices) => {
        try {
          const result = change(notices)
          return () => resolve(result)
        } catch (error) {
          return () => reject(error)
        }
      })
    })
  }

  async reading<Result>(look: () => Result): Promise<Result> {
    if (this.#closed) throw new Error('the store is closed')
    return look()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    const last = this.submit(() => {})
    this.#closed = true
    await last
  }

  #commit(): void {
    const { appends, appendedBytes } = this.figures
    const waiting = this.#waiting
    this.#waiting = []
    const notices = new Notices()
    const answers = waiting.map((apply) => apply(notices))
    this.figures.commits++
    for (const listener of this.measured) listener(0, this.figures.appends - appends, this.figures.appendedBytes - appendedBytes)
    if (notices.list.length > 0) for (const listener of this.listeners) listener(notices.list)
    for (const answer of answers) answer()
  }
}
