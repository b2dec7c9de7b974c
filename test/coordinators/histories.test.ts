// Random histories of a classic group: clients that behave and clients that do not, time, restarts and a disk that is full now and then.
// Whatever happened: what a restart reads back is what is alive (when nothing is between two generations), every request is answered in the end,
// nobody owns an assignment of another generation, and no two members hold one instance id.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { ClassicGroup, Member } from '../../src/coordinators/group/classic/state.ts'
import type { Answer, Verb, Verbs } from '../../src/coordinators/group/events.ts'
import type { Group } from '../../src/coordinators/group/group.ts'
import type { Asked } from '../../src/coordinators/group/groups.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import { seededRandom } from '../../src/random.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

type Step =
  | { do: 'join' | 'sync' | 'heartbeat' | 'leave'; who: number }
  | { do: 'rejoin-static'; who: number }
  | { do: 'commit'; who: number; topic: number; partition: number; offset: number }
  | { do: 'manual-commit' | 'offset-delete'; topic: number; partition: number; offset: number }
  | { do: 'advance'; ms: number }
  /** What well-behaved clients do, all at once. */
  | { do: 'everyone-joins' | 'everyone-syncs' }
  | { do: 'restart' | 'fill-disk' | 'free-disk' | 'delete' | 'drop-topic' }

const who = fc.integer({ min: 0, max: 4 })
const place = { topic: fc.integer({ min: 0, max: 2 }), partition: fc.integer({ min: 0, max: 2 }), offset: fc.integer({ min: 0, max: 99 }) }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constantFrom('join', 'join', 'sync', 'sync', 'heartbeat', 'leave'), who }) as fc.Arbitrary<Step> },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rejoin-static' as const), who }) },
  { weight: 6, arbitrary: fc.constantFrom<Step>({ do: 'everyone-joins' }, { do: 'everyone-syncs' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), who, ...place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('manual-commit' as const, 'offset-delete' as const), ...place }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 8000 }) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>(
      { do: 'restart' },
      { do: 'fill-disk' },
      { do: 'free-disk' },
      { do: 'free-disk' },
      { do: 'delete' },
      { do: 'drop-topic' },
    ),
  },
)

/** Everything of a group that has to survive, in an order of its own. */
function durable(group: Group): unknown {
  const { body, offsets } = group
  const rows = [...offsets].map(([topic, partitions]) => [topic, [...partitions].sort(([a], [b]) => a - b)]).sort(byText)
  if (body?.kind !== 'classic') return { body: null, rows }
  const { phase, generation, protocolType, protocolName, leader, sinceMs } = body
  return { phase, generation, protocolType, protocolName, leader, sinceMs, members: [...body.members.values()].map(durableMember).sort(byText), rows }
}

