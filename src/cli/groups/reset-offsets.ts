// `twinlog groups reset-offsets`: where a group without members will read next.
import type { Admin } from 'kafkajs'
import { CommandError, defineCommand, exitCodes, UsageError, wholeNumber } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { missingTopics, type PartitionOffsets, topicOffsets } from '../topics/offsets.ts'
import { commitForGroup } from './commit.ts'

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
    const moves = await withAdmin(values.bootstrap, async (admin, kafka) => {
      if ((await missingTopics(admin, [topic])).length > 0) throw new CommandError(`there is no topic ${topic}`)
      const { groups } = await admin.describeGroups([groupId])
      const members = groups[0]?.members.length ?? 0
      if (members > 0)
        throw new CommandError(`${groupId} has ${members} member${members > 1 ? 's' : ''}: stop its consumers first, they would commit over it`)
      const planned = (await plan(admin, groupId, topic, where)).filter(({ partition }) => only === undefined || partition === only)
      if (planned.length === 0) throw new CommandError(`${topic} has no partition ${only}`)
      if (!values['dry-run']) {
        await commitForGroup(kafka, groupId, topic, new Map(planned.map(({ partition, to: offset }) => [partition, offset])))
      }
      return planned
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

/** Where each partition would go, held within what exists. */
async function plan(admin: Admin, groupId: string, topic: string, where: Destination): Promise<Move[]> {
  const bounds = await topicOffsets(admin, topic)
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const now = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
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
