// Groups of all four kinds, each asked in its own words and told in one shape.
import { decodeEnvelope } from '../../../protocol/codec.ts'
import { consumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import { consumerProtocolAssignment } from '../../../protocol/messages/consumer-protocol-assignment.ts'
import { describeGroups } from '../../../protocol/messages/describe-groups.ts'
import { listGroups } from '../../../protocol/messages/list-groups.ts'
import { shareGroupDescribe } from '../../../protocol/messages/share-group-describe.ts'
import { streamsGroupDescribe } from '../../../protocol/messages/streams-group-describe.ts'
import type { Cluster } from '../lib/cluster.ts'
import { CommandError } from '../lib/command.ts'
import { check, type Wire } from '../lib/wire.ts'

export type GroupKind = 'classic' | 'consumer' | 'share' | 'streams'

export interface ListedGroup {
  group: string
  kind: GroupKind
  /** `consumer`, `connect`, `share` …; empty for a group that only holds offsets. */
  protocolType: string
}

export interface GroupMember {
  memberId: string
  clientId: string
  host: string
  /** `orders: [0, 1]`, of a streams group by subtopology; null where the assignment is of another protocol. */
  assignment: Record<string, number[]> | null
}

export interface GroupFacts extends ListedGroup {
  state: string
  /** How partitions are shared out: `range`, `uniform` … */
  assignor: string
  members: GroupMember[]
}

/** Every group of every broker, by name. Brokers that know one kind only say nothing of kinds. */
export async function listed(cluster: Cluster): Promise<ListedGroup[]> {
  const groups: ListedGroup[] = []
  for (const broker of await cluster.brokers()) {
    const answer = await broker.ask(listGroups, { statesFilter: [], typesFilter: [] })
    check(answer.errorCode, 'listing groups')
    for (const { groupId, groupType, protocolType } of answer.groups) groups.push({ group: groupId, kind: kindOf(groupType), protocolType })
  }
  return groups.sort((a, b) => (a.group < b.group ? -1 : 1))
}

const kindOf = (groupType: string): GroupKind =>
  (['consumer', 'share', 'streams'] as const).find((kind) => kind === groupType.toLowerCase()) ?? 'classic'

/** The named groups in their order; refuses when one of them does not exist. */
export async function described(cluster: Cluster, names: readonly string[]): Promise<GroupFacts[]> {
  const known = new Map((await listed(cluster)).map((group) => [group.group, group]))
  const missing = names.filter((name) => !known.has(name))
  if (missing.length > 0) throw new CommandError(`there is no group ${missing.join(', ')}; twinlog groups list shows those that exist`)
  return factsOf(
    cluster,
    names.map((name) => known.get(name)!),
  )
}

/** Groups described by one request. */
const groupsPerRequest = 100

/** What their coordinators tell of listed groups, in their order: those of one kind on one broker are asked for together. */
export async function factsOf(cluster: Cluster, groups: readonly ListedGroup[]): Promise<GroupFacts[]> {
  const coordinators = await cluster.coordinatorsOf(groups.map(({ group }) => group))
  const told = new Map<string, Told>()
  for (const kind of ['classic', 'consumer', 'share', 'streams'] as const) {
    const byCoordinator = new Map<Wire, string[]>()
    for (const { group } of groups.filter((one) => one.kind === kind)) {
      const coordinator = coordinators.get(group)
      if (!coordinator) throw new CommandError(`no broker looks after ${group}`)
      const others = byCoordinator.get(coordinator)
      if (others) others.push(group)
      else byCoordinator.set(coordinator, [group])
    }
    for (const [coordinator, names] of byCoordinator) {
      for (let at = 0; at < names.length; at += groupsPerRequest) {
        for (const [name, facts] of await ask[kind](coordinator, names.slice(at, at + groupsPerRequest))) told.set(name, facts)
      }
    }
  }
  return groups.map((group) => {
    const facts = told.get(group.group)
    if (!facts) throw new CommandError(`its broker told nothing of group ${group.group}`)
    return { ...group, ...facts }
  })
}

type Told = Pick<GroupFacts, 'state' | 'assignor' | 'members'>

/** One question to one coordinator, kind by kind. */
const ask: Readonly<Record<GroupKind, (coordinator: Wire, groupIds: string[]) => Promise<[groupId: string, Told][]>>> = {
  async classic(coordinator, groups) {
    const answer = await coordinator.ask(describeGroups, { groups, includeAuthorizedOperations: false })
    return answer.groups.map(({ errorCode, errorMessage, groupId, groupState, protocolType, protocolData, members }) => {
      check(errorCode, groupId, errorMessage)
      const toldOf = members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
        memberId,
        clientId,
        host: clientHost,
        assignment: protocolType === 'consumer' ? classicAssignment(memberAssignment) : null,
      }))
      return [groupId, { state: groupState, assignor: protocolData, members: toldOf }]
    })
  },
  async consumer(coordinator, groupIds) {
    return (await coordinator.ask(consumerGroupDescribe, { groupIds, includeAuthorizedOperations: false })).groups.map(groupOf)
  },
  async share(coordinator, groupIds) {
    return (await coordinator.ask(shareGroupDescribe, { groupIds, includeAuthorizedOperations: false })).groups.map(groupOf)
  },
  async streams(coordinator, groupIds) {
    const answer = await coordinator.ask(streamsGroupDescribe, { groupIds, includeAuthorizedOperations: false })
    return answer.groups.map(({ errorCode, errorMessage, groupId, groupState, assignorName, members }) => {
      check(errorCode, groupId, errorMessage)
      const toldOf = members.map(({ memberId, clientId, clientHost, assignment }) => ({
        memberId,
        clientId,
        host: clientHost,
        assignment: {
          ...tasks(assignment.activeTasks, ''),
          ...tasks(assignment.standbyTasks, ' standby'),
          ...tasks(assignment.warmupTasks, ' warm-up'),
        },
      }))
      return [groupId, { state: groupState, assignor: assignorName ?? '', members: toldOf }]
    })
  },
}

interface DescribedGroup {
  errorCode: number
  errorMessage: string | null
  groupId: string
  groupState: string
  assignorName: string
  members: readonly DescribedMember[]
}

function groupOf({ errorCode, errorMessage, groupId, groupState, assignorName, members }: DescribedGroup): [string, Told] {
  check(errorCode, groupId, errorMessage)
  return [groupId, { state: groupState, assignor: assignorName, members: members.map(memberOf) }]
}

interface DescribedMember {
  memberId: string
  clientId: string
  clientHost: string
  assignment: { topicPartitions: readonly { topicName: string; partitions: readonly number[] }[] }
}

const memberOf = ({ memberId, clientId, clientHost, assignment }: DescribedMember): GroupMember => ({
  memberId,
  clientId,
  host: clientHost,
  assignment: Object.fromEntries(assignment.topicPartitions.map(({ topicName, partitions }) => [topicName, [...partitions]])),
})

function classicAssignment(bytes: Buffer): Record<string, number[]> | null {
  if (bytes.length === 0) return {}
  try {
    const { assignedPartitions } = decodeEnvelope(consumerProtocolAssignment, bytes)
    return Object.fromEntries(assignedPartitions.map(({ topic, partitions }) => [topic, [...partitions]]))
  } catch {
    // A client that calls itself a consumer and writes something else.
    return null
  }
}

const tasks = (ids: readonly { subtopologyId: string; partitions: readonly number[] }[], role: string): Record<string, number[]> =>
  Object.fromEntries(ids.map(({ subtopologyId, partitions }) => [`subtopology ${subtopologyId}${role}`, [...partitions]]))
