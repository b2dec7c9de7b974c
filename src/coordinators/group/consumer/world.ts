// What a consumer group's decisions may look at beside the group: the broker's topics, the assignors that are on, the group's own configs.
import { type GroupMoment, sessionTimer } from '../effects.ts'
import type { GroupError } from '../events.ts'
import type { ConsumerMember } from './state.ts'
import type { TopicView } from './topics.ts'

/** `group.consumer.migration.policy`: which way a group may go while it has members. */
export type MigrationPolicy = 'bidirectional' | 'upgrade' | 'downgrade' | 'disabled'

export interface ConsumerWorld {
  readonly topics: TopicView
  /** Names of the assignors that may be asked for, the default first. */
  assignorNames(): readonly string[]
  migrationPolicy(): MigrationPolicy
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
/** The end of the time in which a classic member may join again after it was told to. */
export const rejoinTimerPrefix = 'rejoin/'
export const rejoinTimer = (memberId: string): string => `${rejoinTimerPrefix}${memberId}`
/** The end of the time in which a classic member may ask for its assignment after it has joined. */
export const fetchTimerPrefix = 'sync/'
export const fetchTimer = (memberId: string): string => `${fetchTimerPrefix}${memberId}`
/** Everything that may run for a member. */
export const timersOf = (memberId: string): string[] => [sessionTimer(memberId), revokeTimer(memberId), rejoinTimer(memberId), fetchTimer(memberId)]

type Timing = 'session.timeout.ms' | 'heartbeat.interval.ms' | 'assignment.interval.ms'

/** What is set on the group by itself, within the broker's bounds; else the broker's own. */
function timing(name: Timing, world: ConsumerWorld, groupId: string, { settings }: GroupMoment): number {
  const own = world.groupConfig(groupId, `consumer.${name}`)
  if (own === undefined) return settings.get(`group.consumer.${name}`)
  return Math.min(Math.max(Number(own), settings.get(`group.consumer.min.${name}`)), settings.get(`group.consumer.max.${name}`))
}

export const sessionTimeoutMs = (world: ConsumerWorld, groupId: string, moment: GroupMoment): number =>
  timing('session.timeout.ms', world, groupId, moment)

export const heartbeatIntervalMs = (world: ConsumerWorld, groupId: string, moment: GroupMoment): number =>
  timing('heartbeat.interval.ms', world, groupId, moment)

export const assignmentIntervalMs = (world: ConsumerWorld, groupId: string, moment: GroupMoment): number =>
  timing('assignment.interval.ms', world, groupId, moment)

/** The session timeout of one member: a classic one brings its own. */
export const sessionMsOf = (member: Pick<ConsumerMember, 'classic'>, world: ConsumerWorld, groupId: string, moment: GroupMoment): number =>
  member.classic?.sessionTimeoutMs ?? sessionTimeoutMs(world, groupId, moment)
