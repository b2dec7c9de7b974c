// Sequence numbers of records that follow one another, without big-integer work for each: the next offset's number is 2^80 above, which is added to the
// digits at hand. sequence.ts is the obvious way, says what the layout is, and makes the first number of every run.

/** Every sequence number has as many: the layout lies between 2·2^184 and 3·2^184. */
export const sequenceDigits = 56
/** One offset more: see sequence.ts. */
const step = Uint8Array.from(String(1n << 80n), Number)
const zero = 0x30
const nine = 0x39

export class SequenceDigits {
  readonly #numberOf: (offset: number, second: number) => string
  readonly #digits = Buffer.alloc(sequenceDigits)
  #offset = -1
  #second = -1

  /** `numberOf`: the obvious way, for one shard. */
  constructor(numberOf: (offset: number, second: number) => string) {
    this.#numberOf = numberOf
  }

  text(offset: number, second: number): string {
    this.#goTo(offset, second)
    return this.#digits.toString('latin1')
  }

  /** Writes the digits; answers where they end. */
  write(into: Buffer, at: number, offset: number, second: number): number {
    this.#goTo(offset, second)
    const digits = this.#digits
    for (let i = 0; i < sequenceDigits; i++) into[at + i] = digits[i]!
    return at + sequenceDigits
  }

  #goTo(offset: number, second: number): void {
    if (second !== this.#second || offset !== this.#offset + 1) {
      if (second !== this.#second || offset !== this.#offset) this.#digits.write(this.#numberOf(offset, second), 'latin1')
    } else toNextOffset(this.#digits, 0)
    this.#offset = offset
    this.#second = second
  }
}

/** Makes the digits at a place those of the next offset's record, where that arrived in the same second. */
export function toNextOffset(digits: Buffer, from: number): void {
  let carry = 0
  let at = from + sequenceDigits - 1
  for (let i = step.length - 1; i >= 0; i--, at--) {
    const sum = digits[at]! + step[i]! + carry
    carry = sum > nine ? 1 : 0
    digits[at] = carry === 1 ? sum - 10 : sum
  }
  for (; carry === 1; at--) {
    carry = digits[at] === nine ? 1 : 0
    digits[at] = carry === 1 ? zero : digits[at]! + 1
  }
}
