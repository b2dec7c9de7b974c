// `twinlog groups describe`.
import type { Admin, GroupDescription } from 'kafkajs'
import { CommandError, defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption, loadKafka, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { groupLag, type PartitionLag } from './lag.ts'

interface Member {
  memberId: string
  clientId: string
  host: string
  /** `orders: 0, 1`; null where the assignment is of another protocol. */
  assignment: Record<string, number[]> | null
}

interface DescribedGroup {
  group: string
  state: string
  protocol: string
  members: Member[]
  offsets: PartitionLag[]
}

export const command = defineCommand({
  usage: 'twinlog groups describe GROUP... [--json]',
  summary: 'Shows state and members of groups, their committed offsets, and how far they are behind.',
  positionals: { min: 1, max: 1000 },
  options: { ...bootstrapOption, ...jsonOption },
  async run(values, names) {
    const groups = await withAdmin(values.bootstrap, (admin) => describe(admin, names))
    // Kafka describes a group that does not exist as a dead one.
    const missing = groups.filter(({ state, offsets }) => state === 'Dead' && offsets.length === 0).map(({ group }) => group)
    if (missing.length > 0) throw new CommandError(`there is no group ${missing.join(', ')}; twinlog groups list shows those that exist`)
    if (values.json) printJson(groups)
    else for (const group of groups) print(groupText(group))
    return exitCodes.done
  },
})

async function describe(admin: Admin, names: readonly string[]): Promise<DescribedGroup[]> {
  const { AssignerProtocol } = await loadKafka()
  const { groups } = await admin.describeGroups([...names])
  return Promise.all(
    groups.map(async (group: GroupDescription) => ({
      group: group.groupId,
      state: group.state,
      protocol: group.protocol,
      members: group.members.map(({ memberId, clientId, clientHost, memberAssignment }) => {
        let assignment: Member['assignment'] = null
        try {
          assignment = memberAssignment.length > 0 ? (AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? null) : {}
        } catch {
          // Another protocol's bytes: a member of Kafka Connect, say.
        }
        return { memberId, clientId, host: clientHost, assignment }
      }),
      offsets: await groupLag(admin, group.groupId),
    })),
  )
}

function groupText({ group, state, protocol, members, offsets }: DescribedGroup): string {
  const parts = [`${group}  ${state}${protocol ? `  ${protocol}` : ''}\n`]
  if (members.length > 0) {
    const rows = members.map(({ memberId, clientId, host, assignment }) => [memberId, clientId, host, assignment ? assignmentText(assignment) : '?'])
    parts.push(table(['MEMBER', 'CLIENT', 'HOST', 'ASSIGNMENT'], rows))
  }
  if (offsets.length > 0) {
    const rows = offsets.map(({ topic, partition, committed, end, lag }) => [topic, partition, committed, end, lag])
    parts.push(table(['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG'], rows))
  } else parts.push('Nothing is committed.\n')
  return `${parts.join('\n')}\n`
}

function assignmentText(assignment: Record<string, number[]>): string {
  const topics = Object.entries(assignment).map(([topic, partitions]) => `${topic}: ${partitions.join(' ')}`)
  return topics.join('; ') || 'none'
}
