// AddRaftVoter (80), versions 0-1. v1: whether to wait for the commit. KIP-853. The metadata quorum is this broker and stays so: another controller would be asked for its log,
// and there is none that could be.
//
// Where we differ from Apache Kafka 4.4: nobody is asked. A voter that could be added is told to be out of reach, as one is there that does not answer.

import { errorCode } from '../../../protocol/error-code.ts'
import { addRaftVoter } from '../../../protocol/messages/add-raft-voter.ts'
import { checkVoter, controllerListener, votersText, voterText } from '../admin/raft-voters.ts'
import { handler, Refusal } from '../context.ts'

export const handleAddRaftVoter = handler(addRaftVoter, (request, { engine }) => {
  const { listeners, voterId } = request
  checkVoter('Add', request, engine)
  if (!listeners.some(({ name }) => name.toUpperCase() === controllerListener)) {
    const named = listeners.map(({ name, host, port }) => `ListenerName(${name})=${host}/<unresolved>:${port}`).join(', ')
    const wanted = `the endpoint (Endpoints(endpoints={${named}})) for the default listener ListenerName(${controllerListener})`
    throw new Refusal(errorCode.INVALID_REQUEST, `Add voter request didn't include ${wanted}`)
  }
  const voter = voterText(request)
  if (voterId === engine.nodeId) {
    throw new Refusal(errorCode.DUPLICATE_VOTER, `The voter id for ${voter} is already part of the set of voters ${votersText(engine)}.`)
  }
  throw new Refusal(errorCode.REQUEST_TIMED_OUT, `New voter ${voter} is not ready to receive requests`)
})
