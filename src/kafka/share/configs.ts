// The configs that act on one share group: its own (resource GROUP), else the broker's group.share.* settings.
import type { Settings } from '../../config.ts'
import type { ShareGroupConfigs } from '../../coordinators/share/share-groups.ts'
import type { Engine } from '../../engine/engine.ts'
import { type GroupConfigName, groupConfig } from '../admin/group-configs.ts'

/** The level of share.version that brought dead letters (KIP-1191). */
const deadLettersSince = 2

const textOf = (engine: Engine, settings: Settings, groupId: string, name: GroupConfigName): string =>
  groupConfig(name, engine.configs.get('group', groupId), settings)

/** What members and record states of a group go by. */
export function shareGroupConfigs(engine: Engine, settings: Settings, groupId: string): ShareGroupConfigs {
  const own = engine.configs.get('group', groupId)
  const number = (name: GroupConfigName): number => Number(groupConfig(name, own, settings))
  return {
    sessionMs: number('share.session.timeout.ms'),
    sizeMax: settings.get('group.share.max.size'),
    assignmentIntervalMs: number('share.assignment.interval.ms'),
    lockMs: number('share.record.lock.duration.ms'),
    deliveryCountLimit: number('share.delivery.count.limit'),
    inFlightMax: number('share.partition.max.record.locks'),
    mayRenew: groupConfig('share.renew.acknowledge.enable', own, settings) === 'true',
    givenUp: shareDeadLetters(engine, settings, groupId).topicName === '' ? 'archived' : 'spent',
  }
}

/** The topic that takes what the group gives up, empty for none; and whether records are copied there, or only told of. */
export function shareDeadLetters(engine: Engine, settings: Settings, groupId: string): { readonly topicName: string; readonly copies: boolean } {
  const isOn = engine.features.level('share.version') >= deadLettersSince
  const topicName = isOn ? textOf(engine, settings, groupId, 'errors.deadletterqueue.topic.name').trim() : ''
  return { topicName, copies: textOf(engine, settings, groupId, 'errors.deadletterqueue.copy.record.enable') === 'true' }
}

export const shareHeartbeatMs = (engine: Engine, settings: Settings, groupId: string): number =>
  Number(textOf(engine, settings, groupId, 'share.heartbeat.interval.ms'))

export const shareLockMs = (engine: Engine, settings: Settings, groupId: string): number =>
  Number(textOf(engine, settings, groupId, 'share.record.lock.duration.ms'))

/** Do members see committed records only? */
export const shareReadsCommitted = (engine: Engine, settings: Settings, groupId: string): boolean =>
  textOf(engine, settings, groupId, 'share.isolation.level').toLowerCase() === 'read_committed'

/** Where a group begins on a partition that is new to it: an end of the log, or so many milliseconds back. */
export function shareOffsetReset(engine: Engine, settings: Settings, groupId: string): 'earliest' | 'latest' | { readonly backMs: number } {
  const text = textOf(engine, settings, groupId, 'share.auto.offset.reset').trim()
  const name = text.toLowerCase()
  if (name === 'earliest' || name === 'latest') return name
  return { backMs: durationMs(text.slice(text.indexOf(':') + 1)) }
}

/** An ISO 8601 duration of days and less, as java.time reads it; the config's own check has seen it. */
function durationMs(text: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text) ?? []
  return Math.round((((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000)
}
