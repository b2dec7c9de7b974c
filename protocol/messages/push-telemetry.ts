// PushTelemetry (72): metrics of a client. KIP-714.
import { bool, bytes, defineApi, int8, int16, int32, struct, uuid } from '../schema.ts'

export const pushTelemetry = defineApi({
  key: 72,
  name: 'PushTelemetry',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
  }),
})
