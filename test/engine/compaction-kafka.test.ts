// What Apache Kafka kept of some histories, and what this engine keeps of them. To record anew: COMPACTION_KAFKA=HOST:PORT npx vitest run test/engine/compaction-kafka.test.ts
// with a Kafka that looks often (log.cleaner.backoff.ms=200); then the file is written, and the difference is the review.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { play, readHistories } from './compaction-history.ts'
import { engineSteps, kafkaSteps } from './compaction-peers.ts'

const file = join(import.meta.dirname, '../golden/compaction/kafka-4.3.1.txt')
const peer = process.env['COMPACTION_KAFKA']
const histories = readHistories(file)
const recorded: string[] = []

describe(`what is left of a history is what Kafka 4.3.1 leaves`, () => {
  test.each(histories)(
    '$name',
    async (history) => {
      const steps = peer ? await kafkaSteps(peer, history.name) : await engineSteps()
      try {
        const lines = await play(history, steps)
        if (peer) recorded.push(`## ${history.name}\n${lines.join('\n')}\n`)
        else expect(lines).toEqual(history.lines)
      } finally {
        await steps.close()
      }
    },
    peer ? 120_000 : 5_000,
  )
})

afterAll(() => {
  if (recorded.length === 0) return
  writeFileSync(file, `${header}\n${recorded.join('\n')}`)
})

const header = `What Apache Kafka keeps of these histories (recorded by test/engine/compaction-kafka.test.ts, which says how). The language: compaction-history.ts.\n`
