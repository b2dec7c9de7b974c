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
  const facts: GroupFacts[] = []
  for (const name of names) facts.push(await factsOf(cluster, known.get(name)!))
  return facts
}

/** What its coordinator tells of a listed group. */
export async function factsOf(cluster: Cluster, group: ListedGroup): Promise<GroupFacts> {
  return { ...group, ...(await ask[group.kind](await cluster.coordinatorOf(group.group), group.group)) }
}

type Told = Pick<GroupFacts, 'state' | 'assignor' | 'members'>

/** One question to one coordinator, kind by kind. */
const ask: Readonly<Record<GroupKind, (coordinator: Wire, groupId: string) => Promise<Told>>> = {
  async classic(coordinator, groupId) {
    const [group] = (await coordinator.ask(describeGroups, { groups: [groupId], includeAuthorizedOperations: false })).groups
    check(group!.errorCode, groupId, group!.errorMessage)
    const { groupState, protocolType, protocolData } = group!
    const members = group!.members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
      memberId,
      clientId,
      host: clientHost,
      assignment: protocolType === 'consumer' ? classicAssignment(memberAssignment) : null,
    }))
    return { state: groupState, assignor: protocolData, members }
  },
  async consumer(coordinator, groupId) {
    const [group] = (await coordinator.ask(consumerGroupDescribe, { groupIds: [groupId], includeAuthorizedOperations: false })).groups
    check(group!.errorCode, groupId, group!.errorMessage)
    return { state: group!.groupState, assignor: group!.assignorName, members: group!.members.map(memberOf) }
  },
  async share(coordinator, groupId) {
    const [group] = (await coordinator.ask(shareGroupDescribe, { groupIds: [groupId], includeAuthorizedOperations: false })).groups
    check(group!.errorCode, groupId, group!.errorMessage)
    return { state: group!.groupState, assignor: group!.assignorName, members: group!.members.map(memberOf) }
  },
  async streams(coordinator, groupId) {
    const [group] = (await coordinator.ask(streamsGroupDescribe, { groupIds: [groupId], includeAuthorizedOperations: false })).groups
    check(group!.errorCode, groupId, group!.errorMessage)
    const members = group!.members.map(({ memberId, clientId, clientHost, assignment }) => ({
      memberId,
      clientId,
      host: clientHost,
      assignment: {
        ...tasks(assignment.activeTasks, ''),
        ...tasks(assignment.standbyTasks, ' standby'),
        ...tasks(assignment.warmupTasks, ' warm-up'),
      },
    }))
    return { state: group!.groupState, assignor: group!.assignorName ?? '', members }
  },
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
