// Random histories of a streams group: members that behave and members that do not, time, topics that come and grow, restarts and a disk that is full now and then.
// Whatever happened: what a restart reads back is what is alive, no task runs twice, no process has a task twice, and once everybody is left in peace every task is
// given, evenly.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamsBody } from '../../src/coordinators/streams/state.ts'
import { roles, type TaskKey, taskIdsOf } from '../../src/coordinators/streams/tasks.ts'
import { groupId, quiet, StreamsRig, topologies } from './streams-world.ts'

type Step =
  | { do: 'join' | 'beat' | 'leave' | 'go-away' | 'keeps-all' | 'silent-about-tasks'; who: number }
  | { do: 'stale'; who: number; epoch: number }
  | { do: 'describe'; who: number }
  | { do: 'commit'; who: number; partition: number }
  | { do: 'advance'; ms: number }
  | { do: 'topic'; name: 'in' | 'app-store-changelog'; count: number }
  | { do: 'restart' | 'fill-disk' | 'free-disk' | 'delete' | 'everyone-beats' }

const who = fc.integer({ min: 0, max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('join' as const, 'beat' as const, 'beat' as const, 'leave' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('keeps-all' as const, 'silent-about-tasks' as const, 'go-away' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stale' as const), who, epoch: fc.integer({ min: -3, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('describe' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('commit' as const), who, partition: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('topic' as const),
      name: fc.constantFrom('in' as const, 'in' as const, 'app-store-changelog' as const),
      count: fc.integer({ min: 0, max: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Step>(
      { do: 'restart' },
      { do: 'fill-disk' },
      { do: 'free-disk' },
      { do: 'delete' },
      { do: 'everyone-beats' },
      { do: 'everyone-beats' },
    ),
  },
)

/** Members 3 and 4 are threads of one process; 2 and 5 are one static member before and after it was away. */
const nameOf = (member: number): string => `m${member}`
const processOf = (member: number): string => `p${[0, 1, 2, 3, 3, 2][member]}`
const instanceOf = (member: number): string | null => (processOf(member) === 'p2' ? 'i' : null)

async function carryOut(rig: StreamsRig, step: Step): Promise<void> {
  switch (step.do) {
    case 'join':
      await rig.beat(nameOf(step.who), {
        epoch: 0,
        instanceId: instanceOf(step.who),
        topology: topologies['stateful']!,
        processId: processOf(step.who),
      })
      return
    case 'beat':
      await beat(rig, step.who)
      return
    case 'leave':
      await rig.beat(nameOf(step.who), { epoch: -1, instanceId: instanceOf(step.who) })
      return
    case 'go-away':
      await rig.beat(nameOf(step.who), { epoch: -2, instanceId: instanceOf(step.who) })
      return
    case 'keeps-all': {
      // It owns everything that there may be, told or not.
      const all = taskIdsOf(Array.from({ length: rig.topics.counts.get('in') ?? 0 }, (_, partition) => `0_${partition}`))
      await rig.beat(nameOf(step.who), { activeTasks: all, standbyTasks: [], warmupTasks: [], ...(await joining(rig, step.who)) })
      return
    }
    case 'silent-about-tasks':
      if (rig.client(nameOf(step.who)).epoch > 0) await rig.beat(nameOf(step.who), { activeTasks: null, standbyTasks: null, warmupTasks: null })
      return
    case 'stale':
      await rig.streams.heartbeat(groupId, { ...(await lastWords(rig, step.who)), epoch: step.epoch })
      return
    case 'describe':
      await rig.streams.describeTopology(groupId, {
        memberId: nameOf(step.who),
        topologyEpoch: 0,
        description: { subtopologies: [], globalStores: [] },
      })
      return
    case 'commit': {
      const { epoch } = rig.client(nameOf(step.who))
      const offsets = [{ topicId: rig.topics.id('in'), partition: step.partition, offset: 1, leaderEpoch: 0, metadata: null }]
      const member = { memberId: nameOf(step.who), instanceId: null, generation: epoch, tellsUnknownGroup: true }
      await rig.groups.submit(groupId, { verb: 'commit', ...member, expiresMs: null, committedMs: null, producerId: null, offsets })
      return
    }
    case 'advance':
      await rig.clock.advance(step.ms)
      return
    case 'topic':
      if (step.count === 0) rig.topics.drop(step.name)
      else rig.topics.make(step.name, step.count)
      return
    case 'restart':
      await quiet()
      await rig.restart()
      return
    case 'fill-disk':
    case 'free-disk':
      rig.store.isFull = step.do === 'fill-disk'
      return
    case 'delete':
      await rig.groups.submit(groupId, { verb: 'delete' })
      return
    case 'everyone-beats':
      for (let member = 0; member < 6; member++) if (rig.client(nameOf(member)).epoch > 0) await beat(rig, member)
  }
}

const joining = async (rig: StreamsRig, member: number): Promise<object> =>
  rig.client(nameOf(member)).epoch > 0 ? {} : { topology: topologies['stateful']!, processId: processOf(member), activeTasks: [] }

const beat = async (rig: StreamsRig, member: number): Promise<unknown> =>
  rig.beat(nameOf(member), { instanceId: instanceOf(member), ...(await joining(rig, member)) })

async function lastWords(rig: StreamsRig, member: number) {
  const { owned, endpointEpoch } = rig.client(nameOf(member))
  return {
    memberId: nameOf(member),
    endpointEpoch,
    instanceId: instanceOf(member),
    rackId: null,
    rebalanceTimeoutMs: -1,
    clientId: '',
    clientHost: '',
    topology: null,
    activeTasks: taskIdsOf(owned.active),
    standbyTasks: taskIdsOf(owned.standby),
    warmupTasks: taskIdsOf(owned.warmup),
    processId: null,
    userEndpoint: null,
    clientTags: null,
    taskOffsets: null,
    taskEndOffsets: null,
    shutdownApplication: false,
    version: 1,
  }
}

/** Everything of a group, in an order of its own; what members told of their progress is forgotten by a restart. */
function durable(body: StreamsBody | null | undefined): unknown {
  if (!body) return null
  const members = [...body.members.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const holders = [...body.holders].map(([key, held]) => [key, held.map(({ memberId, role }) => `${memberId}/${role}`).sort()] as const)
  const statics = [...body.statics].sort()
  return { statics, row: body.row, topology: body.topology, members, holders: holders.sort(([a], [b]) => (a < b ? -1 : 1)) }
}

function checkInvariants(body: StreamsBody | null | undefined): void {
  if (!body) return
  const active = new Map<TaskKey, string>()
  const inProcess = new Map<string, string>()
  for (const member of body.members.values()) {
    for (const tasks of [member.assigned, member.revoking]) {
      for (const role of roles) {
        for (const key of tasks[role]) {
          const before = inProcess.get(`${member.processId}/${key}`)
          // A task that becomes a copy is let go of and held at once, by one member.
          const becomesCopy = before === `${member.id}/standby` && role === 'active' && tasks === member.revoking
          expect(before === undefined || becomesCopy, `process ${member.processId} has ${key} twice`).toBe(true)
          inProcess.set(`${member.processId}/${key}`, `${member.id}/${role}`)
          if (role !== 'active') continue
          expect(active.get(key), `${key} runs twice`).toBeUndefined()
          active.set(key, member.id)
        }
      }
    }
    expect(member.epoch).toBeLessThanOrEqual(body.row.epoch)
    if (member.instanceId !== null) expect(body.statics.get(member.instanceId)).toBe(member.id)
    expect(member.since.map(([key]) => key)).toEqual(member.assigned.active)
  }
}

describe('random histories of a streams group', () => {
  test('a restart reads back what is alive, no task runs twice, and in peace every task is given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.integer({ min: 0, max: 2 }), async (steps, standbys) => {
        const rig = new StreamsRig()
        rig.settings.set('group.streams.num.standby.replicas', standbys)
        rig.keepsDescriptions = true
        await rig.start()
        rig.topics.make('in', 4)
        try {
          for (const one of steps) {
            await carryOut(rig, one)
            await quiet()
            checkInvariants(rig.streams.peek(groupId)?.body)
          }
          const alive = durable(rig.streams.peek(groupId)?.body)
          await rig.restart()
          expect(durable(rig.streams.peek(groupId)?.body)).toEqual(alive)
          await peace(rig, standbys)
          expect(rig.errors).toEqual([])
        } finally {
          rig.stop()
        }
      }),
      { numRuns: 40 },
    )
  })
})

/** Everybody behaves and topics fit: after a few rounds all tasks are where they should be. */
async function peace(rig: StreamsRig, standbys: number): Promise<void> {
  rig.store.isFull = false
  rig.topics.drop('app-store-changelog')
  rig.topics.make('in', 4)
  // Whoever is not heard of any more is gone first.
  await rig.clock.advance(60_000)
  for (let round = 0; round < 8; round++) for (let member = 0; member < 5; member++) await beat(rig, member)
  const body = rig.streams.peek(groupId)!.body!
  checkInvariants(body)
  const members = [...body.members.values()]
  expect(members.map(({ phase, epoch }) => [phase, epoch])).toEqual(members.map(() => ['stable', body.row.epoch]))
  const counts = members.map(({ assigned }) => assigned.active.length)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(4)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  expect(members.reduce((sum, { assigned }) => sum + assigned.standby.length, 0)).toBe(4 * standbys)
  for (const member of members) expect(rig.client(member.id).owned).toEqual(member.assigned)
}
