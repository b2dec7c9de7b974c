// How a classic group shows itself to administrators: DescribeGroups and ListGroups in Kafka's words.
import { type DescribeAnswer, noBytes } from '../events.ts'
import { metadataOf } from './protocols.ts'
import type { ClassicGroup, Phase } from './state.ts'

/** Kafka's names of the states. */
export const phaseNames: { readonly [P in Phase]: string } = {
  empty: 'Empty',
  'preparing-rebalance': 'PreparingRebalance',
  'completing-rebalance': 'CompletingRebalance',
  stable: 'Stable',
}

/** Protocol and metadata are told of a stable group only: before that they may still change. */
export function describeClassic(group: ClassicGroup): DescribeAnswer {
  const stable = group.phase === 'stable'
  return {
    error: 'NONE',
    state: phaseNames[group.phase],
    protocolType: group.protocolType ?? '',
    protocolName: (stable && group.protocolName) || '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: stable ? metadataOf(member, group.protocolName) : noBytes,
      assignment: member.assignment,
    })),
  }
}
