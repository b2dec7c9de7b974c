// Memory that bodies, batches and answers lie in is used again: every byte is looked at while many clients, quick and slow ones, write and read at once.
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { stamp } from '../../src/engine/engine.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { call, type DoorUnderTest, openDoor, signed } from './harness.ts'

let door: DoorUnderTest | undefined
let directory: string | undefined
afterEach(async () => {
  await door?.close()
  if (directory) rmSync(directory, { recursive: true, force: true })
  door = directory = undefined
})

const orders = 'orders'
/** Long enough that bodies come in pieces and batches are chunks of their own. */
const dataBytes = 900
const recordsEach = 120

/** What a record with this key holds. */
const dataOf = (key: string): Buffer => Buffer.alloc(key.startsWith('w-big') ? 10 * dataBytes : dataBytes, `${key} `)

interface Got {
  Records: { Data: string; PartitionKey: string }[]
  NextShardIterator: string
}

async function shardIterators(url: string, StreamName = orders): Promise<string[]> {
  const { body } = await call(url, 'ListShards', { StreamName })
  return Promise.all(
    (body['Shards'] as { ShardId: string }[]).map(async ({ ShardId }) => {
      const { body: got } = await call(url, 'GetShardIterator', { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' })
      return got['ShardIterator'] as string
    }),
  )
}

/** Reads until so many records were seen, and looks at each. */
async function readAll(url: string, seen: Set<string>, enough: number, stream = orders): Promise<void> {
  await Promise.all(
    (await shardIterators(url, stream)).map(async (iterator) => {
      for (let next = iterator; seen.size < enough; ) {
        const got = (await call(url, 'GetRecords', { ShardIterator: next })).body as unknown as Got
        for (const { Data, PartitionKey } of got.Records) {
          expect(Buffer.from(Data, 'base64').equals(dataOf(PartitionKey))).toBe(true)
          seen.add(PartitionKey)
        }
        next = got.NextShardIterator
      }
    }),
  )
}

async function write(url: string, writer: number | string, rounds: number, StreamName = orders): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const keys = Array.from({ length: recordsEach }, (_, i) => `w${writer}-r${round}-${i}`)
    const Records = keys.map((PartitionKey) => ({ PartitionKey, Data: dataOf(PartitionKey).toString('base64') }))
    const { body } = await call(url, 'PutRecords', { StreamName, Records })
    expect(body['FailedRecordCount']).toBe(0)
  }
}

const stores = {
  memory: async () => undefined,
  'a data directory': async () => {
    directory = mkdtempSync(join(tmpdir(), 'twinlog-lent-'))
    return openLmdbStore(directory, {
      stamp,
      now: () => systemClock.now(),
      flush: 'sync',
      recentBytesMax: 1024 * 1024,
      onFailure: (error) => {
        throw error
      },
    })
  },
}

for (const [name, open] of Object.entries(stores)) {
  test(`records stay what they were while others are written and read: ${name}`, async () => {
    const store = await open()
    door = await openDoor(store ? { store } : {})
    await call(door.url, 'CreateStream', { StreamName: orders, ShardCount: 3 })
    const writers = 4
    const rounds = 6
    const total = writers * rounds * recordsEach
    const { url } = door
    await Promise.all([...Array.from({ length: writers }, (_, writer) => write(url, writer, rounds)), readAll(url, new Set(), total)])
    // Once more, from what is stored.
    await readAll(url, new Set(), total)
  })
}

test('an answer that its client takes slowly is not written over by other answers', async () => {
  door = await openDoor()
  const { url } = door
  await call(url, 'CreateStream', { StreamName: orders, ShardCount: 1 })
  await call(url, 'CreateStream', { StreamName: 'others', ShardCount: 1 })
  // More than the system takes for a client that reads nothing.
  await write(url, '-big', 9)
  await write(url, '-big-other', 9, 'others')
  const [iterator] = await shardIterators(url)
  const body = JSON.stringify({ ShardIterator: iterator })
  const slow = net.connect(Number(new URL(url).port), '127.0.0.1')
  slow.pause()
  const head = Object.entries({ ...signed, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.GetRecords' })
  slow.write(
    `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${head.map(([key, value]) => `${key}: ${value}\r\n`).join('')}content-length: ${body.length}\r\n\r\n${body}`,
  )
  // Answers of the same size come and go meanwhile.
  for (let i = 0; i < 3; i++) await readAll(url, new Set(), 9 * recordsEach, 'others')
  const pieces: Buffer[] = []
  slow.on('data', (piece) => pieces.push(piece as Buffer))
  slow.resume()
  await new Promise((closed) => slow.once('close', closed))
  const answer = Buffer.concat(pieces)
  const { Records } = JSON.parse(answer.subarray(answer.indexOf('\r\n\r\n') + 4).toString()) as Got
  expect(Records).toHaveLength(9 * recordsEach)
  for (const { Data, PartitionKey } of Records) expect(Buffer.from(Data, 'base64').equals(dataOf(PartitionKey))).toBe(true)
})

test('bodies that come in pieces on many connections do not mix', async () => {
  door = await openDoor()
  const { url } = door
  await call(url, 'CreateStream', { StreamName: orders, ShardCount: 2 })
  const one = async (n: number): Promise<void> => {
    const PartitionKey = `slow-${n}`
    const body = JSON.stringify({ StreamName: orders, PartitionKey, Data: dataOf(PartitionKey).toString('base64') })
    await new Promise<void>((answered, failed) => {
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecord',
        'content-length': body.length,
        ...signed,
      }
      const request = http.request(url, { method: 'POST', agent: false, headers }, (response) => {
        expect(response.statusCode).toBe(200)
        response.resume().on('end', answered)
      })
      request.on('error', failed)
      const step = (at: number): void => {
        if (at >= body.length) return void request.end()
        request.write(body.slice(at, at + 400))
        setImmediate(step, at + 400)
      }
      step(0)
    })
  }
  await Promise.all(Array.from({ length: 40 }, (_, n) => one(n)))
  await readAll(url, new Set(), 40)
})
