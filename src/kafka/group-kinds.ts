// What handlers of the kinds of group have in common: kinds that an administrator has turned off, ids that belong to a group of another kind, and what heartbeats
// of consumer and of streams groups have alike on the wire.
import { errorCode } from '../../protocol/error-code.ts'
import type { GroupError } from '../coordinators/group/events.ts'
import type { StreamsError } from '../coordinators/streams/events.ts'
import type { Engine } from '../engine/engine.ts'
import type { Client } from './connection.ts'
import { Refusal, type Services } from './context.ts'

export type GroupKind = 'classic' | 'consumer' | 'share' | 'streams'

/** What a kind of group needs of the cluster. */
const featureOf = { consumer: 'group.version', share: 'share.version', streams: 'streams.version' } as const

/**
 * Refuses the request with UNSUPPORTED_VERSION where its kind of group is off, by the setting or by the cluster's features. Classic groups cannot be turned off; share groups
 * do not go by the setting.
 */
export function requireProtocol({ settings, features }: Engine, protocol: 'consumer' | 'streams' | 'share'): void {
  const isOn = protocol === 'share' || settings.get('group.coordinator.rebalance.protocols').includes(protocol)
  if (!isOn || features.level(featureOf[protocol]) === 0) throw new Refusal(errorCode.UNSUPPORTED_VERSION)
}

/** Why there is no group of this kind, in Kafka's words: GROUP_ID_NOT_FOUND stands for both. */
export function noSuchGroup({ groups, shareGroups }: Pick<Services, 'groups' | 'shareGroups'>, groupId: string, kind: GroupKind): string {
  const isOther = groups.exists(groupId) || shareGroups.has(groupId)
  return isOther ? `Group ${groupId} is not a ${kind} group.` : `Group ${groupId} not found.`
}

/** Who sends a heartbeat. */
export const senderOf = (clientId: string | null, { host }: Client) => ({ clientId: clientId ?? '', clientHost: `/${host}` })

interface ToldByHeartbeat<Id extends string | null> {
  readonly error: GroupError | StreamsError
  readonly message: string | null
  readonly memberId: Id
  readonly epoch: number
  readonly heartbeatIntervalMs: number
}

/** The part of a heartbeat's answer that does not depend on what the group hands out. */
export const heartbeatAnswer = <Id extends string | null>({ error, message, memberId, epoch, heartbeatIntervalMs }: ToldByHeartbeat<Id>) => ({
  throttleTimeMs: 0,
  errorCode: errorCode[error],
  errorMessage: message,
  memberId,
  memberEpoch: epoch,
  heartbeatIntervalMs,
})
