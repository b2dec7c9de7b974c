// `twinlog groups reset-offsets`: where a group without members will read next.
import type { Admin } from 'kafkajs'
import { Cluster } from '../lib/cluster.ts'
import { CommandError, defineCommand, exitCodes, UsageError, wholeNumber } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { missingTopics, type PartitionOffsets, topicOffsets } from '../topics/offsets.ts'
import { factsOf, type GroupKind, listed } from './kinds.ts'
import { moveTo, type Position, positionsOf } from './positions.ts'

interface Move {
  partition: number
  from: number | null
  to: number
}

export const command = defineCommand({
  usage: 'twinlog groups reset-offsets GROUP --topic TOPIC --to earliest|latest|OFFSET|TIME [--dry-run]',
  summary: 'Moves the committed offsets of a group on a topic. The group must have no members: stop its consumers first.',
  positionals: { min: 1, max: 1 },
  options: {
    ...bootstrapOption,
    topic: { type: 'string', short: 't', value: 'TOPIC', help: 'The topic.' },
    to: { type: 'string', value: 'WHERE', help: 'earliest, latest, an offset, +N or -N from where it is, or a time such as 2026-01-31T12:00:00Z.' },
    partition: { type: 'string', short: 'p', value: 'N', help: 'Only this partition.' },
    'dry-run': { type: 'boolean', help: 'Only show what would move.' },
    ...jsonOption,
  },
  async run(values, [groupId = '']) {
    const { topic, to } = values
    if (topic === undefined || to === undefined) throw new UsageError('give --topic TOPIC and --to WHERE')
    const only = wholeNumber(values.partition, '--partition')
    const where = destination(to)
    const moves = await withAdmin(values.bootstrap, async (admin) => {
      if ((await missingTopics(admin, [topic])).length > 0) throw new CommandError(`there is no topic ${topic}`)
      return Cluster.with(values.bootstrap, async (cluster) => {
        const kind = await kindWithoutMembers(cluster, groupId)
        const positions = (await positionsOf(cluster, groupId, kind)).filter((position) => position.topic === topic)
        const planned = (await plan(admin, positions, topic, where)).filter(({ partition }) => only === undefined || partition === only)
        if (planned.length === 0) throw new CommandError(`${topic} has no partition ${only}`)
        if (!values['dry-run']) await moveTo(cluster, groupId, kind, topic, new Map(planned.map(({ partition, to: offset }) => [partition, offset])))
        return planned
      })
    })
    if (values.json) printJson({ group: groupId, topic, moved: !values['dry-run'], partitions: moves })
    else
      print(
        table(
          ['PARTITION', 'FROM', 'TO'],
          moves.map((move) => [move.partition, move.from, move.to]),
        ),
      )
    return exitCodes.done
  },
})

type Destination = { kind: 'earliest' | 'latest' } | { kind: 'offset' | 'by' | 'time'; value: number }

function destination(text: string): Destination {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  if (/^[+-]\d+$/.test(text)) return { kind: 'by', value: Number(text) }
  if (/^\d+$/.test(text)) return { kind: 'offset', value: Number(text) }
  const timeMs = Date.parse(text)
  if (!Number.isNaN(timeMs)) return { kind: 'time', value: timeMs }
  throw new UsageError(`--to ${text} is not earliest, latest, an offset, +N, -N or a time`)
}

/** A group that does not exist yet can be given offsets too, as a classic one. */
async function kindWithoutMembers(cluster: Cluster, groupId: string): Promise<GroupKind> {
  const group = (await listed(cluster)).find(({ group: name }) => name === groupId)
  if (!group) return 'classic'
  const [facts] = await factsOf(cluster, [group])
  const members = facts?.members.length ?? 0
  if (members > 0)
    throw new CommandError(`${groupId} has ${members} member${members > 1 ? 's' : ''}: stop its consumers first, they would commit over it`)
  return group.kind
}

/** Where each partition would go, held within what exists. */
async function plan(admin: Admin, positions: readonly Position[], topic: string, where: Destination): Promise<Move[]> {
  const bounds = await topicOffsets(admin, topic)
  const now = new Map(positions.map(({ partition, offset }) => [partition, offset]))
  const byTime =
    where.kind === 'time'
      ? new Map((await admin.fetchTopicOffsetsByTimestamp(topic, where.value)).map((at) => [at.partition, Number(at.offset)]))
      : null
  return bounds.map((bound) => {
    const current = now.get(bound.partition) ?? -1
    const wanted = target(where, bound, current, byTime?.get(bound.partition))
    return { partition: bound.partition, from: current < 0 ? null : current, to: Math.min(bound.end, Math.max(bound.start, wanted)) }
  })
}

function target(where: Destination, { start, end }: PartitionOffsets, current: number, byTime: number | undefined): number {
  switch (where.kind) {
    case 'earliest':
      return start
    case 'latest':
      return end
    case 'offset':
      return where.value
    case 'by':
      return (current < 0 ? start : current) + where.value
    case 'time':
      // No record at or after it: the end, where the next one will be.
      return byTime === undefined || byTime < 0 ? end : byTime
  }
}
