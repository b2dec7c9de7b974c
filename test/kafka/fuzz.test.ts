// Anything at all on the socket: the broker answers or closes that one connection, and never fails unexpectedly. Seeds are printed by fast-check.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { defaultOf } from '../../protocol/schema.ts'
import { handlers } from '../../src/kafka/handlers/index.ts'
import { until } from '../until.ts'
import { batch, type Door, frameOf, startDoor } from './harness.ts'

let door: Door
let topicId: string

beforeAll(async () => {
  door = await startDoor({ settings: { 'socket.request.max.bytes': 100_000, 'log.retention.bytes': 100_000, 'log.segment.bytes': 10_000 } })
  topicId = (await door.engine.topics.create({ name: 'fuzz', partitionCount: 2 })).id
})
afterAll(() => door?.[Symbol.asyncDispose]())

/** Sends the chunks and closes; the broker must be as good as new. */
async function survives(chunks: readonly Uint8Array[]): Promise<void> {
  await using wire = await door.open()
  for (const chunk of chunks) wire.write(Buffer.from(chunk))
  wire.socket.end()
  await wire.closed
  await using other = await door.open()
  expect((await other.ask(apiVersions, 0, { clientSoftwareName: '', clientSoftwareVersion: '' })).errorCode).toBe(0)
  expect(door.log.filter(({ level }) => level === 'error')).toEqual([])
  // This one and, for a moment, the one before it.
  await until('connections are closed', () => door.counters.doors.kafka.connections <= 2)
}

const cut = (bytes: Buffer, at: number): Buffer[] => [bytes.subarray(0, at % bytes.length), bytes.subarray(at % bytes.length)]

test('random bytes', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (chunks) => survives(chunks)),
    { numRuns: 60 },
  ))

test('random bytes in a frame of any API and version', () => {
  const versions = handlers.flatMap((handler) =>
    Array.from({ length: handler.max - handler.min + 1 }, (_, i) => ({ key: handler.key, version: handler.min + i })),
  )
  return fc.assert(
    fc.asyncProperty(fc.constantFrom(...versions), fc.uint8Array({ maxLength: 120 }), ({ key, version }, body) => {
      const header = Buffer.alloc(14)
      header.writeInt32BE(10 + body.length, 0)
      header.writeInt16BE(key, 4)
      header.writeInt16BE(version, 6)
      header.writeInt16BE(-1, 12)
      return survives([header, body])
    }),
    { numRuns: 300 },
  )
})

test('every API answers a request in which every field has its default', async () => {
  for (const handler of handlers) {
    for (let version = handler.min; version <= handler.max; version++) {
      await survives([frameOf(handler.api, version, 1, defaultOf(handler.api.request) as never)])
    }
  }
})

test('real requests with some of their bytes changed', () => {
  const noReplica = { replicaId: -1, replicaEpoch: -1 }
  const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000, currentLeaderEpoch: 0, lastFetchedEpoch: -1 }
  const frames = [
    ...[3, 8, 9, 13].map((version) =>
      frameOf(produce, version, 1, {
        acks: -1,
        timeoutMs: 100,
        topicData: [{ name: 'fuzz', topicId, partitionData: [{ index: 0, records: batch(['a', 'b', 'c'.repeat(50)]) }] }],
      }),
    ),
    ...[0, 4, 11, 12, 18].map((version) =>
      frameOf(fetch, version, 1, {
        maxWaitMs: 0,
        minBytes: 1,
        replicaState: noReplica,
        sessionEpoch: 0,
        topics: [{ topic: 'fuzz', topicId, partitions: [partition] }],
        forgottenTopicsData: [],
      }),
    ),
    ...[1, 9, 12].map((version) =>
      frameOf(metadata, version, 1, {
        topics: [{ name: 'fuzz', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
        includeClusterAuthorizedOperations: true,
        includeTopicAuthorizedOperations: true,
        allowAutoTopicCreation: false,
      }),
    ),
  ]
  const change = fc.record({ at: fc.nat(), to: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)) })
  return fc.assert(
    fc.asyncProperty(fc.constantFrom(...frames), fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(), (frame, changes, at) => {
      const bytes = Buffer.from(frame)
      for (const { at: where, to } of changes) bytes[4 + (where % (bytes.length - 4))] = to
      // A wait of years is a client's right; it would only hold up this test.
      return survives([...cut(bytes, at), frame])
    }),
    { numRuns: 400 },
  )
})
