// Groups: how fast members join, say that they live, and are given their share anew; and a start with many groups stored.
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { syncGroup } from '../../protocol/messages/sync-group.ts'
import { coordinatorOf } from '../coordinators.ts'
import { latencyFigures, median } from '../figures.ts'
import { anonymousMb, closedLoop, closedLoopFor, costOf } from '../load.ts'
import { type Figures, type Knobs, partitionsUsual, type Scenario, scaled } from '../scenario.ts'
import type { Server } from '../servers.ts'
import { createTopic, Wire } from '../wire.ts'

/** The coordinator is loading or not there yet. */
const loading = new Set([14, 15, 16])
const rebalanceInProgress = 27
/** Before the first one that is measured: both a JVM and V8 compile what has run often enough. */
const rebalancesWarmUp = 20
const rebalances = 10
const heartbeatEveryMs = 100

class Member {
  memberId = ''
  generationId = -1
  readonly #wire: Wire
  readonly #groupId: string

  constructor(wire: Wire, groupId: string) {
    this.#wire = wire
    this.#groupId = groupId
  }

  /** Joins, or joins again with other metadata, which begins a rebalance. The members that a leader is told of; empty for others. */
  async join(metadata: string): Promise<string[]> {
    for (;;) {
      const answer = await this.#wire.call(joinGroup, 3, {
        groupId: this.#groupId,
        sessionTimeoutMs: 45_000,
        rebalanceTimeoutMs: 60_000,
        memberId: this.memberId,
        // Not of consumers: Kafka would read the metadata as a subscription, and it is none.
        protocolType: 'bench',
        protocols: [{ name: 'range', metadata: Buffer.from(metadata) }],
      })
      if (!loading.has(answer.errorCode)) {
        this.#check('join', answer.errorCode)
        this.memberId = answer.memberId
        this.generationId = answer.generationId
        return answer.leader === answer.memberId ? answer.members.map(({ memberId }) => memberId) : []
      }
      await new Promise((again) => setTimeout(again, 2))
    }
  }

  /** Answers false where another rebalance has begun. */
  async sync(members: readonly string[]): Promise<boolean> {
    const assignments = members.map((memberId) => ({ memberId, assignment: Buffer.alloc(32) }))
    const identity = { groupId: this.#groupId, generationId: this.generationId, memberId: this.memberId }
    const { errorCode } = await this.#wire.call(syncGroup, 2, { ...identity, assignments })
    if (errorCode === rebalanceInProgress) return false
    this.#check('sync', errorCode)
    return true
  }

  /** Answers false where a rebalance has begun. */
  async heartbeat(): Promise<boolean> {
    const identity = { groupId: this.#groupId, generationId: this.generationId, memberId: this.memberId }
    const { errorCode } = await this.#wire.call(heartbeat, 2, identity)
    if (errorCode === rebalanceInProgress) return false
    this.#check('heartbeat', errorCode)
    return true
  }

  #check(what: string, errorCode: number): void {
    if (errorCode !== 0) throw new Error(`${what} of ${this.#groupId}: error ${errorCode}`)
  }
}

/** A few at a time: the listen queue of some is short. */
async function openAll(server: Server, count: number): Promise<Wire[]> {
  const wires: Wire[] = []
  while (wires.length < count) {
    const some = Array.from({ length: Math.min(20, count - wires.length) }, () => Wire.open(server.host, server.ports.kafka))
    wires.push(...(await Promise.all(some)))
  }
  await coordinatorOf(wires[0]!, 'group', 'group')
  return wires
}

const closeAll = (wires: readonly Wire[]): void => {
  for (const wire of wires) wire.close()
}

async function joins(server: Server, { seconds }: Knobs): Promise<Figures> {
  const wires = await openAll(server, 50)
  const joinOne = async (n: number, lane: number): Promise<void> => {
    const member = new Member(wires[lane]!, `group-${n}-${lane}`)
    await member.sync(await member.join('first'))
  }
  await joinOne(-1, 0)
  let taken: number[] = []
  const cost = await costOf(server, async () => {
    taken = await closedLoopFor(seconds, wires.length, joinOne)
  })
  closeAll(wires)
  return {
    'joins/s': taken.length / cost.seconds,
    ...latencyFigures('join', taken),
    'CPU s per 100,000': (cost.cpuSeconds / taken.length) * 100_000,
    'anonymous MB': anonymousMb(cost.after),
  }
}

async function heartbeats(server: Server, { seconds }: Knobs): Promise<Figures> {
  const wires = await openAll(server, 50)
  const members = wires.map((wire, n) => new Member(wire, `group-${n}`))
  await Promise.all(members.map(async (member) => member.sync(await member.join('first'))))
  let taken: number[] = []
  const cost = await costOf(server, async () => {
    taken = await closedLoopFor(seconds, members.length, async (_, lane) => void (await members[lane]!.heartbeat()))
  })
  closeAll(wires)
  return {
    'heartbeats/s': taken.length / cost.seconds,
    ...latencyFigures('heartbeat', taken),
    'CPU s per 100,000': (cost.cpuSeconds / taken.length) * 100_000,
  }
}

