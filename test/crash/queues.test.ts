// A queue of the built broker with workers on it, killed at random moments: what was acknowledged never comes again, nobody is handed what somebody else holds,
// no delivery is counted twice, and every record is acknowledged in the end, as a record or as a dead letter.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { call } from '../kinesis/harness.ts'
import type { QueueRecord } from '../kinesis/queue-world.ts'
import { isBuilt, killAndStart, start } from './running-broker.ts'

const kills = 8
const workers = 4
const recordCount = 1500
const holdMs = 1000
const streamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/crash'

class Ledger {
  /** Acknowledged, and told so. */
  readonly acknowledged = new Set<string>()
  readonly deliveries = new Set<string>()
  readonly heldUntilMs = new Map<string, number>()
  readonly faults: string[] = []

  /** `calledMs`: before the call; a hold begins later than that. */
  received(records: readonly QueueRecord[], before: ReadonlySet<string>, calledMs: number): void {
    for (const { RecordId, ReceiveCount } of records) {
      const delivery = `${RecordId} x${ReceiveCount}`
      if (before.has(RecordId)) this.faults.push(`${delivery} was acknowledged before it was received`)
      if (this.deliveries.has(delivery)) this.faults.push(`${delivery} was delivered twice`)
      if (Date.now() < (this.heldUntilMs.get(RecordId) ?? 0)) this.faults.push(`${delivery} was held by somebody else`)
      this.deliveries.add(delivery)
      this.heldUntilMs.set(RecordId, calledMs + holdMs)
    }
  }
}

test.skipIf(!isBuilt)('kill -9 takes nothing back of what a queue has answered', async () => {
  const data = mkdtempSync(join(tmpdir(), 'twinlog-queue-crash-'))
  let running = await start(data)
  const url = running.aws
  const ask = async <Answer>(operation: string, input: object): Promise<Answer | null> => {
    try {
      const { status, body } = await call(url, operation, input)
      return status === 200 ? (body as Answer) : null
    } catch {
      await new Promise((again) => setTimeout(again, 10))
      return null
    }
  }
  try {
    await ask('CreateStream', { StreamName: 'crash', StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
    const made = await ask<{ QueueDescription: { QueueARN: string } }>('CreateQueue', {
      QueueName: 'q',
      StreamConfigurationList: [{ StreamARN: streamARN }],
      QueueAttributes: { VisibilityTimeoutSeconds: holdMs / 1000, DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 3 } },
    })
    const { QueueARN } = made!.QueueDescription
    const put = new Set<string>()
    const ledger = new Ledger()
    const unanswered = new Set<string>()
    let isOver = false

    const producer = async (): Promise<void> => {
      while (put.size < recordCount) {
        const Records = Array.from({ length: 10 }, (_, i) => ({ PartitionKey: `${put.size + i}`, Data: 'eA==' }))
        const told = await ask<{ Records: { SequenceNumber: string }[] }>('PutRecords', { StreamName: 'crash', Records })
        for (const { SequenceNumber } of told?.Records ?? []) put.add(SequenceNumber)
      }
    }
    const worker = async (kind: '' | 'DeadLetter'): Promise<void> => {
      while (!isOver) {
        const before = new Set(ledger.acknowledged)
        const calledMs = Date.now()
        const told = await ask<{ QueueRecords: QueueRecord[] }>(`Receive${kind}QueueRecords`, { QueueARN, WaitTimeSeconds: 1 })
        const records = told?.QueueRecords ?? []
        ledger.received(records, before, calledMs)
        const recordOf = new Map(records.map(({ ReceiptHandle, RecordId }) => [ReceiptHandle, RecordId]))
        const Entries = records.filter(() => Math.random() < 0.6).map(({ ReceiptHandle }) => ({ ReceiptHandle }))
        if (Entries.length === 0) continue
        const settled = await ask<{ Successful: { ReceiptHandle: string }[] }>(`Acknowledge${kind}QueueRecords`, { QueueARN, Entries })
        if (!settled) for (const { ReceiptHandle } of Entries) unanswered.add(recordOf.get(ReceiptHandle)!)
        const done = new Set(settled?.Successful.map(({ ReceiptHandle }) => ReceiptHandle))
        for (const handle of done) ledger.acknowledged.add(recordOf.get(handle)!)
      }
    }
    const work = Promise.all([producer(), worker('DeadLetter'), ...Array.from({ length: workers }, () => worker(''))])
    for (let kill = 0; kill < kills; kill++) {
      const enough = ledger.deliveries.size + 50 + Math.floor(Math.random() * 150)
      await expect.poll(() => ledger.deliveries.size).toBeGreaterThan(enough)
      running = await killAndStart(running, data)
    }
    await expect.poll(() => put.size).toBeGreaterThanOrEqual(recordCount)
    // An acknowledgement whose answer was lost with the broker may be done all the same: such a record comes no more. All others must come.
    const left = (): string[] => [...put].filter((id) => !ledger.acknowledged.has(id))
    await expect.poll(() => left().filter((id) => !unanswered.has(id))).toEqual([])
    // What is wrong comes by itself, if it comes at all, when holds are over.
    await new Promise((passed) => setTimeout(passed, 2 * holdMs))
    isOver = true
    await work
    expect(ledger.faults).toEqual([])
    console.log(
      `${kills} kills; ${put.size} put, ${ledger.deliveries.size} deliveries, ${ledger.acknowledged.size} acknowledged, ${left().length} without an answer`,
    )
  } finally {
    running.child.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  }
})
