// The obvious reader of a batch's records, for comparison with scan.ts and record.ts: one field after the other, 64-bit arithmetic, an object for each record.

export interface ObviousRecord {
  timestampMs: bigint
  offsetDelta: bigint
  key: Buffer | null
  value: Buffer | null
  headers: { key: Buffer; value: Buffer | null }[]
}

class Reader {
  at = 0
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
  varint(bytesMax: number): bigint {
    let raw = 0n
    for (let i = 0; i < bytesMax; i++) {
      if (this.at >= this.bytes.length) throw new Error('cut off')
      const byte = this.bytes[this.at++]!
      raw |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) {
        const bits = bytesMax === 5 ? 32 : 64
        raw = BigInt.asUintN(bits, raw)
        return BigInt.asIntN(bits, (raw >> 1n) ^ -(raw & 1n))
      }
    }
    throw new Error('too long')
  }
  take(count: bigint): Buffer {
    if (count > BigInt(this.bytes.length - this.at)) throw new Error('cut off')
    this.at += Number(count)
    return this.bytes.subarray(this.at - Number(count), this.at)
  }
  nullable(): Buffer | null {
    const length = this.varint(5)
    return length < 0n ? null : this.take(length)
  }
}

/** The records of an uncompressed body, or an error if it is not exactly `count` good records with the deltas 0, 1, 2 … */
export function obviousRecords(body: Buffer, count: number, baseTimestampMs: bigint): ObviousRecord[] {
  const outer = new Reader(body)
  const records: ObviousRecord[] = []
  for (let index = 0; index < count; index++) {
    const length = outer.varint(5)
    if (length < 0n) throw new Error('negative length')
    const inner = new Reader(outer.take(length))
    inner.take(1n)
    const timestampMs = baseTimestampMs + inner.varint(10)
    const offsetDelta = inner.varint(5)
    if (offsetDelta !== BigInt(index)) throw new Error('offset delta')
    const key = inner.nullable()
    const value = inner.nullable()
    const headerCount = inner.varint(5)
    if (headerCount < 0n) throw new Error('header count')
    const headers = []
    for (let left = headerCount; left > 0n; left--) {
      const keyLength = inner.varint(5)
      if (keyLength < 0n) throw new Error('header key')
      headers.push({ key: inner.take(keyLength), value: inner.nullable() })
    }
    if (inner.at !== inner.bytes.length) throw new Error('bytes left in the record')
    records.push({ timestampMs, offsetDelta, key, value, headers })
  }
  if (outer.at !== body.length) throw new Error('bytes left in the batch')
  return records
}
