// Fetch sessions (KIP-227): what a client already knows, so that it need not name every partition again and is told only of those with news. Bounded: where there
// is no room a client is answered without a session, which is legal. Does not read logs (handlers/fetch.ts does) and has no clock of its own.

import { errorCode } from '../../protocol/error-code.ts'
import type { Random } from '../random.ts'

/** What a client wants of one partition. */
export interface WantedPartition {
  /** The topic's name, or its id since version 13. */
  readonly topic: string
  readonly index: number
  readonly fetchOffset: number
  readonly bytesMax: number
  readonly currentLeaderEpoch: number
  readonly lastFetchedEpoch: number
}

/** What the news of a partition is judged by. */
export interface PartitionNews {
  readonly errorCode: number
  readonly bytes: number
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly diverging: boolean
  /** Null where the topic was not found. */
  readonly topicName: string | null
}

/** One fetch: with a session, without one, or refused. */
export interface FetchScope {
  /** Not NONE: nothing is fetched. */
  readonly errorCode: number
  /** In the order in which limits are spent. */
  readonly wanted: readonly WantedPartition[]
  /** The session that the answer names; 0 for none. Call it when the answer is complete. */
  finish(): number
  /** What the topic was called when the session last found it; null where it never did. */
  nameOf(wanted: WantedPartition): string | null
  /** Does the answer have to tell of this one? */
  tells(wanted: WantedPartition, news: PartitionNews): boolean
}

export interface FetchSessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly byId: boolean
  readonly wanted: readonly WantedPartition[]
  readonly forgotten: readonly { readonly topic: string; readonly index: number }[]
}

/** Epochs of a request: the first of a session, and "no session". */
const initialEpoch = 0
const finalEpoch = -1
const epochMax = 0x7fff_ffff
/** As Kafka's min.incremental.fetch.session.eviction.ms: a session in use is not thrown out for a new one. */
const evictionMsMin = 120_000
/** Over all sessions. A tenth of a kilobyte each; a client that wants more is served without a session. */
const partitionsInAllMax = 200_000

interface Known {
  wanted: WantedPartition
  highWatermark: number
  logStartOffset: number
  topicName: string | null
}

interface Session {
  readonly id: number
  readonly byId: boolean
  epoch: number
  lastUsedMs: number
  /** In order of fairness: who got records goes to the end. */
  readonly partitions: Map<string, Known>
}

const keyOf = ({ topic, index }: { topic: string; index: number }): string => `${index} ${topic}`

/** The sessions of one broker. */
export class FetchSessions {
  readonly #random: Random
  readonly #slots: number
  /** In order of last use. */
  #sessions = new Map<number, Session>()
  #partitionCount = 0

  constructor(random: Random, slots: number) {
    this.#random = random
    this.#slots = slots
  }

  get size(): number {
    return this.#sessions.size
  }

  get partitionCount(): number {
    return this.#partitionCount
  }

