// The two ids that AWS puts on an answer. Random, drawn in blocks: a system call per request would cost more than the rest of the envelope.
import type { Random } from '../random.ts'

const requestIdBytes = 16
const extendedIdBytes = 72
const perBlock = 512

export class RequestIds {
  readonly #random: Random
  #block: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** `x-amzn-RequestId`, in the form of a UUID. */
  requestId(): string {
    const hex = this.#take(requestIdBytes).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }

  /** `x-amz-id-2`. */
  extendedId(): string {
    return this.#take(extendedIdBytes).toString('base64')
  }

  #take(count: number): Buffer {
    if (this.#at + count > this.#block.length) {
      this.#block = this.#random.bytes((requestIdBytes + extendedIdBytes) * perBlock)
      this.#at = 0
    }
    this.#at += count
    return this.#block.subarray(this.#at - count, this.#at)
  }
}
