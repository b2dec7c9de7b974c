// A transactional producer without a client library, with the newest protocol (KIP-890): it sends a request that was not answered again, unchanged, until it is. What it
// was told is never unknown, so that a retry which does a thing twice, or not at all, shows.
import { addOffsetsToTxn } from '../../../protocol/messages/add-offsets-to-txn.ts'
import { endTxn } from '../../../protocol/messages/end-txn.ts'
import { initProducerId } from '../../../protocol/messages/init-producer-id.ts'
import { produce } from '../../../protocol/messages/produce.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import type { Api, RequestInput, ResponseOf } from '../../../protocol/schema.ts'
import { RawClient } from '../../kafka/raw-client.ts'
import { type Connect, partitions, type Session, topic } from './writers.ts'

/** Loading, not there, concurrent; and a produce that the store could not take. */
const retriable = new Set([14, 15, 16, 51, 6, 19, 56])

/** An answer that ends the instance: it was fenced. */
class Refused extends Error {}

export const withRawFrames =
  (port: number): Connect =>
  async (transactionalId) => {
    let client: RawClient | null = null
    async function ask<A extends Api>(api: A, version: number, request: RequestInput<A>, codeOf: (answer: ResponseOf<A>) => number) {
      for (let left = 400; left > 0; left--) {
        try {
          client ??= await RawClient.connect({ host: '127.0.0.1', port })
          const answer = await client.ask(api, version, request)
          const code = codeOf(answer)
          if (code === 0) return answer
          if (!retriable.has(code)) throw new Refused(`${api.name}: error ${code}`)
        } catch (error) {
          if (error instanceof Refused) throw error
          client?.close()
          client = null
        }
        await new Promise((later) => setTimeout(later, 25))
      }
      throw new Error(`${api.name} was never answered`)
    }

    const init = { transactionalId, transactionTimeoutMs: 120_000, producerId: -1, producerEpoch: -1 }
    let { producerId, producerEpoch } = await ask(initProducerId, 5, init, (answer) => answer.errorCode)
    let sequences = new Array<number>(partitions).fill(0)
    const session: Session = {
      begin: async () => {},
      send: async (partition, value) => {
        const records = buildBatch([{ value, timestampMs: Date.now() }], {
          ...{ producerId, producerEpoch, transactional: true, baseSequence: sequences[partition]! },
        })
        const topicData = [{ name: topic, topicId: noId, partitionData: [{ index: partition, records }] }]
        const request = { transactionalId, acks: -1, timeoutMs: 5_000, topicData }
        await ask(produce, 12, request, (answer) => answer.responses[0]!.partitionResponses[0]!.errorCode)
        sequences[partition]!++
      },
      end: async (committed) => {
        // Joins the transaction, so that there is one to end whatever was sent.
        const group = { transactionalId, producerId, producerEpoch, groupId: 'none' }
        await ask(addOffsetsToTxn, 4, group, (answer) => answer.errorCode)
        const told = await ask(endTxn, 5, { transactionalId, producerId, producerEpoch, committed }, (answer) => answer.errorCode)
        producerId = told.producerId
        producerEpoch = told.producerEpoch
        sequences = sequences.map(() => 0)
      },
      close: async () => client?.close(),
    }
    return session
  }

const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
