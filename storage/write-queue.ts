// Group commit: writes queue in the order they were asked for, one commit is in flight, and everything that arrived meanwhile goes into the
// next. Answers follow the disk. What a write does is commit-plan.ts; how a commit reaches the disk is lmdb-environment.ts.
import { problemOf } from './batch.ts'
import { CommitPlan, type PlanContext } from './commit-plan.ts'
import { Fifo } from './fifo.ts'
import { FullWatch } from './full-watch.ts'
import type { Changes } from './lmdb-environment.ts'
import type { AppendRequest, AppendResult, AppendWaiter, CommitNotice } from './log.ts'
import { Settlement } from './settlement.ts'
import { StorageFull, StoreFailed } from './store.ts'

/** A write that waits. */
export interface Write<Result> {
  /** Bytes that it adds; what a commit may carry is bounded by them. */
  bytes: number
  /** `add` and `rewrite` need room, and nothing that waits builds on a `rewrite`; `free` makes room, so that it is tried again by itself when a commit does not fit; `clear` has a commit of its own. */
  kind: 'add' | 'rewrite' | 'free' | 'clear'
  apply(plan: CommitPlan): Result
}

interface Waiting extends Write<unknown> {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** An append that waits: there are hundreds in a commit, so it is one object. */
class WaitingAppend implements Waiting {
  readonly kind = 'add'
  readonly bytes: number
  readonly #request: AppendRequest
  readonly #waiter: AppendWaiter

  constructor(request: AppendRequest, waiter: AppendWaiter) {
    this.bytes = request.bytes.length
    this.#request = request
    this.#waiter = waiter
  }

  apply(plan: CommitPlan): AppendResult {
    return plan.append(this.#request)
  }

  resolve(result: AppendResult): void {
    this.#waiter.stored(result)
  }

  reject(error: unknown): void {
    this.#waiter.failed(error)
  }
}

/** More than this waits for the next commit: what is written should not have fallen out of the processor's caches since it was received, and who came first is answered first. */
const commitBytesMax = 4 * 1024 * 1024
/** A commit of this size deletes garbage along the way; smaller ones are about latency and leave it to later. */
const garbageWithBytesMin = 64 * 1024
/** Chunks deleted in one commit: this many, or twice what the commit adds, so that deleting keeps up with writing; more when nobody waits. */
const garbageChunksMin = 64
const garbageChunksIdle = 256
/** Pause between commits that delete though they are not large. */
const garbagePauseMs = 10
/** Waiting bytes from which the next commit starts at once: smaller ones gather for a turn. */
const startAtOnceBytes = 256 * 1024
/** A write that comes so soon after a commit was on its way while that went on. */
const justEndedMs = 0.2
/** A commit settles small appends of earlier ones up to this, or twice what it adds, so that settling keeps up with writing. */
const settleBytesMin = 512 * 1024
/** What one settlement writes, about: who cannot go into the journal file waits for it. */
const settlementBytesMax = 2 * 1024 * 1024
/** Pause after one that found no room. */
const garbageRetryMs = 1000

export class WriteQueue {
  readonly #context: PlanContext
  readonly #waiting = new Fifo<Waiting>()
  #waitingBytes = 0
  #committing = false
  /** A settlement is under way: meanwhile only what goes into the journal file is committed. */
  #settling = false
  /** Taken, and waiting for it. */
  #held: Waiting[] = []
  #settleDueMs = 0
  #scheduled = false
  /** When the last commit ended well. */
  #endedMs = Number.NEGATIVE_INFINITY
  #failure: StoreFailed | undefined
  #closed: Promise<void> | undefined
  #idle: (() => void) | undefined
  /** Whether there may be garbage. At the start there may. */
  #garbage = true
  #garbageTimer: NodeJS.Timeout | undefined
  #garbageDueMs = 0
  readonly listeners: ((notices: readonly CommitNotice[]) => void)[] = []
  readonly measured: ((seconds: number, appends: number, bytes: number) => void)[] = []
  readonly figures = { commits: 0, commitSeconds: 0, appends: 0, appendedBytes: 0, refusedWrites: 0 }
  readonly #full: FullWatch

  constructor(context: PlanContext) {
    this.#context = context
    this.#full = new FullWatch(
      (full) => context.options.onFull?.(full),
      () => performance.now(),
    )
    this.#scheduleGarbage(garbagePauseMs)
  }

