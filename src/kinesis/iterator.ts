// Shard iterators and page tokens: self-contained, sealed with a key of the store (AES-256-GCM) so that they survive a restart and
// nobody can make or change one, and different on every call. AWS's outer form is kept: base64 of a version (0000000000000001)
// and 16-byte blocks. Does not know streams or shards beyond their names.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../random.ts'

/** Where a reader of a shard stands. */
export interface IteratorPosition {
  /** The topic's id: an iterator does not outlive its stream, even when the name is used again. */
  readonly topicId: string
  readonly streamName: string
  readonly shardIndex: number
  /** The next offset to read. */
  readonly offset: number
  /** When it was given out. */
  readonly issuedMs: number
}

const version = Buffer.from('0000000000000001', 'hex')
const nonceBytes = 12
const tagBytes = 16
const blockBytes = 16
/** AWS's shortest iterators: so that ours do not give away short stream names either. */
const sealedBytesMin = 144

export const tokenKeyBytes = 32

/** Seals and opens what this broker gives out. `purpose` keeps an iterator from passing as a page token. */
export class TokenSeal {
  readonly #key: Buffer
  readonly #random: Random

  /** `key`: tokenKeyBytes random bytes, the same for the life of the data directory. */
  constructor(key: Buffer, random: Random) {
    this.#key = key
    this.#random = random
  }

  seal(purpose: string, content: unknown): string {
    const json = Buffer.from(JSON.stringify(content))
    const bare = nonceBytes + tagBytes + 2 + json.length
    const total = Math.max(sealedBytesMin, Math.ceil(bare / blockBytes) * blockBytes)
    const plain = Buffer.alloc(total - nonceBytes - tagBytes)
    plain.writeUInt16BE(json.length, 0)
    json.copy(plain, 2)
    const nonce = this.#random.bytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(purpose))
    return Buffer.concat([version, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64')
  }

  /** The content, or null when this broker did not seal it for this purpose. */
  open(purpose: string, text: string): unknown {
    const bytes = Buffer.from(text, 'base64')
    if (bytes.length < version.length + sealedBytesMin || bytes.toString('base64') !== text || !bytes.subarray(0, 8).equals(version)) return null
    const nonce = bytes.subarray(8, 8 + nonceBytes)
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(purpose))
      decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
      const plain = Buffer.concat([decipher.update(bytes.subarray(8 + nonceBytes, bytes.length - tagBytes)), decipher.final()])
      return JSON.parse(plain.toString('utf8', 2, 2 + plain.readUInt16BE(0))) as unknown
    } catch {
      // A wrong tag: made elsewhere, or changed on the way.
      return null
    }
  }

  sealIterator(position: IteratorPosition): string {
    return this.seal('iterator', [position.topicId, position.streamName, position.shardIndex, position.offset, position.issuedMs])
  }

  /** AWS also takes an iterator in double quotes, as shells and scripts leave it. */
  openIterator(text: string): IteratorPosition | null {
    const bare = text.length > 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
    const content = this.open('iterator', bare)
    if (content === null) return null
    const [topicId, streamName, shardIndex, offset, issuedMs] = content as [string, string, number, number, number]
    return { topicId, streamName, shardIndex, offset, issuedMs }
  }
}

/** AWS's text for an iterator past its life. */
export const iteratorExpiredText = (issuedMs: number, nowMs: number, lifeMs: number): string =>
  `Iterator expired. The iterator was created at time ${javaDate(issuedMs)} while right now it is ${javaDate(nowMs)} ` +
  `which is further in the future than the tolerated delay of ${lifeMs} milliseconds.`

/** A time as Java's Date prints it: Thu Jan 22 01:22:02 UTC 2015. */
export function javaDate(ms: number): string {
  const [weekday, day, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${day} ${time} UTC ${year}`
}
