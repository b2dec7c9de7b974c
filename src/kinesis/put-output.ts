// What became of the records of a PutRecords, as members of its answer: the obvious way, and straight as JSON, without an object, a number in digits or a text for each.
import { AwsError } from './aws-error.ts'
import { encodeJson } from './json.ts'
import { OwnJson } from './json-bytes.ts'
import type { Output } from './operation.ts'
import type { PutResult } from './put.ts'
import { sequenceDigits } from './sequence-digits.ts'
import type { StreamShard } from './shard-map.ts'

/** The obvious way. */
export function resultOutput(result: PutResult): Output {
  if (!(result instanceof Error)) return { SequenceNumber: result.shard.numbers.at(result.offset, result.timestampMs), ShardId: result.shard.id }
  if (result instanceof AwsError) return { ErrorCode: result.type, ErrorMessage: result.message }
  return { ErrorCode: 'InternalFailure', ErrorMessage: `Internal service failure: ${result.message}` }
}

const beforeNumber = Buffer.from('{"SequenceNumber":"')
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c

/** The same as JSON: a list with one of them for each result. */
export class JsonResults extends OwnJson {
  readonly jsonBytesMax: number
  readonly #results: readonly PutResult[]
  /** What follows a number, by shard: there are few. */
  readonly #endings = new Map<StreamShard, Buffer>()
  /** Of those that failed, in their order. */
  readonly #failures: Buffer[] = []

  constructor(results: readonly PutResult[]) {
    super()
    this.#results = results
    let bytes = 2 + results.length
    for (const result of results) {
      if (result instanceof Error) {
        const failure = Buffer.from(encodeJson(resultOutput(result)))
        this.#failures.push(failure)
        bytes += failure.length
      } else bytes += beforeNumber.length + sequenceDigits + this.#endingOf(result.shard).length
    }
    this.jsonBytesMax = bytes
  }

  writeJson(into: Buffer, start: number): number {
    let at = start
    into[at++] = openBracket
    let failed = 0
    for (let i = 0; i < this.#results.length; i++) {
      const result = this.#results[i]!
      if (i > 0) into[at++] = comma
      if (result instanceof Error) at = put(into, at, this.#failures[failed++]!)
      else {
        at = put(into, at, beforeNumber)
        at = result.shard.numbers.write(into, at, result.offset, result.timestampMs)
        at = put(into, at, this.#endingOf(result.shard))
      }
    }
    into[at++] = closeBracket
    return at
  }

  #endingOf(shard: StreamShard): Buffer {
    let ending = this.#endings.get(shard)
    if (!ending) this.#endings.set(shard, (ending = Buffer.from(`","ShardId":${encodeJson(shard.id)}}`)))
    return ending
  }
}

/** Short pieces: a loop beats a call. */
function put(into: Buffer, at: number, piece: Buffer): number {
  for (let i = 0; i < piece.length; i++) into[at + i] = piece[i]!
  return at + piece.length
}
