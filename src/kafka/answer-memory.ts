// The memory that one answer's records are copied into: lent for as long as the answer is on its way, because fresh memory for each answer costs more than the copy (measured: touching
// it and having it collected were half of a catch-up read). Which bytes are copied at all is the store's business.
import type { ReadMemory } from '../engine/reading.ts'
import type { FrameMemory } from './frame-memory.ts'

export class AnswerMemory implements ReadMemory {
  readonly #memory: FrameMemory
  #lent: Buffer[] = []

  constructor(memory: FrameMemory) {
    this.#memory = memory
  }

  take(bytes: number): Buffer {
    const lent = this.#memory.lend(bytes)
    if (!lent) return Buffer.allocUnsafe(bytes)
    this.#lent.push(lent)
    return lent
  }

  /** The system has the answer, or nobody will ever want it. Where that is not certain it is simply let go: then it is collected like any other memory. */
  giveBack(): void {
    for (const lent of this.#lent) this.#memory.giveBack(lent)
    this.#lent = []
  }
}
