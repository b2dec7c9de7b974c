// A client of a group that speaks the classic or the consumer protocol and can change between them with a restart. `act` is the next thing that a client of its kind would
// do: join, ask for its assignment, or heartbeat. It owns what it was last told; the odd ones of the classic kind let go of everything before they join again.
import { decodeEnvelope, encodeEnvelope } from '../../protocol/codec.ts'
import { consumerProtocolAssignment } from '../../protocol/messages/consumer-protocol-assignment.ts'
import { consumerProtocolSubscription } from '../../protocol/messages/consumer-protocol-subscription.ts'
import type { ConsumerHeartbeatAnswer } from '../../src/coordinators/group/consumer/events.ts'
import type { JoinAnswer, SyncAnswer, Verb, Verbs } from '../../src/coordinators/group/events.ts'
import type { Asked, Groups } from '../../src/coordinators/group/groups.ts'
import type { FakeTopics } from './world.ts'

type Need = 'join' | 'sync' | 'heartbeat'

export class MigratingClient {
  readonly #at: number
  readonly #groups: () => Groups
  readonly #topics: FakeTopics
  isModern: boolean
  /** Partitions of `t`. */
  owned = new Set<number>()
  waiting = 0
  /** Answers to a former life are not heard. */
  #life = 0
  #memberId = ''
  #epoch = 0
  #need: Need = 'join'
  #members: readonly string[] | null = null

  constructor(at: number, groups: () => Groups, topics: FakeTopics) {
    this.#at = at
    this.#groups = groups
    this.#topics = topics
    this.isModern = at % 2 === 1
  }

  get isIn(): boolean {
    return this.#need === 'heartbeat'
  }

