// UnregisterController (94), version 0. A controller that is gone for good is forgotten. This broker is the only controller there ever was.
//
// As Apache Kafka 4.4 on a single node, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { unregisterController } from '../../../protocol/messages/unregister-controller.ts'
import { handler } from '../context.ts'

export const handleUnregisterController = handler(unregisterController, ({ controllerId }, { engine, respond }) => {
  if (controllerId === engine.nodeId) {
    const errorMessage = 'Controller cannot unregister itself while it is active.'
    return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_REQUEST, errorMessage })
  }
  const errorMessage = `Controller ID ${controllerId} is not currently registered.`
  return respond({ throttleTimeMs: 0, errorCode: errorCode.CONTROLLER_ID_NOT_REGISTERED, errorMessage })
})
