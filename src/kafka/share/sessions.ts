// Share sessions (KIP-932): which partitions a member reads, so that it need not name them again, and that no request of it is taken twice. One per member and group,
// on one connection: when that ends, what the member holds is given back at once. Does not read or settle records itself.
import { errorCode } from '../../../protocol/error-code.ts'
import type { Client } from '../connection.ts'

export interface SharePartitionId {
  readonly topicId: string
  readonly index: number
}

export interface ShareSession {
  readonly groupId: string
  readonly memberId: string
  epoch: number
  /** In order of fairness: who got records goes to the end. */
  readonly partitions: Map<string, SharePartitionId>
  /** Where it may hold records. */
  readonly touched: Map<string, SharePartitionId>
}

/** The session, or the code of the refusal. */
export type Opened = ShareSession | number

export interface ShareFetchOpening {
  readonly groupId: string
  readonly memberId: string
  readonly epoch: number
  readonly wanted: readonly SharePartitionId[]
  readonly forgotten: readonly SharePartitionId[]
  readonly acknowledges: boolean
}

/** The first request of a session, and its last. */
export const initialEpoch = 0
export const finalEpoch = -1
const epochMax = 0x7fff_ffff
/** Over all sessions. A tenth of a kilobyte each. */
const partitionsInAllMax = 200_000

export const sharePartitionKey = ({ topicId, index }: SharePartitionId): string => `${index} ${topicId}`
const sessionKey = (groupId: string, memberId: string): string => `${groupId.length} ${groupId} ${memberId}`

export class ShareSessions {
  readonly #sessionsMax: () => number
  readonly #release: (session: ShareSession) => void
  readonly #sessions = new Map<string, ShareSession>()
  readonly #byClient = new WeakMap<Client, Set<ShareSession>>()
  #partitionCount = 0

  /** `release`: the session ended with its connection, and what it holds is to be given back. */
  constructor(sessionsMax: () => number, release: (session: ShareSession) => void) {
    this.#sessionsMax = sessionsMax
    this.#release = release
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Reads what a fetch says of its session. */
  open(request: ShareFetchOpening, client: Client): Opened {
    const { groupId, memberId, epoch } = request
    const existing = this.#sessions.get(sessionKey(groupId, memberId))
    if (epoch === initialEpoch) return this.#create(request, existing, client)
    const session = this.#follow(existing, epoch)
    if (typeof session === 'number' || epoch === finalEpoch) return session
    const before = session.partitions.size
    for (const partition of request.wanted) session.partitions.set(sharePartitionKey(partition), partition)
    for (const partition of request.forgotten) session.partitions.delete(sharePartitionKey(partition))
    this.#partitionCount += session.partitions.size - before
    return session
  }

  /** Reads what an acknowledgement says of its session. */
  acknowledge(groupId: string, memberId: string, epoch: number): Opened {
    if (epoch === initialEpoch) return errorCode.INVALID_SHARE_SESSION_EPOCH
    return this.#follow(this.#sessions.get(sessionKey(groupId, memberId)), epoch)
  }

  /** The session is over; who calls gives back what it holds. */
  end(session: ShareSession): void {
    const key = sessionKey(session.groupId, session.memberId)
    if (this.#sessions.get(key) !== session) return
    this.#sessions.delete(key)
    this.#partitionCount -= session.partitions.size
  }

  #follow(session: ShareSession | undefined, epoch: number): Opened {
    if (!session) return errorCode.SHARE_SESSION_NOT_FOUND
    if (epoch === finalEpoch) return session
    if (epoch !== session.epoch) return errorCode.INVALID_SHARE_SESSION_EPOCH
    session.epoch = nextEpoch(epoch)
    return session
  }

  #create(request: ShareFetchOpening, existing: ShareSession | undefined, client: Client): Opened {
    if (request.acknowledges) return errorCode.INVALID_REQUEST
    if (existing) this.end(existing)
    const { groupId, memberId, wanted } = request
    if (this.#sessions.size >= this.#sessionsMax() || this.#partitionCount + wanted.length > partitionsInAllMax) {
      if (existing) this.#release(existing)
      return errorCode.SHARE_SESSION_LIMIT_REACHED
    }
    const partitions = new Map(wanted.map((partition) => [sharePartitionKey(partition), partition]))
    // What the member held in the session before it still holds.
    const session: ShareSession = { groupId, memberId, epoch: nextEpoch(initialEpoch), partitions, touched: existing?.touched ?? new Map() }
    this.#sessions.set(sessionKey(groupId, memberId), session)
    this.#partitionCount += partitions.size
    this.#watch(client, session)
    return session
  }

  /** One listener for all sessions of a connection. */
  #watch(client: Client, session: ShareSession): void {
    let sessions = this.#byClient.get(client)
    if (!sessions) {
      const watched = new Set<ShareSession>()
      sessions = watched
      this.#byClient.set(client, watched)
      client.signal.addEventListener('abort', () => this.#disconnected(watched), { once: true })
    }
    for (const other of sessions) if (this.#sessions.get(sessionKey(other.groupId, other.memberId)) !== other) sessions.delete(other)
    sessions.add(session)
  }

  #disconnected(sessions: ReadonlySet<ShareSession>): void {
    for (const session of sessions) {
      // Taken over by a newer session of the same member, maybe on another connection.
      if (this.#sessions.get(sessionKey(session.groupId, session.memberId)) !== session) continue
      this.end(session)
      this.#release(session)
    }
  }
}

const nextEpoch = (epoch: number): number => (epoch >= epochMax ? 1 : epoch + 1)
