// The effects of groups, and what a group's decision may look at. Shared by every kind of group.
import type { Effect } from '../effect.ts'
import type { Moment } from '../runtime.ts'
import type { Answer } from './events.ts'
import type { StoredRecord, VolatileRecord } from './records.ts'

export type GroupEffect = Effect<StoredRecord, VolatileRecord, Answer>

/** The settings that groups read, each time anew: they may change while the broker runs. */
export type GroupSetting =
  | 'group.initial.rebalance.delay.ms'
  | 'group.min.session.timeout.ms'
  | 'group.max.session.timeout.ms'
  | 'group.max.size'
  | 'group.consumer.max.size'
  | 'group.consumer.session.timeout.ms'
  | 'group.consumer.min.session.timeout.ms'
  | 'group.consumer.max.session.timeout.ms'
  | 'group.consumer.heartbeat.interval.ms'
  | 'group.consumer.min.heartbeat.interval.ms'
  | 'group.consumer.max.heartbeat.interval.ms'
  | 'group.consumer.assignment.interval.ms'
  | 'group.consumer.min.assignment.interval.ms'
  | 'group.consumer.max.assignment.interval.ms'
  | 'offset.metadata.max.bytes'
  | 'offsets.retention.minutes'
  | 'offsets.retention.check.interval.ms'

export interface GroupSettings {
  get(name: GroupSetting): number
}

export interface GroupMoment extends Moment {
  readonly settings: GroupSettings
}

export const sessionTimer = (memberId: string): string => `session/${memberId}`
/** The end of a rebalance that some members have not joined. */
export const joinTimer = 'join'
/** The end of the first rebalance's wait for more members. */
export const delayTimer = 'delay'
/** When members that have not asked for their assignment are given up. */
export const syncTimer = 'sync'
