// Who may touch the offsets of a streams group, and what requests meant for groups of other kinds are told of it. The offsets themselves are kept by group/groups.ts, for
// which such a group has no members.
import { type Answer, type CommitEvent, type FetchEvent, failures, type GroupError, type Verb, type Verbs } from '../group/events.ts'
import type { Asked } from '../group/groups.ts'
import type { StreamsBody, StreamsMember } from './state.ts'
import { taskKey } from './tasks.ts'

type Pass = (asked: Asked<Verb>) => Promise<Answer>

export class OffsetRules {
  readonly #nameOf: (topicId: string) => string | undefined

  constructor(nameOf: (topicId: string) => string | undefined) {
    this.#nameOf = nameOf
  }

  /** Null where the request may go its way. */
  answer(body: StreamsBody, groupId: string, asked: Asked<Verb>, pass: Pass): Promise<Answer> | null {
    switch (asked.verb) {
      case 'commit': {
        const event = asked as Asked<'commit'>
        const error = this.#checkCommit(body, event)
        if (error !== 'NONE') return refused(asked, error)
        const anonymous: Asked<'commit'> = { ...event, memberId: '', instanceId: null, generation: -1 }
        return pass(anonymous)
      }
      case 'fetch': {
        const error = checkFetch(body, asked as Asked<'fetch'>)
        return error === 'NONE' ? null : refused(asked, error)
      }
      case 'offset-delete':
        return this.#deleteOffsets(body, asked as Asked<'offset-delete'>, pass)
      case 'clean-up':
        // Nothing lapses while members may come back to it.
        return body.members.size > 0 ? Promise.resolve({ error: 'NONE' }) : null
      case 'join':
        return refused(asked, 'INCONSISTENT_GROUP_PROTOCOL')
      case 'sync':
      case 'heartbeat':
        return refused(asked, 'UNKNOWN_MEMBER_ID')
      case 'leave':
        return Promise.resolve({ error: 'NONE', members: (asked as Asked<'leave'>).members.map(() => 'UNKNOWN_MEMBER_ID' as const) })
      case 'describe': {
        const told = failures.describe(asked as Verbs['describe']['event'], 'GROUP_ID_NOT_FOUND')
        return Promise.resolve({ ...told, state: 'Dead', message: `Group ${groupId} is not a classic group.` })
      }
      case 'consumer-heartbeat':
      case 'consumer-describe': {
        const told = failures[asked.verb](asked as never, 'GROUP_ID_NOT_FOUND')
        return Promise.resolve({ ...told, message: `Group ${groupId} is not a consumer group.` })
      }
      default:
        return null
    }
  }

  #checkCommit(body: StreamsBody, event: Asked<'commit'>): GroupError {
    const { generation, memberId, instanceId, producerId, tellsUnknownGroup } = event
    if (generation < 0 && body.members.size === 0) return 'NONE'
    // A transactional producer may not say whose offsets these are; its epoch guards them.
    if (producerId !== null && generation < 0 && memberId === '' && instanceId === null) return 'NONE'
    const member = body.members.get(memberId)
    if (!member) return 'UNKNOWN_MEMBER_ID'
    // A member speaks the newer versions, in which the generation is its epoch.
    if (producerId === null && !tellsUnknownGroup) return 'UNSUPPORTED_VERSION'
    if (generation === member.epoch || (generation < member.epoch && this.#hadThen(body, member, event))) return 'NONE'
    return producerId === null ? 'STALE_MEMBER_EPOCH' : 'ILLEGAL_GENERATION'
  }

  /** Every partition belongs to a task that the member has had since that epoch or before: it is only late with the news of a later one (KIP-1251). */
  #hadThen({ topology }: StreamsBody, member: StreamsMember, { offsets, generation }: Pick<CommitEvent, 'offsets' | 'generation'>): boolean {
    const since = new Map(member.since)
    return offsets.every(({ topicId, partition }) => {
      const name = this.#nameOf(topicId)
      const reads = topology?.subtopologies.filter(
        ({ sourceTopics, repartitionSourceTopics }) =>
          name !== undefined && (sourceTopics.includes(name) || repartitionSourceTopics.some((topic) => topic.name === name)),
      )
      return reads?.some(({ subtopologyId }) => (since.get(taskKey(subtopologyId, partition)) ?? Number.POSITIVE_INFINITY) <= generation) ?? false
    })
  }

  #deleteOffsets(body: StreamsBody, asked: Asked<'offset-delete'>, pass: Pass): Promise<Answer> | null {
    if (body.members.size === 0) return null
    const read = new Set(
      body.topology?.subtopologies.flatMap(({ sourceTopics, repartitionSourceTopics }) => [
        ...sourceTopics,
        ...repartitionSourceTopics.map(({ name }) => name),
      ]),
    )
    const free = asked.partitions.filter(({ topicName }) => !read.has(topicName))
    if (free.length === asked.partitions.length) return null
    const passed: Asked<'offset-delete'> = { ...asked, partitions: free }
    return pass(passed).then((answer) => {
      const errors = [...(answer as Verbs['offset-delete']['answer']).partitions]
      const partitions = asked.partitions.map(
        ({ topicName }): GroupError => (read.has(topicName) ? 'GROUP_SUBSCRIBED_TO_TOPIC' : (errors.shift() ?? answer.error)),
      )
      return { error: 'NONE', partitions }
    })
  }
}

/** OffsetFetch 9 and later may say who asks. */
function checkFetch({ members }: StreamsBody, { member: asking }: Pick<FetchEvent, 'member'>): GroupError {
  if (!asking || (asking.epoch < 0 && (asking.id === null || asking.id === ''))) return 'NONE'
  const member = members.get(asking.id ?? '')
  if (!member) return 'UNKNOWN_MEMBER_ID'
  return asking.epoch === member.epoch ? 'NONE' : 'STALE_MEMBER_EPOCH'
}

function refused(asked: Asked<Verb>, error: GroupError): Promise<Answer> {
  return Promise.resolve(failures[asked.verb](asked as never, error))
}
