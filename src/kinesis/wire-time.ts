// A point in time on the wire: JSON carries seconds as a decimal, CBOR tag 1 with whole milliseconds. In inputs and outputs alike.

/** Milliseconds since the epoch, as a value that the encoders know apart from a number. */
export class WireTime {
  readonly ms: number

  constructor(ms: number) {
    this.ms = ms
  }
}
