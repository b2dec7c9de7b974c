// ApiVersions (18), versions 0-5. v1: throttle time. v3: flexible, and the client says what it is (KIP-511); the answer's header stays that of v0. v4: features may
// start at 0. v5: the client names the cluster and node that it means to reach (KIP-1242). A version above is answered by dispatch.ts, in v0 with error 35.
//
// The list is computed from handlers/index.ts: what is listed is served. Features are named only when the APIs behind them are served (features.ts).
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { apiVersions } from '../../../protocol/messages/api-versions.ts'
import { handler } from '../context.ts'
import { featuresOf } from '../features.ts'

/** KIP-511. */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

const anyNode = -1

export const handleApiVersions = handler(apiVersions, (request, { version, served, client, engine, respond }) => {
  const apiKeys = served.map(({ key, min, max }) => ({ apiKey: key, minVersion: min, maxVersion: max }))
  const code = fault()
  if (code === errorCode.NONE && version >= 3) client.software = { name: request.clientSoftwareName, version: request.clientSoftwareVersion }
  // As Kafka: only the refusal of a version carries the list.
  if (code !== errorCode.NONE) return respond({ errorCode: code, apiKeys: [], throttleTimeMs: 0 })
  const features = featuresOf(new Set(served.map(({ key }) => key)))
  return respond({
    errorCode: code,
    apiKeys,
    throttleTimeMs: 0,
    // Before v4 a feature could not start at 0.
    supportedFeatures: features
      .filter(({ min }) => version >= 4 || min > 0)
      .map(({ name, level, min }) => ({ name, minVersion: min, maxVersion: level })),
    finalizedFeaturesEpoch: features.length > 0 ? 1 : -1,
    finalizedFeatures: features.map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
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
