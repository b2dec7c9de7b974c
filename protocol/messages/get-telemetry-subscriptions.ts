// GetTelemetrySubscriptions (71): which metrics a client should push. KIP-714.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct, uuid } from '../schema.ts'

export const getTelemetrySubscriptions = defineApi({
  key: 71,
  name: 'GetTelemetrySubscriptions',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    clientInstanceId: uuid(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: arrayOf(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: arrayOf(string()),
  }),
})
