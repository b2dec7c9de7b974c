// RemoveRaftVoter (81), version 0. KIP-853. The metadata quorum is this broker and stays so: the last voter cannot be removed, and there is no other.
//
// As Apache Kafka 4.4 on a single node, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { removeRaftVoter } from '../../../protocol/messages/remove-raft-voter.ts'
import { checkVoter, votersText, voterText } from '../admin/raft-voters.ts'
import { handler, Refusal } from '../context.ts'

export const handleRemoveRaftVoter = handler(removeRaftVoter, (request, { engine }) => {
  checkVoter('Remove', request, engine)
  const message = `Cannot remove voter ${voterText(request)} from the set of voters ${votersText(engine)}`
  throw new Refusal(errorCode.VOTER_NOT_FOUND, message)
})
