// The key of a Kafka record as a PartitionKey: itself where it is legal as one, else a stable printable form. Pure.
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'

const charsMax = 256
/** What a record without a key shows: AWS knows no record without one. */
const none = '-'

/**
 * `key` is null for a record without one. Text of 1 to 256 characters is shown as it is; other bytes as `base64:…`, and where that is
 * too long as `sha256:…`, so that records with equal keys keep equal partition keys.
 */
export function partitionKeyOf(key: Buffer | null): string {
  if (key === null || key.length === 0) return none
  if (key.length <= charsMax * 3 && isUtf8(key)) {
    const text = key.toString('utf8')
    if (text.length <= charsMax) return text
  }
  const encoded = `base64:${key.toString('base64')}`
  return encoded.length <= charsMax ? encoded : `sha256:${createHash('sha256').update(key).digest('hex')}`
}
