// Writes to a store as fast as it can until it is killed, and says on standard output what was acknowledged: one line each.
//   A partition offset text        an append              B text p1 o1 p2 o2     a batch of a row and two appends
//   T partition offset             a trim is asked for    t partition offset     and was acknowledged
//   D partition                    a drop is asked for    d partition            and was acknowledged
import { writeSync } from 'node:fs'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { table } from '../../storage/tables.ts'
import { entry, journalFile, stamp } from './storage-entry.ts'

const [directory = '', runText = '0'] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)
const batches = table<{ text: string }>('batches')
const sizes = [50, 50, 200, 1000, 1000, 5000, 70_000, 300_000]
const random = (max: number) => Math.floor(Math.random() * max)

const store = await openLmdbStore(directory, {
  stamp,
  now: Date.now,
  flush: 'sync',
  recentBytesMax: 4 * 1024 * 1024,
  // Partitions settle often, and the oldest have to make room.
  journal: { smallBytesMax: 32_768, settleBytes: 20_000, bytesMax: 40_000 },
  journalFile,
  onFailure: (error) => {
    throw error
  },
})
for (let partition = 0; partition < 10; partition++) store.log.setSegmentPolicy(partition, { segmentBytes: 500_000, segmentMs: 1e9 })
say('ready')

let count = 0
const request = (partition: number, text: string) => ({
  partition,
  bytes: entry(text, sizes[random(sizes.length)]!),
  offsetCount: 1 + random(3),
  maxTimestampMs: Date.now(),
  leaderEpoch: 0,
})

async function writer(name: number): Promise<void> {
  for (;;) {
    const text = `${runText}.${name}.${count++}`
    // Partitions below 6 are trimmed, those from 6 on hold the batches.
    const partition = random(8)
    const { baseOffset } = await store.log.append(request(partition, text))
    say(`A ${partition} ${baseOffset} ${text}`)
  }
}

async function batcher(name: number): Promise<void> {
  for (;;) {
    const text = `${runText}.b${name}.${count++}`
    const [one, two] = [6 + random(2), 8 + random(2)]
    const results = await store.batch().append(request(one, text)).put(batches, [text], { text }).append(request(two, text)).commit()
    say(`B ${text} ${one} ${results[0]!.baseOffset} ${two} ${results[1]!.baseOffset}`)
  }
}

async function trimmer(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, random(40)))
    const partition = random(6)
    const { startOffset, endOffset } = await store.log.bounds(partition)
    const before = startOffset + random((endOffset - startOffset) / 2)
    say(`T ${partition} ${before}`)
    const bounds = await store.log.trim(partition, before)
    say(`t ${partition} ${bounds.startOffset}`)
  }
}

/** Partitions that live for a moment; their numbers are never used again. */
async function dropper(): Promise<void> {
  for (let i = 0; ; i++) {
    const partition = 1_000_000 * (Number(runText) + 1) + i
    for (let n = 0; n < 20; n++) await store.log.append(request(partition, `${runText}.d${i}`))
    say(`D ${partition}`)
    await store.log.drop(partition)
    say(`d ${partition}`)
  }
}

for (let name = 0; name < 8; name++) void writer(name)
for (let name = 0; name < 3; name++) void batcher(name)
void trimmer()
void dropper()