  submit<Result>({ bytes, kind, apply }: Write<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#accept({ bytes, kind, apply, resolve: resolve as (result: unknown) => void, reject })
    })
  }

  append(request: AppendRequest, waiter: AppendWaiter): void {
    const problem = problemOf(request)
    if (problem) waiter.failed(problem)
    else this.#accept(new WaitingAppend(request, waiter))
  }

  #accept(entry: Waiting): void {
    if (this.#failure) entry.reject(this.#failure)
    else if (this.#closed) entry.reject(new Error('the store is closed'))
    else {
      this.#enqueue(entry)
      this.#schedule()
    }
  }

  /** Takes no more writes; settles when those under way have settled. */
  close(): Promise<void> {
    clearTimeout(this.#garbageTimer)
    this.#closed ??= new Promise<void>((resolve) => {
      this.#idle = resolve
      this.#settleIdle()
    })
    return this.#closed
  }

  /** Fails everything from now on. */
  fail(error: StoreFailed): void {
    if (!this.#failure) {
      this.#failure = error
      clearTimeout(this.#garbageTimer)
      for (const entry of this.#held.splice(0)) entry.reject(error)
      while (this.#waiting.length > 0) this.#dequeue().reject(error)
      this.#context.options.onFailure(error)
    }
    this.#settleIdle()
  }

  #enqueue(entry: Waiting): void {
    this.#waiting.push(entry)
    this.#waitingBytes += entry.bytes
  }

  #dequeue(): Waiting {
    const entry = this.#waiting.shift()!
    this.#waitingBytes -= entry.bytes
    return entry
  }

  /**
   * At the end of this turn of the event loop, so that what its sockets brought shares a commit. Where that is more than one write, and a commit has only just ended, at
   * the end of the next turn: many wait for one another, and those whom that commit answered ask again by then.
   */
  #schedule(): void {
    if (this.#scheduled || this.#committing) return
    this.#scheduled = true
    const before = this.#waiting.length
    const crowded = performance.now() - this.#endedMs < justEndedMs
    const commit = (): void => {
      this.#scheduled = false
      this.#commitNext()
    }
    setImmediate(() => {
      if (crowded && this.#waiting.length > before && this.#waitingBytes < startAtOnceBytes) setImmediate(commit)
      else commit()
    })
  }

  #commitNext(): void {
    if (this.#failure) this.#settleIdle()
    if (this.#committing || this.#failure || (this.#settling && this.#held.length > 0)) return
    const { room } = this.#context.environment
    const roomBytes = room.forValues()
    const taken = this.#held.length > 0 ? this.#held : this.#take(roomBytes)
    this.#held = []
    const garbageDue = this.#garbage && !this.#settling && !this.#closed && performance.now() >= this.#garbageDueMs
    if (taken.length === 0 && garbageDue && !room.forDeletes()) {
      this.#scheduleGarbage(garbageRetryMs)
      return
    }
    if (taken.length === 0 && !garbageDue) {
      this.#settleIdle()
      return
    }
    const { plan, results } = this.#plan(taken)
    if (this.#settling && !plan.fileable) {
      this.#held = taken
      return
    }
    const collects = this.#garbage && !this.#settling && taken[0]?.kind !== 'clear' && (garbageDue || plan.appendedBytes >= garbageWithBytesMin)
    if (collects) {
      this.#garbage = plan.collectGarbage(taken.length === 0 ? garbageChunksIdle : Math.max(garbageChunksMin, 2 * plan.chunkCount))
      this.#garbageDueMs = performance.now() + garbagePauseMs
    }
    const changes = plan.finish(Math.min(Math.max(settleBytesMin, 2 * plan.appendedBytes), roomBytes - plan.appendedBytes))
    if (changes.list.length === 0 && !changes.clear && !changes.filed) {
      this.#settle(plan, taken, results)
      return
    }
    const startedMs = performance.now()
    const succeeded = () => {
      this.#endedMs = performance.now()
      this.#count(plan, this.#endedMs - startedMs)
      this.#settle(plan, taken, results)
    }
    const failed = (error: unknown) => {
      plan.abandon()
      this.#refuse(error, taken, collects)
    }
    this.#committing = true
    let done: undefined | Promise<void>
    try {
      done = this.#store(changes)
    } catch (error) {
      failed(error)
      return
    }
    if (!done) succeeded()
    else done.then(succeeded, failed)
  }

  #store(changes: Changes): undefined | Promise<void> {
    const { environment, journal, file } = this.#context
    if (changes.filed) return file!.write(changes.filed, journal.floor)
    if (file?.wanted && environment.room.forValues() > file.roomWanted)
      file.make((id) => this.submit({ kind: 'rewrite', bytes: 0, apply: (plan) => plan.useFile(id) }))
    return environment.commit(changes)
  }

  /** What the next commit carries: in order, up to its size, and a clear by itself. Refuses what does not fit the disk, and what waits behind it. */
  #take(roomBytes: number): Waiting[] {
    const taken: Waiting[] = []
    const bytesMax = Math.min(commitBytesMax, roomBytes)
    for (let bytes = 0; this.#waiting.length > 0; ) {
      const write = this.#waiting.at(0)!
      bytes += write.bytes
      if (taken.length > 0 && (bytes > bytesMax || write.kind === 'clear')) break
      if (write.kind === 'rewrite' && write.bytes > roomBytes) {
        bytes -= write.bytes
        this.#dequeue().reject(new StorageFull(`no room to rewrite ${write.bytes} bytes in ${this.#context.environment.directory}`))
        continue
      }
      if (needsRoom(write) ? write.bytes > roomBytes : !this.#context.environment.room.forDeletes()) {
        this.#rejectDependent(new StorageFull(`no room to write ${write.bytes} bytes in ${this.#context.environment.directory}`), [])
        continue
      }
      taken.push(this.#dequeue())
      if (write.kind === 'clear') break
    }
    return taken
  }

  /** Applies the writes in order. One that throws leaves no trace: the others are applied again to a new plan. `taken` loses it. */
  #plan(taken: Waiting[]): { plan: CommitPlan; results: unknown[] } {
    for (;;) {
      const plan = new CommitPlan(this.#context)
      const results: unknown[] = []
      try {
        for (const write of taken) results.push(write.apply(plan))
        return { plan, results }
      } catch (error) {
        for (const refused of taken.splice(results.length, 1)) refused.reject(error)
      }
    }
  }

  #settle(plan: CommitPlan, taken: Waiting[], results: unknown[]): void {
    this.#committing = false
    const notices = plan.publish()
    // Notes about garbage are written by what frees; a note that is there already was counted before.
    if (taken.some(({ kind }) => kind === 'free')) this.#garbage = true
    try {
      if (notices.length > 0) for (const listener of this.listeners) listener(notices)
    } finally {
      // A listener that throws is loud, but what is durable is acknowledged all the same.
      for (let i = 0; i < taken.length; i++) taken[i]!.resolve(results[i])
      // A commit of LMDB settles on its way what it touches.
      if (plan.filed) this.#settleSome()
      this.#continue()
    }
  }

  #continue(): void {
    if (this.#waitingBytes >= startAtOnceBytes) this.#commitNext()
    else if (this.#waiting.length > 0) this.#schedule()
    else if (this.#closed) this.#settleIdle()
    else if (this.#garbage) this.#scheduleGarbage(garbagePauseMs)
  }

  /** Makes chunks of what came together in the journal file, beside the commits that go into it. */
  #settleSome(): void {
    const { environment, journal, file } = this.#context
    if (!file?.inUse || this.#settling || this.#closed || (journal.ripe.size === 0 && !file.crowded)) return
    if (performance.now() < this.#settleDueMs || environment.room.forValues() < settlementBytesMax) return
    const settlement = new Settlement(this.#context, settlementBytesMax)
    if (settlement.empty) return
    const ended = (): void => {
      this.#settling = false
      this.#commitNext()
    }
    const failed = (error: unknown): void => {
      this.#settling = false
      this.#settleDueMs = performance.now() + garbageRetryMs
      if (error instanceof StorageFull) this.#commitNext()
      else this.fail(error instanceof StoreFailed ? error : new StoreFailed(`a commit failed: ${String(error)}`, { cause: error }))
    }
    this.#settling = true
    Promise.resolve(environment.commit(settlement.changes)).then(() => {
      settlement.publish()
      ended()
    }, failed)
  }

  /** The commit was not made. Nothing of it happened, so that the offsets it gave out are free again; what waits behind it may build on it. */
  #refuse(error: unknown, taken: Waiting[], collected: boolean): void {
    this.#committing = false
    if (!(error instanceof StorageFull)) {
      const failure = error instanceof StoreFailed ? error : new StoreFailed(`a commit failed: ${String(error)}`, { cause: error })
      for (const entry of taken) entry.reject(failure)
      this.fail(failure)
      return
    }
    if (collected) this.#garbage = true
    if (taken.length === 0) this.#garbageDueMs = performance.now() + garbageRetryMs
    else this.#rejectDependent(error, taken)
    if (this.#waiting.length === 0 && !this.#closed && this.#garbage) this.#scheduleGarbage(taken.length === 0 ? garbageRetryMs : garbagePauseMs)
    else this.#continue()
  }

  /** Everything that adds, in the commit and behind it, goes back to its owner; what frees room stays, and is tried by itself. */
  #rejectDependent(error: StorageFull, taken: readonly Waiting[]): void {
    const waiting = [...taken]
    while (this.#waiting.length > 0) waiting.push(this.#dequeue())
    // With nothing among them but writes that free room, it is those that do not fit.
    const again = waiting.some(needsRoom)
    for (const entry of waiting) {
      if (again && !needsRoom(entry)) {
        this.#enqueue(entry)
        continue
      }
      this.figures.refusedWrites++
      entry.reject(error)
    }
    this.#full.refused(error)
  }

  #count(plan: CommitPlan, ms: number): void {
    this.figures.commits++
    this.figures.commitSeconds += ms / 1000
    this.figures.appends += plan.appends
    this.figures.appendedBytes += plan.appendedBytes
    if (plan.appends > 0) this.#full.stored()
    for (const listener of this.measured) listener(ms / 1000, plan.appends, plan.appendedBytes)
  }

  #scheduleGarbage(delayMs: number): void {
    clearTimeout(this.#garbageTimer)
    // Deleting is never worth keeping a process alive for: the notes wait.
    this.#garbageTimer = setTimeout(() => {
      this.#garbageDueMs = 0
      this.#commitNext()
    }, delayMs).unref()
  }

  #settleIdle(): void {
    if (this.#waiting.length + this.#held.length === 0 && !this.#committing && !this.#settling && !this.#scheduled) this.#idle?.()
  }
}

const needsRoom = ({ kind }: Write<unknown>): boolean => kind === 'add' || kind === 'rewrite'
