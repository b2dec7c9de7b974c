// ListTransactions (66), versions 0-2. v1: by age. v2: by a pattern of the transactional id.
//
// Differs from Apache Kafka 4.4: the pattern is JavaScript's dialect of regular expressions, held to a length so that it cannot take long; Kafka's is RE2.

import { errorCode } from '../../../protocol/error-code.ts'
import { listTransactions } from '../../../protocol/messages/list-transactions.ts'
import { handler } from '../context.ts'

/** Every state that Kafka knows, also those that do not occur here: asking for one is no mistake. */
const states = new Set(['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort', 'PrepareEpochFence', 'Dead'])

export const handleListTransactions = handler(listTransactions, async (request, { transactions, clock, respond }) => {
  const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request
  const matches = matcherOf(transactionalIdPattern)
  if (!matches) return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_REGULAR_EXPRESSION, unknownStateFilters: [], transactionStates: [] })
  await transactions.ready
  const nowMs = clock.now()
  const wanted = transactions
    .list()
    .filter(
      ({ transactionalId, state, producerId, startedMs }) =>
        (stateFilters.length === 0 || stateFilters.includes(state)) &&
        (producerIdFilters.length === 0 || producerIdFilters.includes(producerId)) &&
        (durationFilter < 0 || (startedMs >= 0 && nowMs - startedMs > durationFilter)) &&
        matches(transactionalId),
    )
  return respond({
    throttleTimeMs: 0,
    errorCode: errorCode.NONE,
    unknownStateFilters: stateFilters.filter((state) => !states.has(state)),
    transactionStates: wanted.map(({ transactionalId, producerId, state }) => ({ transactionalId, producerId, transactionState: state })),
  })
})

const patternCharsMax = 200
const repeatsMax = 3

/** Only what cannot backtrack: literals, classes, dots and simple repeats of single characters. Null for anything else. */
function matcherOf(pattern: string | null): ((id: string) => boolean) | null {
  if (pattern === null || pattern === '') return () => true
  if (!/^\^?(?:(?:\\[.\\\-_*+?^$(){}[\]|]|\[[\w.\-^]+\]|[\w.\-:/@ ])[*+?]?)*\$?$/.test(pattern) || pattern.length > patternCharsMax) return null
  // Each repeat may be tried at every place: a few of them on an id of a few hundred characters stay cheap.
  if ((pattern.match(/[*+?]/g) ?? []).length > repeatsMax) return null
  try {
    const expression = new RegExp(`^(?:${pattern})$`)
    return (id) => expression.test(id)
  } catch {
    return null
  }
}
