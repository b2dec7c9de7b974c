// Notices that the data file was removed while it is in use. The system keeps a removed file for whoever has it open, so that every write goes on to succeed, and all of
// it is gone when the process ends. A directory that was moved is no such case: what is written is in it still.
import { closeSync, fstatSync, openSync } from 'node:fs'

const everyMs = 1000

export class RemovalWatch {
  readonly #descriptor: number
  readonly #timer: NodeJS.Timeout

  /** `removed` is called once. */
  constructor(path: string, removed: () => void) {
    this.#descriptor = openSync(path, 'r')
    this.#timer = setInterval(() => {
      if (!this.#isRemoved()) return
      clearInterval(this.#timer)
      removed()
    }, everyMs).unref()
  }

  #isRemoved(): boolean {
    try {
      return fstatSync(this.#descriptor).nlink === 0
    } catch (error) {
      // How a network file system says it; whatever else it says is no proof.
      return (error as NodeJS.ErrnoException).code === 'ESTALE'
    }
  }

  close(): void {
    clearInterval(this.#timer)
    closeSync(this.#descriptor)
  }
}
