// GetTelemetrySubscriptions (71), version 0. KIP-714: a client asks which of its metrics to push, how often, and gets its id with the first answer.
//
// As in Apache Kafka 4.4 clients are told of it only where metrics are received, which takes a plugin there and telemetry.enable=true here; who asks all the same is answered.

import { errorCode } from '../../../protocol/error-code.ts'
import { getTelemetrySubscriptions } from '../../../protocol/messages/get-telemetry-subscriptions.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import { handler, Refusal } from '../context.ts'
import { clientFacts, telemetryCodecs } from '../telemetry/client-telemetry.ts'

export const handleGetTelemetrySubscriptions = handler(
  getTelemetrySubscriptions,
  async (request, context) => {
    const { telemetry, settings, clientId, client, respond } = context
    const id = request.clientInstanceId === zeroUuid ? telemetry.newInstanceId() : request.clientInstanceId
    const instance = await telemetry.instance(clientFacts(id, clientId, client))
    if (!telemetry.mayGet(instance)) {
      throw new Refusal(errorCode.THROTTLING_QUOTA_EXCEEDED, 'The client asked again before its push interval had passed.')
    }
    return respond({
      throttleTimeMs: 0,
      errorCode: errorCode.NONE,
      clientInstanceId: id,
      subscriptionId: instance.subscription.id,
      acceptedCompressionTypes: telemetryCodecs,
      pushIntervalMs: instance.subscription.pushIntervalMs,
      telemetryMaxBytes: settings.get('telemetry.max.bytes'),
      deltaTemporality: true,
      requestedMetrics: instance.subscription.metrics,
    })
  },
  { toldWith: 'telemetry.enable' },
)
