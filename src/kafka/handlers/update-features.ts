// UpdateFeatures (57), versions 0-2. v1: kind of upgrade, validateOnly. v2: one error for all. KIP-584, KIP-1022.
// All levels are changed, or none. Without group.version, streams.version or share.version requests of such groups get UNSUPPORTED_VERSION; with share.version 1 nothing is
// kept of what a share group gives up; transaction.version is what clients go by, each request says which one it means.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { updateFeatures } from '../../../protocol/messages/update-features.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import type { Engine } from '../../engine/engine.ts'
import { type FeatureName, features, isFeature } from '../../engine/features.ts'
import { handler } from '../context.ts'

type Update = RequestOf<typeof updateFeatures>['featureUpdates'][number]

const upgrade = 1
const unsafeDowngrade = 3

export const handleUpdateFeatures = handler(updateFeatures, async ({ featureUpdates, validateOnly }, { engine, respond }) => {
  const levels = new Map<FeatureName, number>()
  for (const update of featureUpdates) {
    const { feature, maxVersionLevel } = update
    const fault = faultOf(update, engine)
    if (fault !== null) {
      const errorMessage = `The update failed for all features since the following feature had an error: ${fault}`
      return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_UPDATE_VERSION, errorMessage, results: [] })
    }
    if (isFeature(feature) && engine.features.level(feature) !== maxVersionLevel) levels.set(feature, maxVersionLevel)
  }
  if (!validateOnly && levels.size > 0) await engine.features.set(levels)
  const results = featureUpdates.map(({ feature }) => ({ feature, errorCode: errorCode.NONE, errorMessage: 'NONE' }))
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, errorMessage: null, results })
})

/** In Kafka's order and words. */
function faultOf({ feature, maxVersionLevel: wanted, upgradeType }: Update, engine: Engine): string | null {
  const invalid = (reason: string): string => `Invalid update version ${wanted} for feature ${feature}. ${reason}`
  if (wanted < 0) return invalid('A feature version cannot be less than 0.')
  if (upgradeType < upgrade || upgradeType > unsafeDowngrade) return invalid('The controller does not support the given upgrade type.')
  if (!isFeature(feature)) {
    return invalid(wanted === 0 ? `Feature ${feature} not found.` : `Local controller ${engine.nodeId} does not support this feature.`)
  }
  const { min, max } = features[feature]
  if (wanted < min || wanted > max) return invalid(`Local controller ${engine.nodeId} only supports versions ${min}-${max}`)
  const level = engine.features.level(feature)
  if (wanted > level && upgradeType !== upgrade) return invalid("Can't downgrade to a newer version.")
  if (wanted >= level) return null
  if (upgradeType === upgrade) {
    return invalid("Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.")
  }
  if (feature === 'kraft.version') return invalid("Can't downgrade the version of this feature.")
  if (feature !== 'metadata.version') return null
  const reason =
    upgradeType === unsafeDowngrade
      ? 'Unsafe metadata downgrade is not supported in this version.'
      : 'Refusing to perform the requested downgrade because it might delete metadata information.'
  return `Unsupported metadata.version downgrade from ${level} to ${wanted}. ${reason}`
}
