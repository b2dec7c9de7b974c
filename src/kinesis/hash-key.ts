// Hash keys: the MD5 of a partition key as a 128-bit number, which picks the shard. Here a hash key travels as 32 hex digits:
// they compare as the numbers do, and MD5 comes as hex. Does not know streams; shard-map.ts does.
import * as crypto from 'node:crypto'

/** One past the largest hash key. */
export const hashKeyEnd = 1n << 128n

type Hash = (partitionKey: string) => string
let hash: Hash | undefined

/** The hash key of a partition key, as AWS computes it: MD5 over the UTF-8 bytes, read big-endian. */
export const hashOfPartitionKey: Hash = (partitionKey) => {
  hash ??= fastestHash()
  return hash(partitionKey)
}

/** `crypto.hash` (Node 20.12 and later) costs half of a Hash object. Asked late, because loading node:crypto is no part of a start. */
function fastestHash(): Hash {
  const { hash: oneShot } = crypto as { hash?: (algorithm: string, data: string, encoding: 'hex') => string }
  return oneShot ? (key) => oneShot('md5', key, 'hex') : (key) => crypto.createHash('md5').update(key, 'utf8').digest('hex')
}

/** A number below 2^128 in comparable form. */
export const hashKeyHex = (value: bigint): string => value.toString(16).padStart(32, '0')
