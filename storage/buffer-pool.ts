// Memory that is used again and again. V8 counts every fresh buffer as pressure and answers with collections of the whole heap: measured, they took a third of the time
// of small appends. Whoever takes memory gives it back when nobody can look at it any more, or lets it go to the collector as usual.

/** Sizes grow by a quarter of the power of two below them, so that at most a fifth is wasted. */
const stepsPerDoubling = 4
const smallestBytes = 4096
const largestBytes = 16 * 1024 * 1024

export class BufferPool {
  readonly #keptBytesMax: number
  readonly #free = new Map<number, ArrayBuffer[]>()
  #keptBytes = 0

  /** Keeps at most so many bytes while nobody has them. */
  constructor(keptBytesMax: number) {
    this.#keptBytesMax = keptBytesMax
  }

  /** Exactly so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    if (bytes > largestBytes) return Buffer.allocUnsafeSlow(bytes)
    const size = sizeFor(Math.max(bytes, smallestBytes))
    const memory = this.#free.get(size)?.pop()
    if (!memory) return Buffer.allocUnsafeSlow(size).subarray(0, bytes)
    this.#keptBytes -= size
    return Buffer.from(memory, 0, bytes)
  }

  /** What `take` gave: nobody reads or writes it any more. */
  give(buffer: Buffer): void {
    const memory = buffer.buffer as ArrayBuffer
    const size = memory.byteLength
    if (size > largestBytes || this.#keptBytes + size > this.#keptBytesMax) return
    this.#keptBytes += size
    const free = this.#free.get(size)
    if (free) free.push(memory)
    else this.#free.set(size, [memory])
  }
}

function sizeFor(bytes: number): number {
  const step = 2 ** Math.floor(Math.log2(bytes)) / stepsPerDoubling
  return Math.ceil(bytes / step) * step
}
