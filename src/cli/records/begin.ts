// Where reading begins in each partition, and where it ends when it does not follow.
import type { Admin } from 'kafkajs'
import { CommandError, UsageError } from '../lib/command.ts'
import { missingTopics, topicOffsets } from '../topics/offsets.ts'

export type Beginning = { kind: 'earliest' | 'latest'; explicit: boolean } | { kind: 'offset' | 'last'; value: number; explicit: true }

/** One partition's part to read. */
export interface Stretch {
  partition: number
  from: number
  /** Exclusive. */
  end: number
}

/** What `--offset` says, or else the default. */
export function beginning(offset: string | undefined, fromStart: boolean): Beginning {
  if (offset === undefined) return { kind: fromStart ? 'earliest' : 'latest', explicit: false }
  if (offset === 'earliest' || offset === 'latest') return { kind: offset, explicit: true }
  if (/^-\d+$/.test(offset)) return { kind: 'last', value: Number(offset.slice(1)), explicit: true }
  if (/^\d+$/.test(offset)) return { kind: 'offset', value: Number(offset), explicit: true }
  throw new UsageError(`--offset ${offset} is not earliest, latest, an offset or -N`)
}

interface Asked {
  topic: string
  groupId: string
  begin: Beginning
  /** The user's own group: what it has committed counts, unless --offset was given. */
  named: boolean
}

/** Plans each partition. */
export async function stretches(admin: Admin, { topic, groupId, begin, named }: Asked): Promise<Stretch[]> {
  if ((await missingTopics(admin, [topic])).length > 0)
    throw new CommandError(`there is no topic ${topic}; twinlog topics list shows those that exist`)
  const bounds = await topicOffsets(admin, topic)
  const committed = new Map<number, number>()
  if (named && !begin.explicit) {
    const [of] = await admin.fetchOffsets({ groupId, topics: [topic] })
    for (const { partition, offset } of of?.partitions ?? []) if (Number(offset) >= 0) committed.set(partition, Number(offset))
  }
  return bounds.map(({ partition, start, end }) => {
    const from = committed.get(partition) ?? firstOffset(begin, start, end)
    return { partition, from: Math.min(Math.max(from, start), end), end }
  })
}

function firstOffset(begin: Beginning, start: number, end: number): number {
  switch (begin.kind) {
    case 'earliest':
      return start
    case 'latest':
      return end
    case 'offset':
      return begin.value
    case 'last':
      return end - begin.value
  }
}