  /** Reads what a request says of its session. */
  open(request: FetchSessionRequest, nowMs: number): FetchScope {
    const { sessionId, sessionEpoch, byId, wanted } = request
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      this.#remove(sessionId)
      return sessionEpoch === finalEpoch ? sessionless(wanted) : this.#full(wanted, byId, nowMs)
    }
    const session = this.#sessions.get(sessionId)
    if (!session) return refused(errorCode.FETCH_SESSION_ID_NOT_FOUND)
    if (session.epoch !== sessionEpoch) return refused(errorCode.INVALID_FETCH_SESSION_EPOCH)
    if (session.byId !== byId) return refused(errorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    this.#update(session, request)
    if (session.partitions.size === 0) {
      this.#remove(sessionId)
      return sessionless([])
    }
    session.epoch = nextEpoch(sessionEpoch)
    session.lastUsedMs = nowMs
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, session)
    return incremental(session)
  }

  #full(wanted: readonly WantedPartition[], byId: boolean, nowMs: number): FetchScope {
    const partitions = new Map<string, Known>()
    return {
      errorCode: errorCode.NONE,
      wanted,
      nameOf: () => null,
      tells(partition, news) {
        partitions.set(keyOf(partition), known(partition, news, null))
        return true
      },
      finish: () => this.#create(partitions, byId, nowMs),
    }
  }

  #create(partitions: Map<string, Known>, byId: boolean, nowMs: number): number {
    if (partitions.size === 0 || !this.#makeRoom(partitions.size, nowMs)) return 0
    let id = 0
    while (id === 0 || this.#sessions.has(id)) id = this.#random.integer(epochMax)
    this.#sessions.set(id, { id, byId, epoch: nextEpoch(initialEpoch), lastUsedMs: nowMs, partitions })
    this.#partitionCount += partitions.size
    return id
  }

  #makeRoom(partitions: number, nowMs: number): boolean {
    for (const [id, session] of this.#sessions) {
      if (this.#fits(partitions)) return true
      if (nowMs - session.lastUsedMs < evictionMsMin) return false
      this.#remove(id)
    }
    return this.#fits(partitions)
  }

  #fits(partitions: number): boolean {
    return this.#sessions.size < this.#slots && this.#partitionCount + partitions <= partitionsInAllMax
  }

  #update(session: Session, { wanted, forgotten }: FetchSessionRequest): void {
    const before = session.partitions.size
    for (const partition of wanted) {
      const key = keyOf(partition)
      const existing = session.partitions.get(key)
      // A new one must be told of once, whatever it holds.
      if (existing) existing.wanted = partition
      else session.partitions.set(key, { wanted: partition, highWatermark: -1, logStartOffset: -1, topicName: null })
    }
    for (const partition of forgotten) session.partitions.delete(keyOf(partition))
    this.#partitionCount += session.partitions.size - before
    // Grown too far: it goes on for this request, and the next one starts anew.
    if (this.#partitionCount > partitionsInAllMax) this.#remove(session.id)
  }

  #remove(id: number): void {
    const session = this.#sessions.get(id)
    if (!session) return
    this.#sessions.delete(id)
    this.#partitionCount -= session.partitions.size
  }
}

const nextEpoch = (epoch: number): number => (epoch >= epochMax ? 1 : epoch + 1)

function known(wanted: WantedPartition, news: PartitionNews, nameBefore: string | null): Known {
  // After an error the next answer tells of the partition in any case.
  const highWatermark = news.errorCode === errorCode.NONE ? news.highWatermark : -1
  return { wanted, highWatermark, logStartOffset: news.logStartOffset, topicName: news.topicName ?? nameBefore }
}

function sessionless(wanted: readonly WantedPartition[]): FetchScope {
  return { errorCode: errorCode.NONE, wanted, nameOf: () => null, tells: () => true, finish: () => 0 }
}

function refused(code: number): FetchScope {
  return { errorCode: code, wanted: [], nameOf: () => null, tells: () => false, finish: () => 0 }
}

function incremental(session: Session): FetchScope {
  return {
    errorCode: errorCode.NONE,
    wanted: [...session.partitions.values()].map(({ wanted }) => wanted),
    nameOf: (partition) => session.partitions.get(keyOf(partition))?.topicName ?? null,
    tells(partition, news) {
      const key = keyOf(partition)
      const before = session.partitions.get(key)
      const after = known(partition, news, before?.topicName ?? null)
      const changed = before && (before.highWatermark !== after.highWatermark || before.logStartOffset !== after.logStartOffset)
      const tells = !before || changed || news.errorCode !== errorCode.NONE || news.bytes > 0 || news.diverging
      // Whoever got records waits for the others next time.
      if (before && news.bytes > 0) session.partitions.delete(key)
      if (before) session.partitions.set(key, after)
      return tells === true
    },
    finish: () => session.id,
  }
}
