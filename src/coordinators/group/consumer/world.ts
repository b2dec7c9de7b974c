// What a consumer group's decisions may look at beside the group: the broker's topics, the assignors that are on, the group's own configs.
import type { GroupMoment } from '../effects.ts'
import type { GroupError } from '../events.ts'
import type { TopicView } from './topics.ts'

export interface ConsumerWorld {
  readonly topics: TopicView
  /** Names of the assignors that may be asked for, the default first. */
  assignorNames(): readonly string[]
  /** What is set on a group by itself (`consumer.session.timeout.ms` …); undefined where nothing is. */
  groupConfig(groupId: string, name: string): string | undefined
}

/** Why a request is refused, as Kafka words it: people read it in their clients' logs. */
export interface Fault {
  readonly error: GroupError
  readonly message: string
}

export const fault = (error: GroupError, message: string): Fault => ({ error, message })

/** The end of the time in which a member may let go of what it was told to. */
export const revokeTimerPrefix = 'revoke/'
export const revokeTimer = (memberId: string): string => `${revokeTimerPrefix}${memberId}`

export function sessionTimeoutMs(world: ConsumerWorld, groupId: string, { settings }: GroupMoment): number {
  return Number(world.groupConfig(groupId, 'consumer.session.timeout.ms') ?? settings.get('group.consumer.session.timeout.ms'))
}

export function heartbeatIntervalMs(world: ConsumerWorld, groupId: string, { settings }: GroupMoment): number {
  return Number(world.groupConfig(groupId, 'consumer.heartbeat.interval.ms') ?? settings.get('group.consumer.heartbeat.interval.ms'))
}
