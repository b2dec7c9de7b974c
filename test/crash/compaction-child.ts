// Appends to a compacted partition of an engine on disk, and compacts it all the time, until it is killed. Says on standard output what was acknowledged:
//   A offset key value        a record; `-` for a tombstone          T id first offset key value …     a transaction's record
//   C producer marker         a commit                               X producer marker                 an abort
import { writeSync } from 'node:fs'
import { buildBatch } from '../../protocol/records/builder.ts'
import { buildEndMarker } from '../../protocol/records/control.ts'
import { systemClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import { Engine, stamp } from '../../src/engine/engine.ts'
import { systemRandom } from '../../src/random.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'

const [directory = '', life = '0'] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)
const random = (max: number) => Math.floor(Math.random() * max)
const fail = (error: unknown) => {
  throw error
}

const store = await openLmdbStore(directory, { stamp, now: Date.now, flush: 'sync', recentBytesMax: 1 << 20, onFailure: fail })
const settings = Settings.of({ 'log.cleaner.dedupe.buffer.size': 24 * 300 })
const engine = await Engine.start({ store, settings, clock: systemClock, random: systemRandom, onBackgroundError: fail })
const configs = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0', 'internal.segment.bytes': '30000', 'delete.retention.ms': '50' }
const topic = engine.topics.get('t') ?? (await engine.topics.create({ name: 't', partitionCount: 1, configs }))
const partition = topic.partitions[0]!
await engine.open([partition])
say('ready')

let count = 0
const recordsOf = () =>
  Array.from({ length: 1 + random(4) }, () => ({
    key: `k${random(400)}`,
    value: random(6) === 0 ? null : `${life}.${count++}.${'x'.repeat(random(300))}`,
    timestampMs: Date.now(),
  }))

async function writer(): Promise<void> {
  for (;;) {
    const records = recordsOf()
    const { baseOffset } = await engine.append(partition, buildBatch(records))
    for (const [i, { key, value }] of records.entries()) say(`A ${baseOffset + i} ${key} ${value ?? '-'}`)
  }
}

async function transactor(): Promise<void> {
  for (let n = 0; ; n++) {
    // What a killed one leaves open would hold up compaction for ever: whoever verifies ends it.
    const producerId = 1000 * Number(life) + (n % 7)
    const records = recordsOf()
    const sequence = sequences.get(producerId) ?? 0
    sequences.set(producerId, sequence + records.length)
    const { baseOffset } = await engine.append(
      partition,
      buildBatch(records, { producerId, producerEpoch: 0, baseSequence: sequence, transactional: true }),
    )
    for (const [i, { key, value }] of records.entries()) say(`T ${producerId} ${baseOffset + i} ${key} ${value ?? '-'}`)
    await end(producerId, random(2) === 0)
  }
}
const sequences = new Map<number, number>()

async function end(producerId: number, committed: boolean): Promise<void> {
  const timestampMs = Date.now()
  const bytes = buildEndMarker({ committed, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestampMs })
  const batch = store.batch()
  const stored = partition.addMarker(batch, { producerId, producerEpoch: 0, committed, bytes, timestampMs })
  const [result] = await batch.commit()
  stored(result!.baseOffset)
  say(`${committed ? 'C' : 'X'} ${producerId} ${result!.baseOffset}`)
}

for (let n = 0; n < 4; n++) void writer()
void transactor()
for (;;) {
  await engine.checkCompaction()
  await new Promise((resolve) => setImmediate(resolve))
}
