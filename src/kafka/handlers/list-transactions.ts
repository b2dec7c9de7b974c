// ListTransactions (66), versions 0-2. v1: by age. v2: by a pattern of the transactional id, in RE2 syntax.
//
// As Apache Kafka 4.4, also in that an age filter lets every id pass that has had no transaction since its producer began.

import { errorCode } from '../../../protocol/error-code.ts'
import { listTransactions } from '../../../protocol/messages/list-transactions.ts'
import { compileRegex, loadRegexes, type Matcher } from '../../coordinators/group/consumer/regex.ts'
import { handler } from '../context.ts'

/** Every state that Kafka knows, also those that do not occur here: asking for one is no mistake. */
const states = new Set(['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort', 'PrepareEpochFence', 'Dead'])

export const handleListTransactions = handler(listTransactions, async (request, { transactions, clock, respond }) => {
  const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request
  const matches = await matcherOf(transactionalIdPattern)
  if (!matches) return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_REGULAR_EXPRESSION, unknownStateFilters: [], transactionStates: [] })
  await transactions.ready
  const nowMs = clock.now()
  const wanted = transactions
    .list()
    .filter(
      ({ transactionalId, state, producerId, startedMs }) =>
        (stateFilters.length === 0 || stateFilters.includes(state)) &&
        (producerIdFilters.length === 0 || producerIdFilters.includes(producerId)) &&
        (durationFilter <= 0 || nowMs - startedMs > durationFilter) &&
        matches(transactionalId),
    )
  return respond({
    throttleTimeMs: 0,
    errorCode: errorCode.NONE,
    unknownStateFilters: stateFilters.filter((state) => !states.has(state)),
    transactionStates: wanted.map(({ transactionalId, producerId, state }) => ({ transactionalId, producerId, transactionState: state })),
  })
})

async function matcherOf(pattern: string | null): Promise<Matcher | null> {
  if (pattern === null || pattern === '') return () => true
  await loadRegexes()
  return compileRegex(pattern).matches
}
