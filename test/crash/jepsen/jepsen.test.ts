// Random histories of transactions by real clients over real sockets, while the built broker is killed again and again: what Jepsen asks of a log. A short one here;
// `npm run test:jepsen` runs a long one (JEPSEN_OPERATIONS, JEPSEN_SEED).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/random.ts'
import { isBuilt, killAndStart, start } from '../running-broker.ts'
import { checkCopies, copy } from './copier.ts'
import { readCommitted } from './exact-reader.ts'
import { withRawFrames } from './exact-writer.ts'
import { History } from './history.ts'
import { follow, lastValue, readToEnd } from './readers.ts'
import { drive, insistently, partitions, topic, withKafkajs, withPlatformatic } from './writers.ts'

const { Kafka, logLevel } = kafkajs
const operations = Number(process.env['JEPSEN_OPERATIONS'] ?? 3_000)
const operationsPerKill = 400
const seed = Number(process.env['JEPSEN_SEED'] ?? Date.now() % 1_000_000)

test.skipIf(!isBuilt)(
  `${operations} operations, seed ${seed}: no aborted read, no lost write, no duplicate, no torn transaction`,
  async () => {
    const data = mkdtempSync(join(tmpdir(), 'twinlog-jepsen-'))
    let running = await start(data)
    try {
      const port = Number(running.kafka.split(':').at(-1))
      const kafka = new Kafka({
        brokers: [running.kafka],
        logLevel: logLevel.NOTHING,
        connectionTimeout: 500,
        requestTimeout: 5_000,
        retry: { retries: 100, initialRetryTime: 30, maxRetryTime: 200 },
      })
      const admin = kafka.admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })

      const history = new History()
      let stop = false
      const stopped = (): boolean => stop
      const trouble = new Map<string, number>()
      const onTrouble = (error: unknown): void => {
        const name = error instanceof Error ? error.name : String(error)
        trouble.set(name, (trouble.get(name) ?? 0) + 1)
      }
      const connects = { raw: withRawFrames(port), kafkajs: withKafkajs(kafka), platformatic: withPlatformatic([running.kafka]) }
      const writers = ['raw', 'kafkajs', 'platformatic', 'raw'].map((kind, n) =>
        drive({
          ...{ id: `${kind}-${n}`, connect: connects[kind as keyof typeof connects], random: seededRandom(seed + n) },
          ...{ history, stopped, onTrouble },
        }),
      )
      const copying = copy({ connect: connects.kafkajs, kafka, history, random: seededRandom(seed + 10), stopped, onTrouble })
      const live = readCommitted(port, history)
      const following = await follow(kafka, history)

      let kills = 0
      const random = seededRandom(seed + 20)
      for (let target = 0; history.operations < operations; kills++) {
        target = history.operations + operationsPerKill / 2 + random.integer(operationsPerKill)
        await expect.poll(() => history.operations).toBeGreaterThan(target)
        running = await killAndStart(running, data)
      }
      stop = true
      await Promise.all([...writers, copying])

      const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: lastValue }))
      const plain = kafka.producer()
      await plain.connect()
      await insistently(() => plain.send({ topic, messages }))
      await plain.disconnect()
      const [committed, all] = [await readCommitted(port, history), await readToEnd(kafka, history)]
      await following.close()
      await admin.disconnect()
      const copies = checkCopies(committed, await copying)
      console.log(`${history.operations} operations, ${kills} kills, ${copies.count} copies`, history.counts(), Object.fromEntries(trouble))
      expect([...history.verdict({ committed, all, live: await live, following: following.seen }), ...copies.problems], `seed ${seed}`).toEqual([])
      // A history in which nothing happened proves nothing.
      expect(history.counts().committed).toBeGreaterThan(operations / 40)
      expect(copies.count).toBeGreaterThan(10)
    } finally {
      running.child.kill('SIGKILL')
      rmSync(data, { recursive: true, force: true })
    }
  },
  Math.max(600_000, operations * 60),
)
