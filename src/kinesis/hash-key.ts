// Hash keys: the MD5 of a partition key as a 128-bit number, which picks the shard. Here a hash key travels as 32 hex digits:
// they compare as the numbers do, and MD5 comes as hex. Does not know streams; shard-map.ts does.
import * as crypto from 'node:crypto'

/** One past the largest hash key. */
export const hashKeyEnd = 1n << 128n

/** `crypto.hash` (Node 20.12 and later) costs half of a Hash object. */
const oneShot = (crypto as { hash?: (algorithm: string, data: string, encoding: 'hex') => string }).hash

/** The hash key of a partition key, as AWS computes it: MD5 over the UTF-8 bytes, read big-endian. */
export const hashOfPartitionKey: (partitionKey: string) => string = oneShot
  ? (partitionKey) => oneShot('md5', partitionKey, 'hex')
  : (partitionKey) => crypto.createHash('md5').update(partitionKey, 'utf8').digest('hex')

/** A number below 2^128 in comparable form. */
export const hashKeyHex = (value: bigint): string => value.toString(16).padStart(32, '0')
