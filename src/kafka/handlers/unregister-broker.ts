// UnregisterBroker (64), version 0. KIP-631: a broker that is gone for good is forgotten. No other broker was ever registered here.
//
// Where we differ from Apache Kafka 4.4: this broker cannot be unregistered while it runs; Kafka does so, and the broker registers again.

import { errorCode } from '../../../protocol/error-code.ts'
import { unregisterBroker } from '../../../protocol/messages/unregister-broker.ts'
import { handler } from '../context.ts'

export const handleUnregisterBroker = handler(unregisterBroker, ({ brokerId }, { engine, respond }) => {
  if (brokerId === engine.nodeId) {
    return respond({
      throttleTimeMs: 0,
      errorCode: errorCode.INVALID_REQUEST,
      errorMessage: `Broker ID ${brokerId} is this broker, which is running.`,
    })
  }
  const errorMessage = `Broker ID ${brokerId} is not currently registered`
  return respond({ throttleTimeMs: 0, errorCode: errorCode.BROKER_ID_NOT_REGISTERED, errorMessage })
})
