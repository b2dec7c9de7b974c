// Handing out records of a partition to one member of a share group: first what is available again, then what nobody has had yet. Reading them is others' business:
// the caller read some batches from `nextOffset` on and says where they lie; this says which of their records the member now holds.
import { free, inFlightCount, nextOffset, type Run, runAt, type SharePartitionState, stateOf } from './partition-state.ts'

/** A stretch of offsets that was read from the log as one. What lies between two of them is not in the log any more. */
export interface ReadBatch {
  readonly first: number
  /** Inclusive. */
  readonly last: number
  /** False for what consumers never see: control records, aborted transactions. */
  readonly deliverable: boolean
}

export interface AcquireRequest {
  readonly owner: string
  readonly lockedUntilMs: number
  /** Noted as the first delivery of what nobody has had yet; left out, none is noted. */
  readonly firstMs?: number
  /** How many records at most; whole batches all the same unless `strict`. */
  readonly recordsMax: number
  readonly strict: boolean
  /** An acquired range ends with the batch that makes it this long. */
  readonly batchSize: number
  /** How many records may be in flight. */
  readonly inFlightMax: number
  readonly deliveryCountLimit: number
  /** Where reading began. Nothing is known of what lies before it: it may have become available while the log was read. */
  readonly readFrom: number
  /** In order, without overlap. */
  readonly batches: readonly ReadBatch[]
}

export interface AcquiredRange {
  readonly first: number
  readonly last: number
  readonly deliveryCount: number
}

export interface Acquisition {
  readonly state: SharePartitionState
  readonly acquired: readonly AcquiredRange[]
}

/** May a member be handed anything, if the log has records before `logEndOffset`? */
export function mayAcquire(state: SharePartitionState, logEndOffset: number, inFlightMax: number): boolean {
  const next = nextOffset(state)
  if (next < state.endOffset) return next < logEndOffset
  return next < logEndOffset && inFlightCount(state) < inFlightMax
}

/** Hands out records of the batches. */
export function acquire(state: SharePartitionState, request: AcquireRequest): Acquisition {
  // An administrator moved the group back meanwhile: what was read says nothing of what is to come first.
  if (request.readFrom > state.endOffset) return { state, acquired: [] }
  const walk = new Walk(state, request)
  let cursor = Math.max(nextOffset(state), request.readFrom)
  for (const { first, last, deliverable } of request.batches) {
    if (walk.full) break
    if (last < cursor) continue
    const from = Math.max(first, cursor)
    // Compaction left nothing here, so nobody will ever settle it.
    if (from > cursor) walk.pass(cursor, from - 1, false)
    walk.pass(from, last, deliverable)
    walk.endBatch()
    cursor = Math.max(cursor, walk.reached)
  }
  return walk.result()
}

class Walk {
  readonly #request: AcquireRequest
  /** What the state has from start to end, and what was added; cut up as needed. */
  readonly #runs: Run[]
  #endOffset: number
  #room: number
  #taken = 0
  #acquired: AcquiredRange[] = []
  /** The batch before is closed to what follows: a range does not go on into the next one. */
  #closed = true
  /** The offset behind the last that was looked at. */
  reached = 0

  constructor(state: SharePartitionState, request: AcquireRequest) {
    this.#request = request
    this.#runs = [...state.runs]
    this.#endOffset = state.endOffset
    this.#room = request.inFlightMax - inFlightCount(state)
    this.reached = nextOffset(state)
  }

  get full(): boolean {
    return this.#taken >= this.#request.recordsMax
  }

  /** Looks at the offsets from `first` to `last` of one batch. */
  pass(first: number, last: number, deliverable: boolean): void {
    let from = first
    while (from <= last && from < this.#endOffset && !this.full) {
      const at = runAt(this.#runs, from)
      const run = this.#runs[at]
      if (!run || run.first > last) break
      // Offsets before the state's start were settled.
      from = Math.max(from, run.first)
      const to = Math.min(run.last, last)
      from = run.state === 'available' ? this.#takeAgain(at, run, from, to, deliverable) : to + 1
    }
    if (from >= this.#endOffset && from <= last && !this.full) from = this.#takeNew(Math.max(from, this.#endOffset), last, deliverable)
    this.reached = Math.max(this.reached, from)
  }

  endBatch(): void {
    const range = this.#acquired.at(-1)
    if (range && range.last - range.first + 1 >= this.#request.batchSize) this.#closed = true
  }

  result(): Acquisition {
    return { state: stateOf(this.#runs, this.#endOffset), acquired: this.#acquired }
  }

  /** How many of `count` may be taken now. */
  #granted(count: number): number {
    return this.#request.strict ? Math.min(count, this.#request.recordsMax - this.#taken) : count
  }

  #takeAgain(at: number, run: Run, from: number, to: number, deliverable: boolean): number {
    const last = deliverable ? from + this.#granted(to - from + 1) - 1 : to
    // The count never passes the limit: what was out for its last time when the broker stopped is handed out for the last time once more.
    const count = Math.max(run.deliveryCount, Math.min(run.deliveryCount + 1, this.#request.deliveryCountLimit))
    const parts: Run[] = []
    if (run.first < from) parts.push({ ...run, last: from - 1 })
    parts.push(deliverable ? this.#held(from, last, count, run.firstMs) : free(from, last, 'archived', run.deliveryCount))
    if (last < run.last) parts.push({ ...run, first: last + 1 })
    this.#runs.splice(at, 1, ...parts)
    if (deliverable) this.#note(from, last, count)
    return last + 1
  }

  #takeNew(from: number, to: number, deliverable: boolean): number {
    if (!deliverable) {
      this.#append(free(from, to, 'archived', 0))
      return to + 1
    }
    if (this.#room <= 0) {
      // Nothing more can be taken at all.
      this.#taken = Number.POSITIVE_INFINITY
      return from
    }
    // As with the wish for a number of records, the bound holds to the batch: cutting batches costs every consumer its decompression.
    const last = from + this.#granted(to - from + 1) - 1
    this.#append(this.#held(from, last, 1, this.#request.firstMs ?? 0))
    this.#room -= last - from + 1
    this.#note(from, last, 1)
    return last + 1
  }

  #append(run: Run): void {
    // Between the end and here the log had nothing.
    if (run.first > this.#endOffset) this.#runs.push(free(this.#endOffset, run.first - 1, 'archived', 0))
    this.#runs.push(run)
    this.#endOffset = run.last + 1
  }

  #held(first: number, last: number, deliveryCount: number, firstMs: number): Run {
    const { owner, lockedUntilMs } = this.#request
    return { first, last, state: 'acquired', deliveryCount, owner, lockedUntilMs, firstMs }
  }

  #note(first: number, last: number, deliveryCount: number): void {
    this.#taken += last - first + 1
    const before = this.#acquired.at(-1)
    if (before && !this.#closed && before.last + 1 === first && before.deliveryCount === deliveryCount) {
      this.#acquired[this.#acquired.length - 1] = { ...before, last }
    } else {
      this.#acquired.push({ first, last, deliveryCount })
    }
    this.#closed = false
  }
}