function durableMember({ id, instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment }: Member): unknown {
  const offered = protocols.map(({ name, metadata }) => [name, metadata.toString('hex')])
  return [id, instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, offered, assignment.toString('hex')]
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

/** What must hold of a group whatever happened to it. */
function checkInvariants(group: ClassicGroup): void {
  const members = [...group.members.values()]
  expect(group.joiningCount).toBe(members.filter((member) => member.joining !== null).length)
  const statics = members.filter((member) => member.instanceId !== null)
  expect(new Map(statics.map((member) => [member.instanceId, member.id]))).toEqual(group.statics)
  expect(statics.length).toBe(group.statics.size)
  const offered = new Map<string, number>()
  for (const member of members) for (const { name } of member.protocols) offered.set(name, (offered.get(name) ?? 0) + 1)
  expect(group.offered).toEqual(offered)
  if (group.phase === 'empty') expect(members).toEqual([])
  if (group.phase === 'stable' || group.phase === 'completing-rebalance') {
    expect(group.members.has(group.leader ?? '')).toBe(true)
    expect(members.every((member) => member.protocols.some(({ name }) => name === group.protocolName))).toBe(true)
  }
  if (group.phase === 'stable') expect(members.every((member) => member.joining === null && member.syncing === null)).toBe(true)
  for (const id of group.unsynced) expect(group.members.has(id)).toBe(true)
  for (const id of group.pending) expect(group.members.has(id)).toBe(false)
}

/** One client: what it last heard of its group, and what of its it waits for. Clients 3 and 4 are static members. */
class Client {
  memberId = ''
  generation = -1
  isLeader = false
  members: readonly string[] = []
}

class History {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new FakeTopics()
  readonly settings = fakeSettings()
  readonly clients = Array.from({ length: 5 }, () => new Client())
  readonly errors: unknown[] = []
  random = seededRandom(7)
  unanswered = 0
  groups!: Groups

  async open(): Promise<Groups> {
    const { store, clock, topics, settings, random } = this
    this.groups = await createGroups({ store, clock, topics, settings, random, onError: (error) => this.errors.push(error) })
    return this.groups
  }

  ask<V extends Verb>(event: Asked<V>, then?: (answer: Verbs[V]['answer']) => void): void {
    this.unanswered++
    void this.groups.submit('g', event).then((answer: Answer) => {
      this.unanswered--
      then?.(answer as Verbs[V]['answer'])
    })
  }

  async run(step: Step): Promise<void> {
    if ('who' in step) this.act(step.do, this.clients[step.who]!, step.who, step)
    else if (step.do === 'everyone-joins' || step.do === 'everyone-syncs') {
      const what = step.do === 'everyone-joins' ? 'join' : 'sync'
      for (const [at, client] of this.clients.entries()) if (client.memberId !== '' || at === 0) this.act(what, client, at, step)
    } else if (step.do === 'manual-commit') this.commit(null, step)
    else if (step.do === 'offset-delete') {
      const topicName = `t${step.topic}`
      this.ask({ verb: 'offset-delete', partitions: [{ topicId: this.topics.id(topicName), topicName, partition: step.partition }] })
    } else if (step.do === 'advance') await this.clock.advance(step.ms)
    else if (step.do === 'fill-disk') this.store.isFull = true
    else if (step.do === 'free-disk') this.store.isFull = false
    else if (step.do === 'delete') this.ask({ verb: 'delete' })
    else if (step.do === 'drop-topic') this.topics.drop('t2')
    else {
      this.groups.close()
      await quiet()
      await this.open()
    }
  }

  act(what: Step['do'], client: Client, at: number, step: Step): void {
    const instanceId = at >= 3 ? `i${at}` : null
    const { memberId, generation } = client
    if (what === 'rejoin-static') client.memberId = ''
    if (what === 'join' || what === 'rejoin-static') this.join(client, at, instanceId)
    if (what === 'heartbeat') this.ask({ verb: 'heartbeat', memberId, instanceId, generation })
    if (what === 'leave') this.ask({ verb: 'leave', members: [{ memberId, instanceId: null }] })
    if (what === 'commit') this.commit(client, step as Step & { do: 'commit' })
    if (what === 'sync') {
      const assignments = client.isLeader
        ? client.members.map((id) => ({ memberId: id, assignment: Buffer.from(`${id.startsWith('c0') ? 'same' : generation}:${id}`) }))
        : []
      this.ask({ verb: 'sync', memberId, instanceId, generation, protocolType: null, protocolName: null, assignments }, (told) => {
        // Static members keep what their former selves were assigned; a leader may hand in an old list. Never another generation's.
        if (told.error === 'NONE' && told.assignment.length > 0 && instanceId === null)
          expect(told.assignment.toString()).toMatch(new RegExp(`^(${generation}|same):`))
      })
    }
  }

  join(client: Client, at: number, instanceId: string | null): void {
    const event: Asked<'join'> = {
      verb: 'join',
      memberId: client.memberId,
      instanceId,
      clientId: `c${at}`,
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 6000 + 1000 * at,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [...(at % 2 ? [{ name: 'rr', metadata: Buffer.from(`r${at}`) }] : []), { name: 'range', metadata: Buffer.from(`m${at}`) }],
      needsMemberId: at !== 0,
      canSkipAssignment: true,
    }
    this.ask(event, (told) => {
      client.memberId = told.error === 'UNKNOWN_MEMBER_ID' || told.error === 'FENCED_INSTANCE_ID' ? '' : told.memberId || client.memberId
      if (told.error !== 'NONE') return
      client.generation = told.generation
      client.isLeader = told.leader === told.memberId
      client.members = told.members.map((member) => member.memberId)
    })
  }

  commit(client: Client | null, { topic, partition, offset }: { topic: number; partition: number; offset: number }): void {
    const offsets = [{ topicId: this.topics.id(`t${topic}`), partition, offset, leaderEpoch: 0, metadata: null }]
    const { memberId, generation } = client ?? { memberId: '', generation: -1 }
    this.ask({
      verb: 'commit',
      memberId,
      instanceId: null,
      generation,
      tellsUnknownGroup: true,
      expiresMs: null,
      committedMs: null,
      producerId: null,
      offsets,
    })
  }

  /** The group as a restart would find it now. */
  async stored(): Promise<Group> {
    const { store, clock, topics, settings, random } = this
    const copy = await createGroups({
      store,
      clock,
      topics: Object.assign(new FakeTopics(), { byId: topics.byId.bind(topics) }),
      settings,
      random,
      onError: (error) => this.errors.push(error),
    })
    await copy.submit('g', { verb: 'describe' })
    const group = copy.peek('g') ?? { id: 'g', body: null, offsets: new Map(), pending: new Map() }
    copy.close()
    return group
  }
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((settled) => setImmediate(settled))
}

/** Steps with whether everything that can happen by itself happens before the next one. */
async function play(steps: readonly (readonly [Step, boolean])[]): Promise<void> {
  const history = new History()
  await history.open()
  for (const [step, pauses] of steps) {
    await history.run(step)
    if (!pauses) continue
    await quiet()
    const live = history.groups.peek('g')
    if (live?.body?.kind !== 'classic') {
      expect(live?.offsets.size ?? 0).toBe(0)
      continue
    }
    checkInvariants(live.body)
    const settled = live.body.stored && (live.body.phase === 'stable' || live.body.phase === 'empty')
    if (settled) expect(durable(await history.stored())).toEqual(durable(live))
  }
  // The clients fall silent: in the end nobody waits, and nobody is left.
  history.store.isFull = false
  await history.clock.advance(10 * 60_000)
  await quiet()
  expect(history.unanswered).toBe(0)
  expect(history.errors).toEqual([])
  const live = history.groups.peek('g')
  if (live?.body?.kind === 'classic') expect(live.body.phase).toBe('empty')
  expect(durable(await history.stored())).toEqual(durable(live ?? { id: 'g', body: null, offsets: new Map(), pending: new Map() }))
  history.groups.close()
}

describe('random histories of a classic group', () => {
  const seed = process.env['HISTORIES_SEED'] ? Number(process.env['HISTORIES_SEED']) : Math.floor(Math.random() * 2 ** 31)
  const numRuns = Number(process.env['HISTORIES_RUNS'] ?? 150)

  test(`the stored rows replay to the live state (seed ${seed})`, { timeout: 600_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 200, size: 'max' }), play), { numRuns, seed })
  })
})
