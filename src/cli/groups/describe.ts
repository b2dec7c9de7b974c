// `twinlog groups describe`.
import { Cluster } from '../lib/cluster.ts'
import { defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { described, type GroupMember } from './kinds.ts'
import { lagsOf, type PartitionLag } from './lag.ts'
import { positionsOf } from './positions.ts'

interface DescribedGroup {
  group: string
  kind: string
  state: string
  protocol: string
  members: GroupMember[]
  offsets: PartitionLag[]
}

export const command = defineCommand({
  usage: 'twinlog groups describe GROUP... [--json]',
  summary: 'Shows state and members of groups, their committed offsets, and how far they are behind.',
  positionals: { min: 1, max: 1000 },
  options: { ...bootstrapOption, ...jsonOption },
  async run(values, names) {
    const groups = await Cluster.with(values.bootstrap, (cluster) => describe(cluster, values.bootstrap, names))
    if (values.json) printJson(groups)
    else for (const group of groups) print(groupText(group))
    return exitCodes.done
  },
})

async function describe(cluster: Cluster, bootstrap: string | undefined, names: readonly string[]): Promise<DescribedGroup[]> {
  const groups: DescribedGroup[] = []
  for (const { group, kind, state, assignor, members } of await described(cluster, names)) {
    const positions = await positionsOf(cluster, group, kind)
    const offsets = positions.length > 0 ? await withAdmin(bootstrap, (admin) => lagsOf(admin, positions)) : []
    groups.push({ group, kind, state, protocol: assignor, members, offsets })
  }
  return groups
}

function groupText({ group, kind, state, protocol, members, offsets }: DescribedGroup): string {
  const parts = [`${[group, kind, state, protocol].filter((word) => word !== '').join('  ')}\n`]
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
