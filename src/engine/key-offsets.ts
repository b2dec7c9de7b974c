// The last offset of each key, for compaction: a hash table of fixed size, whatever the number and the length of the keys. It holds hashes of 128 bits and
// not the keys, as Kafka's does: two keys that share one are less likely than a disk that lies. Full is an answer, not an error.

/** Bytes of one entry: four words of hash, and the offset. */
const keyOffsetBytes = 24

export class KeyOffsets {
  readonly #slots: number
  readonly #entriesMax: number
  readonly #hashes: Uint32Array
  /** Offset + 1; 0 where the slot is free. */
  readonly #offsets: Float64Array
  readonly #seed: number
  readonly #hash = new Uint32Array(4)
  size = 0

  /** Room for `entriesMax` keys at most, in `bytesMax` bytes filled to `loadFactor` at most; for one key at least. */
  constructor(options: { entriesMax: number; bytesMax: number; loadFactor: number; seed: number }) {
    const { entriesMax, bytesMax, loadFactor, seed } = options
    const load = Math.min(Math.max(loadFactor, 0.01), 0.95)
    const slots = Math.min(Math.ceil(entriesMax / load) + 1, Math.floor(bytesMax / keyOffsetBytes), slotsMax)
    this.#slots = Math.max(2, slots)
    this.#entriesMax = Math.max(1, Math.floor(this.#slots * load))
    this.#hashes = new Uint32Array(4 * this.#slots)
    this.#offsets = new Float64Array(this.#slots)
    this.#seed = seed >>> 0
  }

  /** Notes that bytes[at, at + length) was seen at `offset`, later than before. False, with nothing noted, where that is a new key and there is no room. */
  put(bytes: Uint8Array, at: number, length: number, offset: number): boolean {
    const slot = this.#slotOf(bytes, at, length)
    if (this.#offsets[slot] === 0) {
      if (this.size >= this.#entriesMax) return false
      this.size++
      this.#hashes.set(this.#hash, slot * 4)
    }
    this.#offsets[slot] = offset + 1
    return true
  }

  /** The last offset noted for a key; -1 for none. */
  get(bytes: Uint8Array, at: number, length: number): number {
    return this.#offsets[this.#slotOf(bytes, at, length)]! - 1
  }

  #slotOf(bytes: Uint8Array, at: number, length: number): number {
    const hash = this.#hash
    hash128(bytes, at, length, this.#seed, hash)
    const hashes = this.#hashes
    for (let slot = hash[0]! % this.#slots; ; slot = slot + 1 === this.#slots ? 0 : slot + 1) {
      if (this.#offsets[slot] === 0) return slot
      const i = slot * 4
      if (hashes[i] === hash[0] && hashes[i + 1] === hash[1] && hashes[i + 2] === hash[2] && hashes[i + 3] === hash[3]) return slot
    }
  }
}

/** 2 GiB of entries. */
const slotsMax = Math.floor(2 ** 31 / keyOffsetBytes)

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))

function finish(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}

/** MurmurHash3's x86 form of 128 bits (Austin Appleby, public domain), with words of the tail filled up by zeros. */
function hash128(bytes: Uint8Array, at: number, length: number, seed: number, out: Uint32Array): void {
  const c1 = 0x239b961b
  const c2 = 0xab0e9789
  const c3 = 0x38b34ae5
  const c4 = 0xa1e38b93
  let h1 = seed
  let h2 = seed
  let h3 = seed
  let h4 = seed
  const end = at + length
  const word = (from: number): number => {
    if (from + 4 <= end) return bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)
    let last = 0
    for (let i = from; i < end; i++) last |= bytes[i]! << (8 * (i - from))
    return last
  }
  for (; at < end; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(word(at), c1), 15), c2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(word(at + 4), c2), 16), c3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(word(at + 8), c3), 17), c4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(word(at + 12), c4), 18), c1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  out[0] = h1
  out[1] = (h2 + h1) | 0
  out[2] = (h3 + h1) | 0
  out[3] = (h4 + h1) | 0
}
