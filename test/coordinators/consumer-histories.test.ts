// Random histories of a consumer group (KIP-848): clients that behave and clients that do not, topics that change, time, restarts, a disk that is full now and then.
// Whatever happened: what a restart reads back is what is alive; no partition is in two hands; what follows from the members is what the state says; and once the
// clients behave for a while, everybody has exactly the target, and every partition that is read has a reader.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { ConsumerHeartbeatAnswer } from '../../src/coordinators/group/consumer/events.ts'
import { loadRegexes } from '../../src/coordinators/group/consumer/regex.ts'
import type { ConsumerGroup } from '../../src/coordinators/group/consumer/state.ts'
import type { Group } from '../../src/coordinators/group/group.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import { nothing, type Spread } from '../../src/coordinators/group/spread.ts'
import { seededRandom } from '../../src/random.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

type Step =
  | { do: 'join' | 'beat' | 'silent-beat' | 'old-beat' | 'leave' | 'away'; who: number }
  | { do: 'resubscribe'; who: number; topics: number }
  | { do: 'everyone-beats' }
  | { do: 'topic'; topic: number; partitions: number }
  | { do: 'drop'; topic: number }
  | { do: 'advance'; ms: number }
  | { do: 'restart' | 'fill-disk' | 'free-disk' }

const who = fc.integer({ min: 0, max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('join', 'join', 'beat', 'beat', 'beat', 'silent-beat', 'old-beat', 'leave', 'away'),
      who,
    }) as fc.Arbitrary<Step>,
  },
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'everyone-beats' }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resubscribe' as const), who, topics: fc.integer({ min: 0, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('topic' as const), topic: fc.nat(2), partitions: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), topic: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30_000 }) }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'restart' }, { do: 'fill-disk' }, { do: 'free-disk' }, { do: 'free-disk' }) },
)

/** One client. Clients 4 and 5 are static members; a rejoin of theirs after `away` comes under a new id. */
class Client {
  readonly at: number
  id: string
  epoch = 0
  lastEpoch = 0
  owned: Spread = nothing
  topics = 7
  lives = 0
  /** Has a heartbeat under way: a client never has two. */
  waits = false

  constructor(at: number) {
    this.at = at
    this.id = `m${at}`
  }
}

function durable(group: Group): unknown {
  const body = group.body as ConsumerGroup | null
  return body && { row: body.row, members: [...body.members.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) }
}

function checkInvariants(group: ConsumerGroup): void {
  const holders = new Map<string, string>()
  const names = new Map<string, number>()
  for (const member of group.members.values()) {
    for (const [topicId, partitions] of [...member.assigned, ...member.revoking]) {
      for (const partition of partitions) {
        expect(holders.get(`${topicId}/${partition}`)).toBe(undefined)
        holders.set(`${topicId}/${partition}`, member.id)
      }
    }
    for (const name of member.topicNames) names.set(name, (names.get(name) ?? 0) + 1)
    expect(member.revoking.length > 0).toBe(member.phase === 'unrevoked')
    expect(member.epoch).toBeLessThanOrEqual(group.row.assignmentEpoch)
  }
  const told = [...group.holders].flatMap(([topicId, line]) => [...line].map(([partition, holder]) => [`${topicId}/${partition}`, holder] as const))
  expect(new Map(told)).toEqual(holders)
  expect(group.names).toEqual(names)
  expect(group.row.memberCount).toBe(group.members.size)
  const statics = [...group.members.values()].filter(({ instanceId }) => instanceId !== null)
  expect(group.statics).toEqual(new Map(statics.map(({ instanceId, id }) => [instanceId, id])))
}

class History {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new FakeTopics()
  readonly settings = fakeSettings()
  readonly errors: unknown[] = []
  clients = Array.from({ length: 6 }, (_, at) => new Client(at))
  unanswered = 0
  groups!: Groups

  async open(topics: FakeTopics = this.topics): Promise<Groups> {
    const { store, clock, settings } = this
    return createGroups({ store, clock, topics, settings, random: seededRandom(7), onError: (error) => this.errors.push(error) })
  }

  beat(client: Client, epoch: number, owned: Spread | null = client.owned): void {
    if (client.waits) return
    client.waits = true
    const joins = epoch === 0
    const names = [0, 1, 2].filter((topic) => client.topics & (1 << topic)).map((topic) => `t${topic}`)
    const usesRegex = client.topics === 8
    this.unanswered++
    const event = {
      verb: 'consumer-heartbeat',
      memberId: client.id,
      epoch,
      instanceId: client.at >= 4 ? `i${client.at}` : null,
      rackId: null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: joins ? 20_000 : -1,
      topicNames: epoch >= 0 ? names : null,
      topicRegex: epoch >= 0 ? (usesRegex ? 't[12]' : '') : null,
      assignorName: client.at % 2 === 0 ? 'range' : null,
      owned: joins ? nothing : owned,
      bringsMemberId: true,
    } as const
    void this.groups.submit('g', event).then((told) => {
      this.unanswered--
      client.waits = false
      this.hear(client, epoch, told)
    })
  }

