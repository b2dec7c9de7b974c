// The metadata quorum as its changes see it (KIP-853): one voter, this broker. What both voter requests look at first, and voters in Kafka's words.
import { errorCode } from '../../../protocol/error-code.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { Engine } from '../../engine/engine.ts'
import { Refusal } from '../context.ts'

/** The listener that controllers are reached at. */
export const controllerListener = 'CONTROLLER'

export interface Voter {
  readonly voterId: number
  readonly voterDirectoryId: string
}

export const voterText = ({ voterId, voterDirectoryId }: Voter): string => `ReplicaKey(id=${voterId}, directoryId=${voterDirectoryId})`

export const selfAsVoter = ({ nodeId, directoryId }: Engine): Voter => ({ voterId: nodeId, voterDirectoryId: directoryId })

/** Every voter there is, as Kafka prints them. */
export const votersText = (engine: Engine): string => `[${voterText(selfAsVoter(engine))}]`

/** Throws where the request is for another cluster, or names no voter. */
export function checkVoter(doing: 'Add' | 'Remove', { clusterId, ...voter }: Voter & { readonly clusterId: string | null }, engine: Engine): void {
  if (clusterId !== null && clusterId !== engine.clusterId) {
    const message = `The given id "${clusterId}" doesn't match the cluster id "${engine.clusterId}"`
    throw new Refusal(errorCode.INCONSISTENT_CLUSTER_ID, message)
  }
  if (voter.voterId < 0 || voter.voterDirectoryId === zeroUuid) {
    throw new Refusal(errorCode.INVALID_REQUEST, `${doing} voter request didn't include a valid voter`)
  }
}
