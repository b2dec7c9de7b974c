// Transactions: begin, one record, commit, again and again, by some producers at once.
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { latencyFigures } from '../figures.ts'
import { anonymousMb, closedLoopFor, costOf } from '../load.ts'
import { type Figures, type Knobs, partitionsUsual, type Scenario } from '../scenario.ts'
import type { Server } from '../servers.ts'
import { checkProduced, createTopic, noise, produceFrame, Wire } from '../wire.ts'

/** Coordinator loading, not there yet, or still busy with the transaction before: ask again, as every client does. */
const again = new Set([14, 15, 16, 51])

async function patiently(what: string, ask: () => Promise<number>): Promise<void> {
  for (;;) {
    const code = await ask()
    if (code === 0) return
    if (!again.has(code)) throw new Error(`${what}: error ${code}`)
    await new Promise((later) => setTimeout(later, 1))
  }
}

class Transactor {
  #sequence = 0
  #producerId = 0
  #producerEpoch = 0
  readonly #wire: Wire
  readonly #id: string
  readonly #partition: number
  readonly #value = noise(1000, 1)

  constructor(wire: Wire, n: number) {
    this.#wire = wire
    this.#id = `transactor-${n}`
    this.#partition = n % partitionsUsual
  }

  async begin(): Promise<void> {
    await patiently('coordinator', async () => (await this.#wire.call(findCoordinator, 1, { key: this.#id, keyType: 1 })).errorCode)
    await patiently('producer id', async () => {
      const answer = await this.#wire.call(initProducerId, 1, { transactionalId: this.#id, transactionTimeoutMs: 60_000 })
      this.#producerId = answer.producerId
      this.#producerEpoch = answer.producerEpoch
      return answer.errorCode
    })
  }

  async transact(): Promise<void> {
    const [id, partition] = [this.#id, this.#partition]
    const ofProducer = { producerId: this.#producerId, producerEpoch: this.#producerEpoch }
    await patiently('add partitions', async () => {
      const topics = [{ name: 'bench', partitions: [partition] }]
      const request = { v3AndBelowTransactionalId: id, v3AndBelowProducerId: ofProducer.producerId, v3AndBelowProducerEpoch: this.#producerEpoch }
      const answer = await this.#wire.call(addPartitionsToTxn, 1, { ...request, v3AndBelowTopics: topics })
      return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
    })
    const batch = buildBatch([{ value: this.#value, timestampMs: Date.now() }], {
      ...{ producerId: this.#producerId, producerEpoch: this.#producerEpoch, baseSequence: this.#sequence++, transactional: true },
    })
    checkProduced(await this.#wire.send(produceFrame('bench', [{ partition, batch }], -1, id)))
    await patiently('commit', async () => (await this.#wire.call(endTxn, 1, { transactionalId: id, ...ofProducer, committed: true })).errorCode)
  }

  close(): void {
    this.#wire.close()
  }
}

async function run(producers: number, server: Server, { seconds }: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  await createTopic(wire, 'bench', partitionsUsual)
  wire.close()
  const transactors = await Promise.all(
    Array.from({ length: producers }, async (_, n) => new Transactor(await Wire.open(server.host, server.ports.kafka), n)),
  )
  await Promise.all(transactors.map((transactor) => transactor.begin()))
  const transact = (_: number, lane: number): Promise<void> => transactors[lane]!.transact()
  await closedLoopFor(seconds / 5, producers, transact)
  let taken: number[] = []
  const cost = await costOf(server, async () => {
    taken = await closedLoopFor(seconds, producers, transact)
  })
  for (const transactor of transactors) transactor.close()
  return {
    'transactions/s': taken.length / cost.seconds,
    ...latencyFigures('transaction', taken),
    'CPU s per 100,000': (cost.cpuSeconds / taken.length) * 100_000,
    'anonymous MB': anonymousMb(cost.after),
  }
}

export const transactionScenarios: readonly Scenario[] = [1, 10, 100].map((producers) => ({
  name: `transactions-${producers}`,
  family: 'transactions',
  about: `${producers} producer${producers === 1 ? '' : 's'}: add a partition, write one 1 KB record, commit`,
  door: 'kafka',
  headline: { figure: 'transactions/s', more: 'better' },
  run: (server, knobs) => run(producers, server, knobs),
}))
