// PushTelemetry (72), version 0. KIP-714: a client's metrics, as OpenTelemetry's protobuf, for /metrics. What comes too early, too large, packed in an unknown way or for
// another subscription is refused, so that the client asks again.
//
// As in Apache Kafka 4.4, but that no plugin is needed: see GetTelemetrySubscriptions.

import { errorCode } from '../../../protocol/error-code.ts'
import { pushTelemetry } from '../../../protocol/messages/push-telemetry.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import { decompress } from '../../../protocol/records/compression.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import type { ClientPoint } from '../../client-series.ts'
import { type Context, handler, Refusal } from '../context.ts'
import { type ClientInstance, clientFacts, telemetryCodecs } from '../telemetry/client-telemetry.ts'
import { decodeOtlp } from '../telemetry/otlp.ts'

type Request = RequestOf<typeof pushTelemetry>

/** A push may grow this much when it is opened. */
const growthMax = 10
/** A client that misses this many pushes is taken for gone. */
const pushesMissedMax = 3

export const handlePushTelemetry = handler(
  pushTelemetry,
  async (request, context) => {
    const { telemetry, counters, clock, clientId, client, respond } = context
    if (request.clientInstanceId === zeroUuid) throw new Refusal(errorCode.INVALID_REQUEST, 'A push needs the client instance id.')
    const instance = await telemetry.instance(clientFacts(request.clientInstanceId, clientId, client))
    checkPush(request, instance, context)
    if (request.terminating) instance.terminating = true
    if (request.metrics.length > 0) {
      const nowMs = clock.now()
      const labels = { clientId: clientId ?? '', clientInstanceId: instance.id }
      counters.clientSeries.push(labels, pointsOf(request, context), nowMs, nowMs + pushesMissedMax * instance.subscription.pushIntervalMs)
    }
    if (request.terminating) counters.clientSeries.end(instance.id)
    return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE })
  },
  { toldWith: 'telemetry.enable' },
)

function checkPush(request: Request, instance: ClientInstance, { telemetry, settings }: Context<typeof pushTelemetry>): void {
  if (instance.terminating) throw new Refusal(errorCode.INVALID_REQUEST, 'The client has pushed for the last time.')
  if (!telemetry.mayPush(instance) && !request.terminating) {
    throw new Refusal(errorCode.THROTTLING_QUOTA_EXCEEDED, 'The client pushed before its push interval had passed.')
  }
  const again = (code: number, message: string): Refusal => {
    instance.mayAskAgain = true
    return new Refusal(code, message)
  }
  if (request.subscriptionId !== instance.subscription.id) throw again(errorCode.UNKNOWN_SUBSCRIPTION_ID, 'The subscription is not current.')
  if (request.compressionType !== 0 && !telemetryCodecs.includes(request.compressionType)) {
    throw again(errorCode.UNSUPPORTED_COMPRESSION_TYPE, `Compression ${request.compressionType} is not known.`)
  }
  if (request.metrics.length > settings.get('telemetry.max.bytes')) throw new Refusal(errorCode.TELEMETRY_TOO_LARGE, 'The push is too large.')
}

function pointsOf({ compressionType, metrics }: Request, { settings }: Context<typeof pushTelemetry>): ClientPoint[] {
  try {
    return decodeOtlp(compressionType === 0 ? metrics : decompress(compressionType, metrics, settings.get('telemetry.max.bytes') * growthMax))
  } catch (error) {
    throw new Refusal(errorCode.INVALID_RECORD, `The metrics cannot be read: ${(error as Error).message}`)
  }
}
