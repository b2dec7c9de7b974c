// One broker: the composition root. Start and stop order stand on one screen; nothing here is global, so many brokers live in one process.

import { crc32c } from '../protocol/records/crc32c.ts'
import { StorageFull, type Store, type StoreFailed, type StoreOptions } from '../storage/store.ts'
import { isWildcard, joinAddress, parseAddress } from './address.ts'
import { AdminServer, type BrokerState } from './admin.ts'
import { type BrokerOptions, settingsOf } from './broker-options.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Settings, SettingsInvalid } from './config.ts'
import { Counters } from './counters.ts'
import { type DamagedPlace, Engine, stamp } from './engine/engine.ts'
import { EngineError } from './engine/errors.ts'
import { checkFault } from './fault-names.ts'
import { type Fault, Faults } from './faults.ts'
import { type Coordinators, openCoordinators } from './kafka/coordinators.ts'
import { KafkaServer } from './kafka/server.ts'
import { createKinesisServer, type KinesisServer } from './kinesis/server.ts'
import { type Logger, silentLogger } from './logging.ts'
import { measure } from './measure.ts'
import { type Random, systemRandom } from './random.ts'

export type { BrokerOptions } from './broker-options.ts'

/** A broker that is hardly written to does without the file. */
const journalFileAfterEntries = 32

/** What a broker is made of: options, once they are settled. */
export interface BrokerParts {
  settings: Settings
  clock: Clock
  random: Random
  logger: Logger
  /** Told when the store has failed for good: nothing more will be acknowledged. */
  onStoreFailure?: (error: StoreFailed) => void
}

export interface Broker extends AsyncDisposable {
  /** The Kafka port, `{ host, port, address: 'host:port' }`. */
  readonly kafka: { readonly host: string; readonly port: number; readonly address: string }
  readonly aws: { readonly host: string; readonly port: number; readonly url: string }
  readonly admin: { readonly host: string; readonly port: number; readonly url: string }
  /** For kafkajs and others that want a list of bootstrap servers. */
  readonly brokers: string[]
  /** Drops every topic, stream and group, fast, and makes those of `create.topics` anew. Connections stay. */
  reset(): Promise<void>
  /**
   * Has requests fail, for tests of clients: `broker.fail({ operation: 'Produce', error: 'NOT_LEADER_OR_FOLLOWER' })`,
   * `broker.fail({ operation: 'PutRecord', error: 'disconnect', when: 'after' })`. Gives a function that takes it back; a reset does, too.
   * Throws a TypeError for what cannot be.
   */
  fail(fault: Fault): () => void
  /** Refuses new work, answers what is under way, closes. Nothing of the broker is left in the process. */
  close(): Promise<void>
}

/** A broker in this process, ready when the promise settles. Throws SettingsInvalid for options and settings that are not right. */
export async function createBroker(options: BrokerOptions = {}): Promise<Broker> {
  return startBroker({
    settings: settingsOf(options),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? silentLogger,
  })
}

export async function startBroker(parts: BrokerParts): Promise<Broker> {
  const broker = new RunningBroker(parts)
  try {
    await broker.start()
    return broker
  } catch (error) {
    await broker.close()
    throw error
  }
}

class RunningBroker implements Broker {
  readonly #parts: BrokerParts
  readonly #counters: Counters
  readonly #faults = new Faults()
  #state: BrokerState = 'starting'
  #store: Store | null = null
  #engine: Engine | null = null
  #coordinators: Coordinators | null = null
  #kafka: KafkaServer | null = null
  #aws: KinesisServer | null = null
  #admin: AdminServer | null = null
  /** The admin port asks for it from the moment that the broker is ready. */
  #metricsText: () => Promise<string> = async () => ''
  #closing: Promise<void> | null = null

  constructor(parts: BrokerParts) {
    this.#parts = parts
    const { settings: limits } = parts
    this.#counters = new Counters(limits.get('metrics.topics.max'), limits.get('metrics.client.series.max'), limits.get('metrics.groups.max'))
  }

