// Group protocols that an administrator has turned off (group.coordinator.rebalance.protocols). Asked before anything else of a request is looked at, as Kafka does.
import { errorCode } from '../../protocol/error-code.ts'
import type { Settings } from '../config.ts'
import { Refusal } from './context.ts'

/** Refuses the request with UNSUPPORTED_VERSION where its kind of group is off. Classic groups cannot be turned off; share groups do not go by the setting. */
export function requireProtocol(settings: Settings, protocol: 'consumer' | 'streams'): void {
  if (!settings.get('group.coordinator.rebalance.protocols').includes(protocol)) throw new Refusal(errorCode.UNSUPPORTED_VERSION)
}
