// What the AWS door keeps between requests: streams, the seal of iterators, and what they need. Opened once per server.
import { table } from '../../storage/tables.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import { LentMemory } from '../lent-memory.ts'
import type { Logger } from '../logging.ts'
import type { Random } from '../random.ts'
import { Account } from './account.ts'
import { ConsumerPlaces } from './consumer-places.ts'
import { Consumers } from './consumers.ts'
import { TokenSeal, tokenKeyBytes } from './iterator.ts'
import { Limits } from './limits.ts'
import { OnDemand } from './on-demand.ts'
import type { Services } from './operation.ts'
import { Queues } from './queues/queues.ts'
import { Resources } from './resources.ts'
import { KinesisCounts } from './stream-counts.ts'
import { Streams } from './streams.ts'
import { Subscriptions } from './subscription.ts'

/** Memory of bodies, batches and answers kept for the next ones: what four producers with full PutRecords and as many readers with answers of 10,000 records have under way. */
const keptBytesMax = 96 * 1024 * 1024

/** Key: ['token-key']. Iterators and page tokens stay valid across a restart, those made after a reset too. */
const secretTable = table<Uint8Array>('kinesis-secret')

export async function openServices(options: { engine: Engine; settings: Settings; clock: Clock; random: Random; logger: Logger }): Promise<Services> {
  const { engine, settings, clock, random, logger } = options
  const kept = await engine.store.tables.get(secretTable, ['token-key'])
  const key = kept ?? random.bytes(tokenKeyBytes)
  const keep = (): Promise<unknown> => engine.store.batch().put(secretTable, ['token-key'], key).commit()
  if (!kept) await keep()
  engine.onReset(keep)
  const streams = new Streams(engine, settings, clock)
  await streams.load()
  const limits = new Limits(engine, settings)
  const counts = new KinesisCounts(settings.get('metrics.topics.max'), engine, clock)
  const places = new ConsumerPlaces(streams.account)
  const consumers = await Consumers.load(engine, streams, places, clock)
  const onError = (error: unknown, queueId: string): void => logger.error('a queue failed', { error, queueId })
  const queues = await Queues.load({ engine, streams, places, clock, random, onError })
  return {
    engine,
    streams,
    consumers,
    subscriptions: new Subscriptions(engine, clock, limits, counts),
    queues,
    resources: new Resources(streams, consumers, queues),
    limits,
    onDemand: new OnDemand(engine, settings),
    counts,
    account: await Account.load(engine),
    seal: new TokenSeal(Buffer.from(key), random),
    settings,
    clock,
    memory: new LentMemory(keptBytesMax),
  }
}