/** All members join at once; settles when every one of them has its share in one generation. One that has its share waits for the others and asks whether to join again. */
async function settle(members: readonly Member[], round: string): Promise<void> {
  const settled = new Set<Member>()
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const arrive = (member: Member): void => {
    settled.add(member)
    if (settled.size === members.length && members.every(({ generationId }) => generationId === members[0]!.generationId)) finish()
  }
  await Promise.all(
    members.map(async (member) => {
      for (let over = false; !over; settled.delete(member)) {
        if (!(await member.sync(await member.join(round)))) continue
        arrive(member)
        let rebalancing = false
        while (!over && !rebalancing) {
          over = await Promise.race([finished.then(() => true), new Promise<boolean>((waited) => setTimeout(waited, heartbeatEveryMs, false))])
          if (!over) rebalancing = !(await member.heartbeat())
        }
      }
    }),
  )
}

async function rebalance(count: number, server: Server, knobs: Knobs): Promise<Figures> {
  const wires = await openAll(server, count > 10 ? Math.max(2, scaled(count, knobs)) : count)
  const members = wires.map((wire) => new Member(wire, 'group'))
  for (let n = 0; n < scaled(rebalancesWarmUp, knobs); n++) await settle(members, `warm-up-${n}`)
  const taken: number[] = []
  const cost = await costOf(server, async () => {
    for (let n = 0; n < rebalances; n++) {
      const startedMs = performance.now()
      await settle(members, `round-${n}`)
      taken.push(performance.now() - startedMs)
    }
  })
  closeAll(wires)
  return { 'rebalance ms': median(taken), 'CPU ms per rebalance': (cost.cpuSeconds * 1000) / rebalances, 'anonymous MB': anonymousMb(cost.after) }
}

/** From the start to the last of many groups' committed offsets read back. */
async function startWithGroups(server: Server, knobs: Knobs): Promise<Figures> {
  const groups = scaled(1000, knobs)
  const before = await Wire.open(server.host, server.ports.kafka)
  await createTopic(before, 'bench', partitionsUsual)
  await coordinatorOf(before, 'group', 'group')
  await closedLoop(groups, 1, async (n) => {
    const member = new Member(before, `group-${n}`)
    await member.sync(await member.join('first'))
    const partitions = Array.from({ length: partitionsUsual }, (_, partitionIndex) => ({
      partitionIndex,
      committedOffset: 7,
      committedMetadata: '',
    }))
    const identity = { groupId: `group-${n}`, generationIdOrMemberEpoch: member.generationId, memberId: member.memberId }
    const { topics } = await before.call(offsetCommit, 5, { ...identity, topics: [{ name: 'bench', partitions }] })
    if (topics[0]!.partitions.some(({ errorCode }) => errorCode !== 0)) throw new Error('commit failed')
  })
  before.close()
  const startedMs = performance.now()
  await server.killAndStart()
  const wire = await Wire.open(server.host, server.ports.kafka)
  await closedLoop(groups, 1, async (n) => {
    for (;;) {
      const request = { groupId: `group-${n}`, topics: [{ name: 'bench', partitionIndexes: [0] }] }
      const { errorCode, topics } = await wire.call(offsetFetch, 5, request)
      if (errorCode === 0 && Number(topics[0]!.partitions[0]!.committedOffset) === 7) return
      if (errorCode === 0) throw new Error(`group-${n} has lost its offset`)
      if (!loading.has(errorCode)) throw new Error(`offset fetch: error ${errorCode}`)
      await new Promise((again) => setTimeout(again, 2))
    }
  })
  wire.close()
  return { 'all groups ms': performance.now() - startedMs }
}

const shared = { family: 'groups', door: 'kafka' } as const

export const groupScenarios: readonly Scenario[] = [
  {
    ...shared,
    name: 'groups-joins',
    about: '50 connections, each joins one new group after the other',
    headline: { figure: 'joins/s', more: 'better' },
    run: joins,
  },
  { ...shared, name: 'groups-heartbeats', about: 'heartbeats of 50 members', headline: { figure: 'heartbeats/s', more: 'better' }, run: heartbeats },
  ...[10, 100, 1000].map(
    (count): Scenario => ({
      ...shared,
      name: `groups-rebalance-${count}`,
      about: `${count} members join again: until each has its share in one generation`,
      headline: { figure: 'rebalance ms', more: 'worse' },
      run: (server, knobs) => rebalance(count, server, knobs),
    }),
  ),
  {
    ...shared,
    name: 'groups-start',
    about: 'kill -9 with 1,000 groups: until the last one’s offset is read back',
    needsDisk: true,
    headline: { figure: 'all groups ms', more: 'worse' },
    run: startWithGroups,
  },
]