  async start(): Promise<void> {
    const { settings, clock, random, logger } = this.#parts
    const counters = this.#counters
    const background = (error: unknown): void => {
      // That the disk is full has been said; the work is tried again.
      if (!(error instanceof StorageFull)) logger.error('background work failed', { error })
    }

    // Probes are answered while a large directory is opened: 503, not a refused connection.
    this.#admin = new AdminServer({
      ...parseAddress(settings.get('admin')),
      state: () => this.#state,
      metricsText: () => this.#metricsText(),
      logger,
    })
    const [opened, listening] = await Promise.allSettled([this.#openStore(), this.#admin.listen()])
    if (opened.status === 'fulfilled') this.#store = opened.value
    // A directory that another broker has is said before a port that it has.
    if (opened.status === 'rejected') throw opened.reason
    if (listening.status === 'rejected') throw listening.reason
    const store = opened.value
    store.onCommitMeasured((seconds, appends, bytes) => counters.observeCommit(seconds, appends, bytes))
    const onDamage = (place: DamagedPlace): void => logger.error('what is stored is damaged: reads fail there', { ...place })
    const engine = await Engine.start({ store, settings, clock, random, counters, onBackgroundError: background, onDamage })
    this.#engine = engine
    engine.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted') counters.forgetTopic(topic.name)
    })
    settings.onChange((name) => {
      if (/^log\.|^message\.|^compression\.|^min\./.test(name)) engine.topics.refreshConfigs()
    })
    const coordinators = await openCoordinators({
      engine,
      settings,
      clock,
      random,
      counters,
      onError: (what, error, key) => logger.error(`${what} failed`, { error, ...key }),
    })
    this.#coordinators = coordinators
    await createTopics(engine, settings)
    this.#kafka = new KafkaServer({
      engine,
      ...coordinators,
      settings,
      clock,
      random,
      logger,
      counters,
      faults: this.#faults,
      ...parseAddress(settings.get('kafka')),
      advertised: () => this.#advertised(),
    })
    this.#aws = this.#awsServer(engine)
    this.#metricsText = measure({ counters, settings, engine, coordinators, store, aws: this.#aws })
    await Promise.all([this.#kafka.listen(), this.#aws.listen()])
    this.#state = 'ready'
  }

  #awsServer(engine: Engine): KinesisServer {
    const { settings, clock, random, logger } = this.#parts
    const counters = this.#counters
    return createKinesisServer({
      engine,
      settings,
      clock,
      random,
      logger,
      faults: this.#faults,
      ...parseAddress(settings.get('aws')),
      observe: ({ operation, errorType, seconds, bytesIn, bytesOut }) => {
        counters.observeRequest('aws', operation, errorType ?? 'NONE', seconds)
        counters.bytesIn('aws', bytesIn)
        counters.bytesOut('aws', bytesOut)
        if (settings.tellsRequests) logger.debug('aws request', { operation, error: errorType ?? 'NONE', ms: roundedMs(seconds), bytesIn, bytesOut })
      },
      observeConnection: (event) => {
        if (event === 'opened') counters.connectionOpened('aws')
        else if (event === 'closed') counters.connectionClosed('aws')
        else counters.connectionRejected('aws')
      },
    })
  }

  async #openStore(): Promise<Store> {
    const { settings, clock, logger, onStoreFailure } = this.#parts
    const options: StoreOptions = {
      stamp,
      now: () => clock.now(),
      flush: settings.get('flush'),
      recentBytesMax: settings.get('recent.chunk.cache.bytes'),
      journalFile: {
        bytes: settings.get('journal.file.bytes'),
        afterEntries: journalFileAfterEntries,
        checksum: (bytes, seed) => crc32c(bytes, 0, bytes.length, seed),
      },
      onFailure: (error) => {
        logger.error('the store has failed: nothing more is acknowledged', { error })
        onStoreFailure?.(error)
      },
      onFull: (full) => {
        if (full) logger.error('the disk is full: writes are refused until there is room, reads go on', { reason: full.message })
        else logger.info('the disk has room again')
      },
    }
    const directory = settings.get('data')
    // Only the store that is used is loaded: LMDB costs a good part of the start.
    if (directory === 'memory') return (await import('../storage/memory-store.ts')).openMemoryStore(options)
    if (options.flush === 'async') logger.warn('flush is async: a power cut may lose the last moments of what was acknowledged')
    return (await import('../storage/lmdb-store.ts')).openLmdbStore(directory, options)
  }

  #advertised(): { host: string; port: number } {
    const told = this.#parts.settings.get('advertise')
    const { host, port } = told ? parseAddress(told) : this.kafka
    // A port of 0 stands for the one that was free; a wildcard cannot be connected to.
    const real = port === 0 ? this.kafka.port : port
    return { host: isWildcard(host) ? 'localhost' : host, port: real }
  }

  get kafka(): { host: string; port: number; address: string } {
    const { host, port } = this.#kafka!
    return { host, port, address: joinAddress(host, port) }
  }

  get aws(): { host: string; port: number; url: string } {
    const { host, port, url } = this.#aws!
    return { host, port, url }
  }

  get admin(): { host: string; port: number; url: string } {
    const { port, url } = this.#admin!
    return { host: parseAddress(this.#parts.settings.get('admin')).host, port, url }
  }

  get brokers(): string[] {
    const { host, port } = this.#advertised()
    return [joinAddress(host, port)]
  }

  fail(fault: Fault): () => void {
    checkFault(fault)
    return this.#faults.add(fault)
  }

  async reset(): Promise<void> {
    this.#faults.clear()
    // Before as well as after: a commit that slips in between would leave a row in the store.
    this.#coordinators!.reset()
    await this.#engine!.reset()
    this.#coordinators!.reset()
    await createTopics(this.#engine!, this.#parts.settings)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#state = 'stopping'
    const graceMs = this.#parts.settings.get('shutdown.timeout.ms')
    // Long polls and parked joins end first, so that they do not hold up their connections.
    this.#engine?.close()
    this.#coordinators?.quiesce()
    await Promise.all([this.#kafka?.close(graceMs), this.#aws?.close(graceMs)])
    this.#coordinators?.close()
    await this.#engine?.idle()
    await this.#store?.close()
    await this.#admin?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** The topics that the settings name. What cannot be made ends the start: the settings are what is to be changed. */
async function createTopics(engine: Engine, settings: Settings): Promise<void> {
  for (const [name, partitionCount] of settings.get('create.topics')) {
    if (engine.topics.get(name)) continue
    await engine.topics.create({ name, ...(partitionCount !== null && { partitionCount }) }).catch((error: unknown) => {
      throw error instanceof EngineError ? new SettingsInvalid([`create.topics: ${error.message}`]) : error
    })
  }
}

const roundedMs = (seconds: number): number => Math.round(seconds * 1e6) / 1000
