// DescribeCluster (60), versions 0-2. v1: endpoint type (KIP-919). v2: fenced brokers. This broker is the cluster, and its own controller.
//
// Where we differ from Apache Kafka 4.4: a broker cannot be fenced here, so isFenced is always false.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeCluster } from '../../../protocol/messages/describe-cluster.ts'
import { allClusterOperations, notAsked } from '../authorized-operations.ts'
import { handler } from '../context.ts'

/** The only kind of endpoint that a broker's listener has. */
const brokers = 1
const controllers = 2

export const handleDescribeCluster = handler(describeCluster, (request, { version, engine, settings, advertised, respond }) => {
  const { endpointType, includeClusterAuthorizedOperations } = request
  if (version >= 1 && endpointType !== brokers) {
    const [code, message] =
      endpointType === controllers
        ? [errorCode.MISMATCHED_ENDPOINT_TYPE, 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER']
        : [errorCode.UNSUPPORTED_ENDPOINT_TYPE, `Unsupported endpoint type ${endpointType}`]
    return respond({ throttleTimeMs: 0, errorCode: code, errorMessage: message, clusterId: '', brokers: [] })
  }
  return respond({
    throttleTimeMs: 0,
    errorCode: errorCode.NONE,
    errorMessage: null,
    endpointType: brokers,
    clusterId: engine.clusterId,
    controllerId: engine.nodeId,
    brokers: [{ brokerId: engine.nodeId, ...advertised(), rack: settings.get('broker.rack'), isFenced: false }],
    clusterAuthorizedOperations: includeClusterAuthorizedOperations ? allClusterOperations : notAsked,
  })
})
