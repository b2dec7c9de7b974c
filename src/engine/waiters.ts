// Who waits for a partition to move: long polls of both doors. Woken by commits and trims, never by polling.
import type { Clock } from '../clock.ts'
import type { Partition } from './partition.ts'

interface Parked {
  partitions: readonly Partition[]
  ready: () => boolean
  wake: () => void
}

/** Long polls, by partition. */
export class Waiters {
  #clock: Clock
  #parked = new Map<Partition, Set<Parked>>()
  #closed = false
  #size = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Long polls that wait now. */
  get size(): number {
    return this.#size
  }

  /** Nobody parks any more: the engine has closed. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Resolves when `ready` says so (asked at once, and after each change of one of the partitions), at the deadline, when the
   * signal aborts, or when the engine closes: the caller looks again and answers with what is there.
   */
  park(partitions: readonly Partition[], deadlineMs: number, ready: () => boolean, signal?: AbortSignal): Promise<void> {
    if (this.#closed || signal?.aborted || deadlineMs <= this.#clock.now() || ready()) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#clock.at(deadlineMs, () => parked.wake())
      const parked: Parked = {
        partitions,
        ready,
        wake: () => {
          timer.cancel()
          signal?.removeEventListener('abort', parked.wake)
          this.#size--
          this.#forget(parked)
          resolve()
        },
      }
      this.#size++
      signal?.addEventListener('abort', parked.wake, { once: true })
      for (const partition of partitions) {
        let set = this.#parked.get(partition)
        if (!set) this.#parked.set(partition, (set = new Set()))
        set.add(parked)
      }
    })
  }

  /** A partition's end, start or last stable offset moved, or it is gone. */
  moved(partition: Partition): void {
    const set = this.#parked.get(partition)
    if (!set) return
    for (const parked of [...set]) if (parked.ready()) parked.wake()
  }

  /** Wakes everybody who waits on the partition, ready or not: it was deleted. */
  dropped(partition: Partition): void {
    for (const parked of [...(this.#parked.get(partition) ?? [])]) parked.wake()
  }

  /** Wakes everybody, and lets nobody park any more. */
  close(): void {
    this.#closed = true
    for (const set of [...this.#parked.values()]) for (const parked of [...set]) parked.wake()
  }

  #forget(parked: Parked): void {
    for (const partition of parked.partitions) {
      const set = this.#parked.get(partition)
      set?.delete(parked)
      if (set?.size === 0) this.#parked.delete(partition)
    }
  }
}