  /** Clients 3 and 4 are static members. */
  get #instanceId(): string | null {
    return this.#at >= 3 ? `i${this.#at}` : null
  }

  act(): void {
    if (this.waiting > 0) return
    if (this.isModern) this.#beat(this.#need === 'join' ? 0 : this.#epoch)
    else if (this.#need === 'join') this.#join()
    else if (this.#need === 'sync') this.#sync()
    else this.#heartbeat()
  }

  /** Restarts with the other protocol, having left as clients of its kind do. */
  changeProtocol(): void {
    if (this.isModern && this.#need === 'heartbeat' && this.#instanceId !== null) this.#beat(-2)
    else if (this.#instanceId === null) this.leave()
    this.vanish()
    this.isModern = !this.isModern
  }

  leave(): void {
    if (this.#memberId === '') return
    if (this.isModern) this.#beat(-1)
    else this.#ask({ verb: 'leave', members: [{ memberId: this.#memberId, instanceId: this.#instanceId }] }, () => {})
    this.vanish()
  }

  /** Without a word. */
  vanish(): void {
    this.#life++
    this.waiting = 0
    this.#forget()
    this.#memberId = ''
  }

  #forget(): void {
    this.#need = 'join'
    this.#epoch = 0
    this.owned = new Set()
  }

  #ask<V extends Verb>(event: Asked<V>, hear: (answer: Verbs[V]['answer']) => void): void {
    const life = this.#life
    this.waiting++
    void this.#groups()
      .submit('g', event)
      .then((answer) => {
        if (life !== this.#life) return
        this.waiting--
        hear(answer)
      })
  }

  #beat(epoch: number): void {
    if (this.#memberId === '') this.#memberId = `m${this.#at}-${this.#life}`
    const joins = epoch === 0
    const owned = this.owned.size > 0 ? [[this.#topics.id('t'), [...this.owned].sort((a, b) => a - b)] as const] : []
    const event: Asked<'consumer-heartbeat'> = {
      verb: 'consumer-heartbeat',
      memberId: this.#memberId,
      epoch,
      instanceId: this.#instanceId,
      rackId: null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: joins ? 20_000 : -1,
      topicNames: joins ? ['t'] : null,
      topicRegex: null,
      assignorName: null,
      owned: joins ? [] : owned,
      bringsMemberId: true,
    }
    this.#ask(event, (told) => this.#hearBeat(epoch, told))
  }

  #hearBeat(epoch: number, told: ConsumerHeartbeatAnswer): void {
    if (epoch < 0) return
    if (['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'GROUP_ID_NOT_FOUND', 'FENCED_INSTANCE_ID'].includes(told.error)) this.#forget()
    if (told.error !== 'NONE') return
    this.#need = 'heartbeat'
    this.#epoch = told.epoch
    if (told.assignment) this.owned = new Set(told.assignment.flatMap(([, partitions]) => partitions))
  }

  #join(): void {
    // An eager client lets go of everything before it joins.
    if (this.#at % 4 === 0) this.owned = new Set()
    const ownedPartitions = this.owned.size > 0 ? [{ topic: 't', partitions: [...this.owned] }] : []
    const event: Asked<'join'> = {
      verb: 'join',
      memberId: this.#memberId,
      instanceId: this.#instanceId,
      clientId: `c${this.#at}`,
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 15_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: encodeEnvelope(consumerProtocolSubscription, 2, { topics: ['t'], ownedPartitions }) }],
      needsMemberId: this.#at !== 2,
      canSkipAssignment: this.#at === 4,
    }
    this.#ask(event, (told) => this.#hearJoin(told))
  }

  #hearJoin(told: JoinAnswer): void {
    if (told.error === 'UNKNOWN_MEMBER_ID' || told.error === 'FENCED_INSTANCE_ID') this.#beGone()
    if (told.error === 'MEMBER_ID_REQUIRED' || told.error === 'NONE') this.#memberId = told.memberId
    if (told.error !== 'NONE') return
    this.#epoch = told.generation
    this.#members = told.leader === told.memberId && !told.skipAssignment ? told.members.map(({ memberId }) => memberId) : null
    this.#need = 'sync'
  }

  #sync(): void {
    const { length } = this.#topics.get('t')!.partitions
    const assignments = (this.#members ?? []).map((memberId, at, { length: count }) => {
      const partitions = Array.from({ length }, (_, partition) => partition).filter((partition) => partition % count === at)
      return { memberId, assignment: encodeEnvelope(consumerProtocolAssignment, 2, { assignedPartitions: [{ topic: 't', partitions }] }) }
    })
    const { memberId, instanceId } = { memberId: this.#memberId, instanceId: this.#instanceId }
    const event = {
      verb: 'sync',
      memberId,
      instanceId,
      generation: this.#epoch,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments,
    } as const
    this.#ask(event, (told) => this.#hearSync(told))
  }

  #hearSync({ error, assignment }: SyncAnswer): void {
    this.#joinAgain(error)
    if (error !== 'NONE') return
    this.#need = 'heartbeat'
    const { assignedPartitions } = assignment.length === 0 ? { assignedPartitions: [] } : decodeEnvelope(consumerProtocolAssignment, assignment)
    const before = this.owned
    this.owned = new Set(assignedPartitions.flatMap(({ partitions }) => partitions))
    // A cooperative client that had to let go of something joins again to say that it has.
    if ([...before].some((partition) => !this.owned.has(partition))) this.#need = 'join'
  }

  #heartbeat(): void {
    const { memberId, instanceId } = { memberId: this.#memberId, instanceId: this.#instanceId }
    this.#ask({ verb: 'heartbeat', memberId, instanceId, generation: this.#epoch }, ({ error }) => this.#joinAgain(error))
  }

  #joinAgain(error: string): void {
    if (error === 'UNKNOWN_MEMBER_ID' || error === 'FENCED_INSTANCE_ID') this.#beGone()
    else if (error === 'ILLEGAL_GENERATION') this.#forget()
    else if (error === 'REBALANCE_IN_PROGRESS') this.#need = 'join'
  }

  #beGone(): void {
    this.#forget()
    this.#memberId = ''
  }
}

export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((settled) => setImmediate(settled))
}
