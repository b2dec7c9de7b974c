// Whether the disk is full, for whoever runs the broker: told once when writes begin to be refused, and once when they have gone through again for a while.
// Large writes may be refused for long while small ones still fit, so one that succeeds does not mean that there is room.
import type { StorageFull } from './store.ts'

/** Without a refused write for so long, writes that succeed say that there is room again. */
const quietMs = 10_000

export class FullWatch {
  readonly #tell: (full: StorageFull | null) => void
  readonly #nowMs: () => number
  #refusedMs = 0
  #full = false

  /** `nowMs` never goes back. */
  constructor(tell: (full: StorageFull | null) => void, nowMs: () => number) {
    this.#tell = tell
    this.#nowMs = nowMs
  }

  refused(error: StorageFull): void {
    this.#refusedMs = this.#nowMs()
    if (this.#full) return
    this.#full = true
    this.#tell(error)
  }

  stored(): void {
    if (!this.#full || this.#nowMs() - this.#refusedMs < quietMs) return
    this.#full = false
    this.#tell(null)
  }
}
