// A thousand members on a thousand partitions: what one of them does costs in proportion to what changes, not to the group. Counted in rows and assignments, not in
// milliseconds, which depend on the machine.
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { ConsumerHeartbeatAnswer } from '../../src/coordinators/group/consumer/events.ts'
import type { ConsumerGroup } from '../../src/coordinators/group/consumer/state.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import { nothing, type Spread } from '../../src/coordinators/group/spread.ts'
import { seededRandom } from '../../src/random.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

const memberCount = 1000
const partitionCount = 1000

class Member {
  readonly #groups: Groups
  readonly #id: string
  readonly #topicNames: readonly string[]
  epoch = 0
  owned: Spread = nothing

  constructor(groups: Groups, id: string, topicNames: readonly string[]) {
    this.#groups = groups
    this.#id = id
    this.#topicNames = topicNames
  }

  async beat(): Promise<ConsumerHeartbeatAnswer> {
    const joins = this.epoch === 0
    const told = await this.#groups.submit('g', {
      verb: 'consumer-heartbeat',
      memberId: this.#id,
      epoch: this.epoch,
      instanceId: null,
      rackId: null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: joins ? 60_000 : -1,
      topicNames: joins ? this.#topicNames : null,
      topicRegex: null,
      assignorName: null,
      owned: this.owned,
      bringsMemberId: true,
    })
    expect(told.error).toBe('NONE')
    this.epoch = told.epoch
    if (told.assignment) this.owned = told.assignment
    return told
  }
}

test.each([
  ['the same topics', 0],
  ['topics of their own', 3],
])('a thousand members that read %s join with few assignments, settle, and then write nothing', async (_, variety) => {
  const clock = new ManualClock()
  const store = new FakeStore(clock)
  const topics = new FakeTopics()
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const groups = await createGroups({ store, clock, topics, settings: fakeSettings(), random: seededRandom(3), onError })
  const names = Array.from({ length: 10 }, (_, at) => `t${at}`)
  for (const name of names) topics.make(name, partitionCount / names.length)
  const reads = (at: number): string[] => (variety === 0 ? names : names.filter((_, topic) => (at + topic) % variety !== 0))
  const members = Array.from({ length: memberCount }, (_, at) => new Member(groups, `m${at}`, reads(at)))
  const body = (): ConsumerGroup => groups.peek('g')?.body as ConsumerGroup

  // All within one moment: the first is assigned everything, the others wait for the interval, which grows with the group.
  for (const member of members) await member.beat()
  expect(body().row).toMatchObject({ epoch: memberCount + 1, assignmentEpoch: 2, memberCount })
  await clock.advance((memberCount + partitionCount) / 32)
  for (let round = 0; round < 3; round++) for (const member of members) await member.beat()
  expect(body().row.assignmentEpoch).toBe(memberCount + 1)
  const sizes = members.map(({ owned }) => owned.reduce((sum, [, partitions]) => sum + partitions.length, 0))
  // Where subscriptions differ, two is what may lie between members that have no topic in common.
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(variety === 0 ? 0 : 2)

  // Nothing changes, nothing is written; a topic that nobody reads changes nothing.
  store.written = []
  topics.make('foreign', 1)
  for (const member of members) expect((await member.beat()).assignment).toBe(null)
  expect(store.written).toEqual([])

  // One leaves and another comes, which takes up what it left: rows of the two, and of hardly anybody else.
  await clock.advance(1000)
  await groups.submit('g', { verb: 'leave', members: [{ memberId: 'm7', instanceId: null }] })
  const late = new Member(groups, 'late', reads(7))
  await late.beat()
  if (variety === 0) expect(late.owned).toEqual(members[7]!.owned)
  expect(store.written.filter((table) => table === 'consumer-group-members').length).toBeLessThanOrEqual(4)
  expect(errors).toEqual([])
  groups.close()
})
