// Stopping an engine while it works in the background: the store may be closed when idle() has settled, and nothing fails.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { batchOf, startEngine, storeOptions } from './harness.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-stopping-'))
afterAll(() => rmSync(root, { recursive: true }))

test.each(['delete', 'compact'])('a stop waits for the step that is under way (cleanup.policy=%s)', async (policy) => {
  const clock = new ManualClock()
  const store = await openLmdbStore(mkdtempSync(join(root, 'd')), storeOptions(clock))
  const { engine } = await startEngine({ clock, store })
  const configs = { 'cleanup.policy': policy, 'retention.ms': '1', 'internal.segment.bytes': '300', 'min.cleanable.dirty.ratio': '0' }
  const { partitions } = await engine.topics.create({ name: 't', partitionCount: 20, configs })
  const batch = () => batchOf(['x'.repeat(200)], clock.now())
  await Promise.all(partitions.flatMap((partition) => Array.from({ length: 8 }, () => engine.append(partition, batch(), { trusted: true }))))
  clock.advance(10)
  const work = policy === 'delete' ? engine.checkRetention() : engine.checkCompaction()
  let ended = false
  const settled = work.then(() => {
    ended = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(ended).toBe(false)
  engine.close()
  await engine.idle()
  await store.close()
  await settled
})
