// Transactions: begin, one record, commit, again and again, by some producers at once. As clients of Kafka 4 do it (KIP-890): the produce joins the transaction, the
// commit raises the epoch; and as those before, kafkajs among them: partitions are added by a request of their own.
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { coordinatorOf, patiently } from '../coordinators.ts'
import { latencyFigures } from '../figures.ts'
import { anonymousMb, closedLoopFor, costOf } from '../load.ts'
import { type Figures, type Knobs, partitionsUsual, type Scenario } from '../scenario.ts'
import type { Server } from '../servers.ts'
import { createTopic, noise, Wire } from '../wire.ts'

class Transactor {
  #sequence = 0
  #producerId = 0
  #producerEpoch = 0
  readonly #wire: Wire
  readonly #classic: boolean
  readonly #id: string
  readonly #partition: number
  readonly #value = noise(1000, 1)

  constructor(wire: Wire, n: number, classic: boolean) {
    this.#wire = wire
    this.#classic = classic
    this.#id = `transactor-${n}`
    this.#partition = n % partitionsUsual
  }

  async begin(): Promise<void> {
    await coordinatorOf(this.#wire, 'transaction', this.#id)
    await patiently('producer id', async () => {
      const answer = await this.#wire.call(initProducerId, 1, { transactionalId: this.#id, transactionTimeoutMs: 60_000 })
      this.#producerId = answer.producerId
      this.#producerEpoch = answer.producerEpoch
      return answer.errorCode
    })
  }

  async transact(): Promise<void> {
    if (this.#classic) await this.#addPartition()
    await this.#produce()
    await this.#commit()
  }

  async #addPartition(): Promise<void> {
    await patiently('add partitions', async () => {
      const answer = await this.#wire.call(addPartitionsToTxn, 1, {
        v3AndBelowTransactionalId: this.#id,
        v3AndBelowProducerId: this.#producerId,
        v3AndBelowProducerEpoch: this.#producerEpoch,
        v3AndBelowTopics: [{ name: 'bench', partitions: [this.#partition] }],
      })
      return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
    })
  }

  async #produce(): Promise<void> {
    const [producerId, producerEpoch] = [this.#producerId, this.#producerEpoch]
    const records = buildBatch([{ value: this.#value, timestampMs: Date.now() }], {
      ...{ producerId, producerEpoch, baseSequence: this.#sequence++, transactional: true },
    })
    const topicData = [{ name: 'bench', partitionData: [{ index: this.#partition, records }] }]
    const request = { transactionalId: this.#id, acks: -1, timeoutMs: 30_000, topicData }
    await patiently('produce', async () => {
      const answer = await this.#wire.call(produce, this.#classic ? 9 : 12, request)
      return answer.responses[0]!.partitionResponses[0]!.errorCode
    })
  }

  async #commit(): Promise<void> {
    const request = { transactionalId: this.#id, producerId: this.#producerId, producerEpoch: this.#producerEpoch, committed: true }
    await patiently('commit', async () => {
      const answer = await this.#wire.call(endTxn, this.#classic ? 1 : 5, request)
      if (answer.errorCode !== 0 || this.#classic) return answer.errorCode
      this.#producerId = answer.producerId
      this.#producerEpoch = answer.producerEpoch
      this.#sequence = 0
      return 0
    })
  }

  close(): void {
    this.#wire.close()
  }
}

async function run(producers: number, classic: boolean, server: Server, { seconds }: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  await createTopic(wire, 'bench', partitionsUsual)
  wire.close()
  const transactors = await Promise.all(
    Array.from({ length: producers }, async (_, n) => new Transactor(await Wire.open(server.host, server.ports.kafka), n, classic)),
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

function scenarioOf(producers: number, classic: boolean): Scenario {
  const who = `${producers} producer${producers === 1 ? '' : 's'}`
  return {
    name: classic ? `transactions-${producers}-classic` : `transactions-${producers}`,
    family: 'transactions',
    about: classic ? `the same as clients before Kafka 4 do it: ${who} add a partition first` : `${who}: write one 1 KB record, commit`,
    door: 'kafka',
    headline: { figure: 'transactions/s', more: 'better' },
    run: (server, knobs) => run(producers, classic, server, knobs),
  }
}

export const transactionScenarios: readonly Scenario[] = [...[1, 10, 100].map((producers) => scenarioOf(producers, false)), scenarioOf(10, true)]
