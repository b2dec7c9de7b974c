// ApiVersions (18), versions 0-5. v1: throttle time. v3: flexible, and the client says what it is (KIP-511); the answer's header stays that of v0. v4: features may
// start at 0. v5: the client names the cluster and node that it means to reach (KIP-1242). A version above is answered by dispatch.ts, in v0 with error 35.
//
// The list is computed from handlers/index.ts: what is listed is served.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { apiVersions } from '../../../protocol/messages/api-versions.ts'
import { featureNames, features } from '../../engine/features.ts'
import { handler } from '../context.ts'

/** KIP-511. */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

const anyNode = -1

export const handleApiVersions = handler(apiVersions, (request, { version, served, client, engine, respond }) => {
  const apiKeys = served.map(({ key, min, max }) => ({ apiKey: key, minVersion: min, maxVersion: max }))
  const code = fault()
  if (code === errorCode.NONE && version >= 3) client.software = { name: request.clientSoftwareName, version: request.clientSoftwareVersion }
  // As Kafka: only the refusal of a version carries the list.
  if (code !== errorCode.NONE) return respond({ errorCode: code, apiKeys: [], throttleTimeMs: 0 })
  const finalized = featureNames.map((name) => ({ name, level: engine.features.level(name) })).filter(({ level }) => level > 0)
  return respond({
    errorCode: code,
    apiKeys,
    throttleTimeMs: 0,
    // Before v4 a feature could not start at 0.
    supportedFeatures: featureNames
      .map((name) => ({ name, minVersion: features[name].min, maxVersion: features[name].max }))
      .filter(({ minVersion }) => version >= 4 || minVersion > 0),
    finalizedFeaturesEpoch: engine.features.epoch,
    finalizedFeatures: finalized.map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
  })

  function fault(): number {
    if (version >= 3 && !(softwareName.test(request.clientSoftwareName) && softwareName.test(request.clientSoftwareVersion)))
      return errorCode.INVALID_REQUEST
    const { clusterId, nodeId } = request
    if (clusterId === null && nodeId === anyNode) return errorCode.NONE
    // Whoever names one names both.
    if (clusterId === null || nodeId === anyNode) return errorCode.INVALID_REQUEST
    // The client took us for another broker: its address now belongs to us.
    return clusterId !== engine.clusterId || nodeId !== engine.nodeId ? errorCode.REBOOTSTRAP_REQUIRED : errorCode.NONE
  }
})
