// UpdateFeatures (57), versions 0-2. v1: kind of upgrade, validateOnly. v2: one error for all. KIP-584, KIP-1022.
// A feature has the one level that this version of the broker gives it: naming that is fine, any other is refused, and then nothing is changed at all.
//
// Where we differ from Apache Kafka 4.4: there levels can be lowered, here each feature has one.

import { errorCode } from '../../../protocol/error-code.ts'
import { updateFeatures } from '../../../protocol/messages/update-features.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import { handler } from '../context.ts'
import { type Feature, featuresOf } from '../features.ts'

type Update = RequestOf<typeof updateFeatures>['featureUpdates'][number]

/** Upgrade (1), safe downgrade (2), unsafe downgrade (3). */
const upgradeTypeMax = 3

export const handleUpdateFeatures = handler(updateFeatures, ({ featureUpdates }, { served, engine, respond }) => {
  const features = featuresOf(new Set(served.map(({ key }) => key)))
  for (const update of featureUpdates) {
    const fault = faultOf(update, features, engine.nodeId)
    if (fault === null) continue
    const reason = `Invalid update version ${update.maxVersionLevel} for feature ${update.feature}. ${fault}`
    const errorMessage = `The update failed for all features since the following feature had an error: ${reason}`
    return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_UPDATE_VERSION, errorMessage, results: [] })
  }
  const results = featureUpdates.map(({ feature }) => ({ feature, errorCode: errorCode.NONE, errorMessage: 'NONE' }))
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, errorMessage: null, results })
})

function faultOf({ feature, maxVersionLevel, upgradeType }: Update, features: readonly Feature[], nodeId: number): string | null {
  if (maxVersionLevel < 0) return 'A feature version cannot be less than 0.'
  if (upgradeType < 1 || upgradeType > upgradeTypeMax) return 'The controller does not support the given upgrade type.'
  const known = features.find(({ name }) => name === feature)
  if (!known) return `Local controller ${nodeId} does not support this feature.`
  return known.level === maxVersionLevel ? null : `Local controller ${nodeId} only supports versions ${known.level}-${known.level}`
}
