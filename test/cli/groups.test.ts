// `twinlog groups` with groups of every kind, run as a person runs it, against the built broker; the members speak the bare protocol.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { streamsGroupHeartbeat } from '../../protocol/messages/streams-group-heartbeat.ts'
import { RawClient } from '../kafka/raw-client.ts'
import { type Ended, endAll, run, startProduct } from '../service/process.ts'

let env: Record<string, string> = {}
let wire: RawClient
beforeAll(async () => {
  const { kafka } = await startProduct().ready()
  env = { TWINLOG_BOOTSTRAP: kafka }
  const [host = '', port] = kafka.split(':')
  wire = await RawClient.connect({ host, port: Number(port) }, 'probe')
})
afterAll(async () => {
  wire.close()
  await endAll()
})

const twinlog = (args: string[], input?: string): Promise<Ended> => run(args, { env, ...(input !== undefined && { input }) })

async function json<Shape>(...args: string[]): Promise<Shape> {
  const { code, stdout, stderr } = await twinlog([...args, '--json'])
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Shape
}

const subtopology = {
  subtopologyId: '0',
  sourceTopics: ['t'],
  sourceTopicRegex: [],
  stateChangelogTopics: [],
  repartitionSinkTopics: [],
  repartitionSourceTopics: [],
  copartitionGroups: [],
}

/** One heartbeat of the member `m` of each kind's group: epoch 0 joins, -1 leaves. */
const beats: Readonly<Record<string, (memberEpoch: number) => Promise<{ errorCode: number; memberEpoch: number }>>> = {
  consumer: (memberEpoch) =>
    wire.ask(consumerGroupHeartbeat, 1, {
      groupId: 'consumer',
      memberId: 'm',
      memberEpoch,
      rebalanceTimeoutMs: 60_000,
      ...(memberEpoch === 0 && { subscribedTopicNames: ['t'], topicPartitions: [] }),
    }),
  share: (memberEpoch) =>
    wire.ask(shareGroupHeartbeat, 1, {
      groupId: 'share',
      memberId: 'm',
      memberEpoch,
      rackId: null,
      subscribedTopicNames: memberEpoch === 0 ? ['t'] : null,
    }),
  streams: (memberEpoch) =>
    wire.ask(streamsGroupHeartbeat, 1, {
      groupId: 'streams',
      memberId: 'm',
      memberEpoch,
      endpointInformationEpoch: 0,
      ...(memberEpoch === 0 && {
        rebalanceTimeoutMs: 60_000,
        topology: { epoch: 0, subtopologies: [subtopology] },
        processId: 'p',
        clientTags: [],
        activeTasks: [],
        standbyTasks: [],
        warmupTasks: [],
      }),
    }),
}

interface Described {
  group: string
  kind: string
  state: string
  members: { memberId: string; clientId: string; assignment: Record<string, number[]> | null }[]
  offsets: { topic: string; partition: number; committed: number | null; lag: number | null }[]
}

describe('groups of the newer kinds', () => {
  beforeAll(async () => {
    await json('topics', 'create', 't', '-p', '2')
    await twinlog(['produce', 't', '-p', '0'], 'a\nb\nc\n')
    for (const beat of Object.values(beats)) expect((await beat(0)).errorCode).toBe(0)
  })

  it('are listed with their kind, their state and their members', async () => {
    expect(await json('groups', 'list')).toEqual([
      { group: 'consumer', kind: 'consumer', state: 'Stable', type: 'consumer', members: 1 },
      { group: 'share', kind: 'share', state: 'Stable', type: 'share', members: 1 },
      { group: 'streams', kind: 'streams', state: 'Stable', type: 'streams', members: 1 },
    ])
  })

  it('are described together, in the order in which they are named, with others of the old kind', async () => {
    const names = ['old-1', 'share', 'consumer', 'old-0', 'streams']
    for (const name of names.filter((one) => one.startsWith('old'))) await json('groups', 'reset-offsets', name, '-t', 't', '--to', 'latest')
    const described = await json<Described[]>('groups', 'describe', ...names)
    expect(described.map(({ group, kind, members }) => [group, kind, members.length])).toEqual([
      ['old-1', 'classic', 0],
      ['share', 'share', 1],
      ['consumer', 'consumer', 1],
      ['old-0', 'classic', 0],
      ['streams', 'streams', 1],
    ])
    await twinlog(['groups', 'delete', 'old-0', 'old-1'])
  })

  it.each([
    ['consumer', { t: [0, 1] }],
    ['share', { t: [0, 1] }],
    ['streams', { 'subtopology 0': [0, 1] }],
  ])('of kind %s are described with what their members have', async (kind, assignment) => {
    const [group] = await json<Described[]>('groups', 'describe', kind)
    expect(group).toMatchObject({ group: kind, kind, state: 'Stable', members: [{ memberId: 'm', clientId: 'probe', assignment }] })
    const text = (await twinlog(['groups', 'describe', kind])).stdout
    expect(text).toMatch(/^m +probe +\S+ +\S+.*: 0 1$/m)
  })

  it.each(Object.keys(beats))('of kind %s are not moved or deleted while they have members, and are when these have left', async (kind) => {
    const reset = ['groups', 'reset-offsets', kind, '-t', 't', '-p', '0', '--to', '1']
    expect(await twinlog(reset)).toMatchObject({ code: 1, stderr: expect.stringContaining(`${kind} has 1 member: stop its consumers first`) })
    expect((await twinlog(['groups', 'delete', kind])).code).toBe(1)
    expect((await beats[kind]!(-1)).errorCode).toBe(0)
    expect(await json<{ partitions: unknown[] }>(...reset)).toMatchObject({ moved: true, partitions: [{ partition: 0, to: 1 }] })
    const [group] = await json<Described[]>('groups', 'describe', kind)
    expect(group).toMatchObject({ kind, state: 'Empty', members: [] })
    expect(group?.offsets.find(({ partition }) => partition === 0)).toMatchObject({ topic: 't', committed: 1, lag: 2 })
    expect(await json('groups', 'delete', kind)).toEqual({ deleted: [kind] })
    expect((await json<Described[]>('groups', 'list')).map(({ group: name }) => name)).not.toContain(kind)
  })
})

it('a group that does not exist yet is given its first offsets', async () => {
  await json('topics', 'create', 'first', '-p', '1')
  await twinlog(['produce', 'first'], 'a\nb\n')
  await json('groups', 'reset-offsets', 'new', '-t', 'first', '--to', 'latest')
  const [group] = await json<Described[]>('groups', 'describe', 'new')
  expect(group).toMatchObject({ kind: 'classic', state: 'Empty', offsets: [{ topic: 'first', partition: 0, committed: 2, lag: 0 }] })
})

it('what is no Kafka broker is told by its address', async () => {
  const { code, stderr } = await twinlog(['groups', 'list', '-b', '127.0.0.1:1'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('no broker answers at 127.0.0.1:1')])
})