  hear(client: Client, epoch: number, told: ConsumerHeartbeatAnswer): void {
    if (told.error === 'FENCED_MEMBER_EPOCH' || told.error === 'UNKNOWN_MEMBER_ID' || told.error === 'GROUP_ID_NOT_FOUND' || epoch < 0) {
      client.epoch = 0
      client.owned = nothing
    }
    if (told.error !== 'NONE' || epoch < 0) return
    client.lastEpoch = client.epoch
    client.epoch = told.epoch
    if (told.assignment) client.owned = told.assignment
  }

  async run(step: Step): Promise<void> {
    const client = 'who' in step ? this.clients[step.who]! : null
    switch (step.do) {
      case 'join':
        return this.beat(client!, 0)
      case 'beat':
        return this.beat(client!, client!.epoch)
      case 'silent-beat':
        return this.beat(client!, client!.epoch, null)
      case 'old-beat':
        return this.beat(client!, client!.lastEpoch)
      case 'leave':
        return this.beat(client!, -1)
      case 'away': {
        this.beat(client!, client!.at >= 4 ? -2 : -1)
        if (client!.at < 4) return
        const next = new Client(client!.at)
        next.lives = client!.lives + 1
        next.id = `m${next.at}-${next.lives}`
        this.clients = this.clients.map((other) => (other === client ? next : other))
        return
      }
      case 'resubscribe':
        client!.topics = step.topics
        return this.beat(client!, client!.epoch)
      case 'everyone-beats':
        for (const one of this.clients) if (one.epoch > 0) this.beat(one, one.epoch)
        return
      case 'topic':
        if ((this.topics.counts.get(`t${step.topic}`) ?? 0) < step.partitions) this.topics.make(`t${step.topic}`, step.partitions)
        return
      case 'drop':
        return this.topics.counts.has(`t${step.topic}`) ? this.topics.drop(`t${step.topic}`) : undefined
      case 'advance':
        return this.clock.advance(step.ms)
      case 'fill-disk':
        this.store.isFull = true
        return
      case 'free-disk':
        this.store.isFull = false
        return
      case 'restart':
        this.groups.close()
        await quiet()
        this.groups = await this.open()
    }
  }

  async stored(): Promise<Group> {
    const copy = await this.open(Object.assign(new FakeTopics(), { byId: this.topics.byId.bind(this.topics) }))
    await copy.submit('g', { verb: 'consumer-describe' })
    const group = copy.peek('g') ?? { id: 'g', body: null, offsets: new Map(), pending: new Map() }
    copy.close()
    return group
  }
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((settled) => setImmediate(settled))
}

async function play(steps: readonly (readonly [Step, boolean])[]): Promise<void> {
  const history = new History()
  history.groups = await history.open()
  for (const [step, pauses] of steps) {
    await history.run(step)
    if (!pauses) continue
    await quiet()
    const live = history.groups.peek('g')
    if (live?.body?.kind !== 'consumer') continue
    checkInvariants(live.body)
    expect(durable(await history.stored())).toEqual(durable(live))
  }
  // Everybody behaves from here on: those that the group does not know join, those that are away end with their session.
  history.store.isFull = false
  await quiet()
  for (let round = 0; round < 24; round++) {
    for (const client of history.clients) history.beat(client, client.epoch)
    await quiet()
    await history.clock.advance(5_000)
    await quiet()
  }
  const live = history.groups.peek('g')!.body as ConsumerGroup
  checkInvariants(live)
  expect(live.row.epoch).toBe(live.row.assignmentEpoch)
  for (const client of history.clients) {
    const member = live.members.get(client.id)!
    expect(member).toMatchObject({ phase: 'stable', epoch: live.row.epoch, assigned: member.target })
    expect(client.owned).toEqual(member.assigned)
  }
  const read = new Set(live.row.topics.map(([topicId]) => topicId))
  for (const [topicId, count] of live.row.topics) expect(live.holders.get(topicId)?.size).toBe(count)
  for (const topicId of live.holders.keys()) expect(read.has(topicId)).toBe(true)
  expect(history.unanswered).toBe(0)
  // And fall silent: nobody is left.
  await history.clock.advance(60_000)
  await quiet()
  expect(live.members.size).toBe(0)
  expect(durable(await history.stored())).toEqual(
    durable(history.groups.peek('g') ?? { id: 'g', body: null, offsets: new Map(), pending: new Map() }),
  )
  expect(history.errors).toEqual([])
  history.groups.close()
}

describe('random histories of a consumer group', () => {
  const seed = process.env['HISTORIES_SEED'] ? Number(process.env['HISTORIES_SEED']) : Math.floor(Math.random() * 2 ** 31)
  const numRuns = Number(process.env['HISTORIES_RUNS'] ?? 60)

  test(`rows replay to the live state, nobody shares a partition, and in the end all is assigned (seed ${seed})`, { timeout: 600_000 }, async () => {
    await loadRegexes()
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 120, size: 'max' }), play), { numRuns, seed })
  })
})
